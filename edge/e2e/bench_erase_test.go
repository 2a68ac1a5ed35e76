//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"sort"
	"testing"
	"time"
)

// BenchmarkErase erases what 100,000 entries hold, of 200 bytes each: the document, a user who
// wrote all of it, and a comment with 1,000 replies. One iteration is one erasure of each.
//
// What is reported is the time to the answer, how long the document answered nobody meanwhile (by
// a question that is asked over and over), and the rows that the receipt names. Once on a
// platform that keeps a history of its own, as Cloudflare does, and once on a server of one's
// own, where what was erased is overwritten in the file before the answer.
func BenchmarkErase(b *testing.B) {
	for _, on := range []struct {
		name string
		vars map[string]string
	}{{"platform", map[string]string{"PLAYED_RECOVERY": "1"}}, {"own-server", nil}} {
		b.Run(on.name, func(b *testing.B) {
			s := start(b, on.vars)
			for _, what := range []string{"document", "user", "comment"} {
				b.Run(what, func(b *testing.B) { s.erases(b, what) })
			}
		})
	}
}

const erasedEntries = 100_000

func (s *server) erases(b *testing.B, what string) {
	var answered, blocked []float64
	rows := 0
	for i := range b.N {
		id := fmt.Sprintf("erase-%s-%d-%d", what, b.N, i)
		user := "usr_" + id
		s.must("PUT", "/v1/admin/documents/"+id, `{"workspace_id":"ws_demo","title":"Benchmark"}`)
		s.must("PUT", "/v1/admin/documents/"+id+"/members/"+user, `{"role":"edit"}`)
		s.filled(id, user)
		call := map[string][2]string{
			"document": {"/v1/admin/documents/" + id, `{}`},
			"user":     {"/v1/admin/users/" + user, `{"comments":"erase"}`},
			"comment":  {"/v1/admin/documents/" + id + "/comments/2", `{}`},
		}[what]
		s.must("GET", "/v1/admin/documents/"+id+"/presence", "") // it wakes
		done, longest := make(chan struct{}), make(chan time.Duration)
		began := time.Now()
		go func() {
			last, most := began, time.Duration(0)
			for {
				s.admin("GET", "/v1/admin/documents/"+id+"/presence", "")
				now := time.Now()
				most, last = max(most, now.Sub(last)), now
				select {
				case <-done:
					longest <- most
					return
				default:
				}
			}
		}()
		began = time.Now()
		answer := s.must("DELETE", call[0], call[1])
		answered = append(answered, float64(time.Since(began).Microseconds())/1000)
		close(done)
		blocked = append(blocked, float64((<-longest).Microseconds())/1000)
		rows = namedRows(answer)
		s.admin("DELETE", "/v1/admin/documents/"+id, "{}")
	}
	sort.Float64s(answered)
	sort.Float64s(blocked)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quantile(answered, 0.5), "answer-p50-ms")
	b.ReportMetric(quantile(blocked, 0.5), "blocked-p50-ms")
	b.ReportMetric(slices.Max(blocked), "blocked-max-ms")
	b.ReportMetric(float64(rows), "rows")
}

// filled makes a document of so many entries, of one user: the second is a comment, and every
// hundredth a reply. They are put into its table, which takes no time.
func (s *server) filled(id, user string) {
	s.T.Helper()
	token := newForger().token(func(_, c map[string]any) { c["user_id"], c["jti"] = user, id })
	c := s.connect(dialling{document: id, clientID: "c", token: token})
	c.op("m1", 1)
	c.comment("create", "m2", `{"body":"canary"}`)
	c.send(`{"type":"system","event":"disconnect"}`)
	c.expectClose()
	s.Evict("Document", id)
	for _, query := range []string{
		`WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < ` + fmt.Sprint(erasedEntries) + `) ` +
			`INSERT INTO ops (version, user_id, client_id, message_id, op, at, kind, comment, total, term) ` +
			`SELECT i, '` + user + `', 'c', 'm' || i, CAST(iif(i % 100, '{"insert":"' || printf('%*s', 100, i) || '"}', '{"comment_id":"2","body":"' || printf('%*s', 100, i) || '"}') AS BLOB), ` +
			`unixepoch() * 1000, iif(i % 100, 0, 2), iif(i % 100, 0, 2), i * 250, (SELECT MAX(term) FROM ops) FROM n`,
		`UPDATE comments SET replies = ` + fmt.Sprint(erasedEntries/100) + ` WHERE id = 2`,
	} {
		s.Do(map[string]string{"do": "sql", "class": "Document", "name": id, "query": query}, nil)
	}
}

// namedRows are all rows that a receipt counts.
func namedRows(v any) (n int) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			if rows, ok := inner.(map[string]any); ok && (name == "rows" || name == "database") {
				for _, count := range rows {
					if f, ok := count.(float64); ok {
						n += int(f)
					}
				}
				continue
			}
			n += namedRows(inner)
		}
		if f, ok := v["entries"].(float64); ok {
			n += int(f)
		}
	case []any:
		for _, inner := range v {
			n += namedRows(inner)
		}
	}
	return n
}
