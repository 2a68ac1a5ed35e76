//go:build !js

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// BenchmarkAppend compares adding to a document by HTTP with a socket: one op at a time to its
// acknowledgement, one a call, a hundred in flight, and a hundred a call, in turns in one workerd. One iteration is one
// round of each. What is reported is the time of one op, and its ratio to the socket's in the
// same round, the median over the rounds.
func BenchmarkAppend(b *testing.B) {
	s := start(b, map[string]string{"MESSAGES_PER_S": "1000000", "MESSAGES_BURST": "1000000"})
	key, _ := s.documentKey(`{"name":"bench","documents":["*"],"scopes":["read","write"]}`)
	writer := s.connect(dialling{document: "welcome", clientID: "w", token: s.Login("owner")})
	client, n := &http.Client{}, 0
	post := func(token string, ops int) {
		items := make([]string, ops)
		for i := range items {
			n++
			items[i] = fmt.Sprintf(`{"message_id":"h%d","op":{"insert":"hello","at":%d}}`, n, n)
		}
		r, err := http.NewRequest("POST", s.URL+"/v1/admin/documents/notes/operations", strings.NewReader(`{"operations":[`+strings.Join(items, ",")+`]}`))
		check(err)
		r.Header.Set("Authorization", "Bearer "+token)
		r.Header.Set("Content-Type", "application/json")
		answer, err := client.Do(r)
		check(err)
		text, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		if answer.StatusCode != 200 {
			b.Fatalf("HTTP %d %s", answer.StatusCode, text)
		}
	}
	ways := []struct {
		name  string
		ops   int
		times int
		do    func()
	}{
		{"socket", 1, 50, func() {
			n++
			writer.writes(fmt.Sprint("s", n))
		}},
		{"socket-100", 100, 10, func() {
			for range 100 {
				n++
				writer.send(fmt.Sprintf(`{"type":"operation","event":"op","message_id":"s%d","data":{"op":1}}`, n))
			}
			for range 100 {
				writer.expect("operation", "operation_ack")
			}
		}},
		{"http-1-key", 1, 20, func() { post(key, 1) }},
		{"http-1-operator", 1, 20, func() { post(s.Operator, 1) }},
		{"http-100-key", 100, 10, func() { post(key, 100) }},
	}
	took := make([][]float64, len(ways))
	ratios := make([][]float64, len(ways))
	var hundreds []float64
	for _, w := range ways {
		w.do() // its objects wake
	}
	b.ResetTimer()
	for range b.N {
		round := make([]float64, len(ways))
		for i, w := range ways {
			began := time.Now()
			for range w.times {
				w.do()
			}
			round[i] = float64(time.Since(began).Microseconds()) / float64(w.times*w.ops)
		}
		hundreds = append(hundreds, round[len(ways)-1]/round[1])
		for i := range ways {
			took[i], ratios[i] = append(took[i], round[i]), append(ratios[i], round[i]/round[0])
		}
	}
	b.ReportMetric(0, "ns/op")
	slices.Sort(hundreds)
	b.ReportMetric(quantile(hundreds, 0.5), "http-100-key/socket-100")
	for i, w := range ways {
		slices.Sort(took[i])
		slices.Sort(ratios[i])
		b.ReportMetric(took[i][len(took[i])/2], w.name+"-µs/op")
		if i > 0 {
			b.ReportMetric(ratios[i][len(ratios[i])/2], w.name+"/socket")
		}
	}
}
