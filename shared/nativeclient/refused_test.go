package nativeclient

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// A device whose new tokens are all refused asks for five, goes on with the one it has to
// its end, whatever event comes meanwhile, and then stands still until it is asked to try
// again. A token that is given once more counts like one that is refused once more.
func TestRefusedRefreshes(t *testing.T) {
	for name, give := range map[string]func(now time.Time) string{
		"a new token each time":    func(now time.Time) string { return token("ann", now, 20*time.Minute) },
		"the same token each time": func(time.Time) string { return token("ann", time.Unix(1_736_244_100, 0), time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			now := time.Unix(1_736_244_000, 0)
			end := now.Add(15 * time.Minute)
			e := New(Config{Name: "m", Rand: 1})
			asked, failed, given := 0, 0, false
			no := protocol.Error{Code: protocol.AuthenticationFailed}
			var step func(ev Event)
			step = func(ev Event) {
				var then []Event
				for _, effect := range e.Step(now, ev) {
					switch effect := effect.(type) {
					case FetchToken:
						asked++
						if given {
							then = append(then, TokenFetched{Token: give(now)})
						} else {
							given = true
							then = append(then, TokenFetched{Token: token("ann", now, 15*time.Minute)})
						}
					case Dial:
						ack := protocol.ConnectionAck{UserID: "ann", SessionID: "s1", ServerTime: now, ExpiresAt: end}
						then = append(then, Opened{Gen: effect.Gen}, Received{Gen: effect.Gen, Text: protocol.Frame{Type: "system", Event: "connection_ack", Data: ack.Append(nil)}.Append(nil)})
					case Write:
						if f, _ := protocol.Decode(effect.Text, protocol.DefaultLimits); f.Event == protocol.EventTokenRefresh {
							then = append(then, Received{Gen: effect.Gen, Text: no.Frame().Append(nil)})
						} else if f.Event == protocol.EventPing {
							then = append(then, Received{Gen: effect.Gen, Text: []byte(protocol.PongText)})
						}
					case Failed:
						if effect.NoToken {
							failed++
						}
					}
				}
				for _, ev := range then {
					step(ev)
				}
			}
			run := func(until time.Time) {
				for {
					at, ok := e.Deadline()
					if !ok || at.After(until) {
						now = until
						return
					}
					if at.After(now) {
						now = at
					}
					step(Woken{})
				}
			}
			step(Start{})
			run(end.Add(-time.Second))
			if asked != 1+renewal.Tries || failed != 0 {
				t.Errorf("asked %d times before the token's end, and gave up %d times", asked, failed)
			}
			for range 20 {
				step(Received{Gen: 1, Text: []byte(`{"type":"system","event":"token_refresh_required","data":{"reason":"expiring","expires_in":1}}`)})
			}
			run(end.Add(time.Hour))
			if asked != 1+renewal.Tries || failed != 1 {
				t.Errorf("asked %d times in all, and gave up %d times", asked, failed)
			}
			step(Refresh{})
			if asked == 1+renewal.Tries {
				t.Error("does not ask when it has to")
			}
		})
	}
}
