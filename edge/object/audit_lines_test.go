package object

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/retention"
)

// TestLinesInFewerRowsReadAsAList: whatever lines are kept with another, what is read, exported page by page,
// dropped for its age and erased is what it would be of a plain list. Rows of before have no such column.
func TestLinesInFewerRowsReadAsAList(t *testing.T) {
	for _, seed := range []uint64{1, 2, 3, 4} {
		host, dice := newDisk(t), rand.New(rand.NewPCG(seed, 7))
		s := store{host: host}
		s.open(&userSchema)
		log := auditLog{keep: 1000}
		var list []audit.Entry
		now := time.Date(2026, 12, 2, 14, 0, 0, 0, time.UTC)
		kinds := []audit.Event{audit.SessionStarted, audit.Admitted, audit.ChannelGone, audit.SessionEnded, audit.Refused, audit.AppStarted, audit.Kicked}
		for range 40 { // events
			now = now.Add(time.Duration(dice.IntN(3)) * time.Hour)
			kind := dice.IntN(len(kinds))
			for range 1 + dice.IntN(4) {
				if kind++; kind >= len(kinds) || dice.IntN(2) == 0 {
					kind = dice.IntN(len(kinds))
				}
				e := audit.Entry{At: now, UserID: "ann", Event: kinds[kind]}
				switch e.Event {
				case audit.SessionStarted, audit.SessionEnded: // as shared/session writes them
				default:
					e.Document, e.ClientID, e.Reason, e.Delegate = "d", fmt.Sprint("c", dice.IntN(9)), "why", []string{"", "Agent"}[dice.IntN(2)]
				}
				if e.Event == audit.Kicked {
					e.By = "olive"
				}
				list = append(list, e)
				log.write(&s, e)
			}
			log.flush(&s)
			host.wrote(&s)
		}
		rows := len(host.all("SELECT id FROM audit"))
		if rows >= len(list) {
			t.Errorf("%d lines are in %d rows", len(list), rows)
		}
		readsAs(t, &s, list, dice)

		// Of old age: what is too old goes, and nothing else.
		log.age, log.oldest = retention.Rule{Keep: 24 * time.Hour}, list[0].At
		late := list[0].At.Add(49 * time.Hour)
		before := log.age.Before(late)
		log.settle(&s, late)
		host.wrote(&s)
		list = slices.DeleteFunc(list, func(e audit.Entry) bool { return !e.At.After(before) })
		if len(list) == 0 {
			t.Fatal("nothing is left")
		}
		readsAs(t, &s, list, dice)

		s.write(forgetAudit, text("ann"))
		host.wrote(&s)
		readsAs(t, &s, nil, dice)
	}
}

// readsAs compares what is read with the list.
func readsAs(t *testing.T, s *store, list []audit.Entry, dice *rand.Rand) {
	t.Helper()
	var log auditLog
	texts := func(list []audit.Entry) (texts []string) {
		for _, e := range list {
			texts = append(texts, string(e.Append(nil)))
		}
		return texts
	}
	for range 20 {
		limit := 1 + dice.IntN(len(list)+3)
		q := call.Entries{UserID: "ann", Limit: limit}
		want := list
		if len(list) > 0 && dice.IntN(2) == 0 {
			from, to := list[dice.IntN(len(list))].At, list[dice.IntN(len(list))].At
			q.From, q.To = call.At(from), call.At(to)
			want = nil
			for _, e := range list {
				if !e.At.Before(from) && !e.At.After(to) {
					want = append(want, e)
				}
			}
		}
		want = want[max(0, len(want)-limit):]
		if got := string(log.read(s, q)); got != "["+strings.Join(texts(want), ",")+"]" {
			t.Fatalf("%+v:\n got %s\nwant %s", q, got, strings.Join(texts(want), ","))
		}
		var exported []string
		for after, n := "", 0; ; n++ {
			p := newPage(&call.ExportUser{After: after, Entries: 1 + dice.IntN(5), Bytes: 1 + dice.IntN(2000)})
			s.exportAudit(p, "ann")
			p.w.CloseArray()
			var page []struct{ Entry json.RawMessage }
			if err := json.Unmarshal(p.w.Buf, &page); err != nil {
				t.Fatal(err)
			}
			for _, line := range page {
				e, ok := audit.Parse(line.Entry)
				if !ok {
					t.Fatalf("%s is no line", line.Entry)
				}
				exported = append(exported, string(e.Append(nil)))
			}
			if !p.over {
				break
			}
			if after = p.after; n > 1000 {
				t.Fatal("there is no end of pages")
			}
		}
		if !slices.Equal(exported, texts(list)) {
			t.Fatalf("exported\n%s\nwant\n%s", strings.Join(exported, "\n"), strings.Join(texts(list), "\n"))
		}
	}
	// An export that an older version has begun goes on by the number of a row.
	for _, row := range s.host.(*disk).all("SELECT id, also FROM audit ORDER BY id") {
		rest := 0
		s.query(selectAuditAfter, func([]Value) { rest++ }, valuesOf(row)[0], text(""), integer(10_000))
		all := s.host.(*disk).all("SELECT COALESCE(SUM(1 + (also <> '')), 0) FROM audit WHERE id > ?", row[0])
		if want := int(valuesOf(all[0])[0].Int); rest != want {
			t.Fatalf("behind row %v are %d lines, want %d", row, rest, want)
		}
	}
}

// auditLines are the lines of the audit log, of which a row may have two.
func (f *fake) auditLines() (lines [][]Value) {
	for _, r := range f.sorted("audit") {
		one, also := slices.Clone(r), len(r)-1
		one[also] = stored(text(""))
		if lines = append(lines, one); len(r[also].Bytes) == 0 {
			continue
		}
		other := slices.Clone(one)
		for i := range other[3:] {
			other[3+i] = one[also]
		}
		other[1] = r[also]
		if lines = append(lines, other); string(r[also].Bytes) == string(audit.SessionStarted) {
			n := len(lines)
			lines[n-1], lines[n-2] = lines[n-2], lines[n-1]
		}
	}
	return lines
}
