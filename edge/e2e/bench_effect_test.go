//go:build !js

package e2e

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// BenchmarkTakesEffect measures how long an operator's change takes: from the moment the request
// is sent until the last op that it forbids is accepted, and until it is answered. The user
// writes op after op meanwhile. One iteration is one change.
//
// The budget is 50 ms to the last op, p99.
func BenchmarkTakesEffect(b *testing.B) {
	s := start(b, map[string]string{
		"CONNECTS_PER_USER_PER_MIN": "1000000", "CONNECTS_PER_USER_BURST": "1000000", "MESSAGES_PER_S": "1000000",
	})
	f := newForger()
	n := 0 // no token twice: it stays revoked
	b.Run("revoke", func(b *testing.B) {
		s.effects(b, func() (dialling, string, string, string) {
			n++
			jti := fmt.Sprintf("bench-%d", n)
			token := f.token(func(_, c map[string]any) { c["user_id"], c["jti"] = "usr_editor", jti })
			d := dialling{document: "welcome", clientID: "e", token: token}
			return d, "POST", "/v1/admin/users/usr_editor/revoke", fmt.Sprintf(`{"jti":%q}`, jti)
		}, nil)
	})
	b.Run("permission", func(b *testing.B) {
		token := s.Login("editor")
		s.effects(b, func() (dialling, string, string, string) {
			return dialling{document: "notes", clientID: "e", token: token}, "PUT", "/v1/admin/documents/notes/members/usr_editor", `{"role":"view"}`
		}, func() { s.must("PUT", "/v1/admin/documents/notes/members/usr_editor", `{"role":"edit"}`) })
	})
}

// effects measures b.N changes; before readies each.
func (s *server) effects(b *testing.B, change func() (d dialling, method, path, body string), before func()) {
	var last, answered []time.Duration
	for range b.N {
		if before != nil {
			before()
		}
		d, method, path, body := change()
		c := s.connect(d)
		var accepted atomic.Int64 // when the newest op was acknowledged
		writing, over := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(over)
			for i := 0; ; i++ {
				if i == 20 {
					close(writing)
				}
				if !c.writes(fmt.Sprintf("%s-%d", b.Name(), time.Now().UnixNano())) {
					return
				}
				accepted.Store(time.Now().UnixNano())
			}
		}()
		<-writing
		began := time.Now()
		s.must(method, path, body)
		answered = append(answered, time.Since(began))
		<-over
		last = append(last, max(0, time.Duration(accepted.Load()-began.UnixNano())))
		c.ws.CloseNow()
	}
	slices.Sort(last)
	slices.Sort(answered)
	b.ReportMetric(0, "ns/op") // a round with its connect means nothing
	for name, list := range map[string][]time.Duration{"last-op": last, "answer": answered} {
		b.ReportMetric(float64(quantile(list, 0.5))/1e6, name+"-p50-ms")
		b.ReportMetric(float64(quantile(list, 0.99))/1e6, name+"-p99-ms")
	}
}

// writes sends one op and reports whether it was accepted. Other acknowledgements may come
// before its own: those that a new session receives from the log. A client that took one of
// them for its own would run ahead of the server by as many ops, and workerd, in which one
// socket then always has something to read, would serve no other for seconds.
func (c *conn) writes(messageID string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	frame := fmt.Sprintf(`{"type":"operation","event":"op","message_id":%q,"data":{"op":1}}`, messageID)
	if c.ws.Write(ctx, websocket.MessageText, []byte(frame)) != nil {
		return false
	}
	for {
		f, err := c.read()
		switch {
		case err != nil || f.Event == "error":
			return false
		case f.Event == "ping":
			c.pong(f)
		case f.Event == "operation_ack" && f.MessageID == messageID:
			return true
		}
	}
}
