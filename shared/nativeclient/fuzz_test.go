package nativeclient

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// FuzzStep: whatever the server says and the program does, Step does not panic, does not
// run away, sends what the protocol can read, dials on no line that stands, and does
// nothing after the end. Each byte of the script is one event; the texts are what the
// other side says.
func FuzzStep(f *testing.F) {
	ack := `{"type":"system","event":"connection_ack","data":{"client_id":"c","user_id":"ann","permissions":[],"session_id":"s","resumed":false,"server_time":"2025-01-07T10:00:00Z","expires_at":"2025-01-07T10:10:00Z","heartbeat_interval":10}}`
	good := token("ann", epoch, 15*time.Minute)
	f.Add([]byte{0, 10, 2, 3, 4, 9, 5, 11, 11, 1, 1}, ack, `{"type":"app","event":"app_message","seq":3,"data":{"from":"operator","data":1}}`, good)
	f.Add([]byte{0, 10, 2, 3, 9, 4, 4, 6, 1, 7, 8, 12}, ack, `{"type":"system","event":"ack","message_id":"m-1","data":{"seq":1}}`, good)
	f.Add([]byte{0, 10, 2, 3, 16, 4, 13, 14, 1}, ack, `{"type":"app","event":"app_stopped","message_id":"m-1","seq":9007199254740991,"data":{"package":"com.example.a","state":"stopped"}}`, good)
	f.Add([]byte{128, 2, 3, 4, 9, 5, 1, 1, 12}, `{"type":"app_connection_ack","data":{"package":"p","user_id":"u","session_id":"s","gap":{"from":0,"to":18446744073709551615,"count":1,"reason":"x"}}}`,
		`{"type":"system","event":"error","message_id":"m-1","data":{"error_code":"X","message":"","details":{"retry_after":18446744073709}}}`, "")
	f.Fuzz(func(t *testing.T, script []byte, first, second, tok string) {
		if len(script) == 0 || len(script) > 300 {
			return
		}
		cfg := Config{Name: "m", Rand: 1}
		if script[0] >= 128 {
			cfg.Role, cfg.SessionID, cfg.Package = App, "ref", "com.example.a"
		}
		e := New(cfg)
		now, gen, open, finished := epoch, uint64(0), false, false
		for _, effect := range e.Step(now, Start{}) {
			if d, ok := effect.(Dial); ok {
				gen, open = d.Gen, true
			}
		}
		for i, b := range script[1:] {
			now = now.Add(time.Duration(b) * time.Millisecond)
			var ev Event
			switch b % 20 {
			case 1:
				if at, ok := e.Deadline(); ok && at.After(now) {
					now = at
				}
				ev = Woken{}
			case 2:
				ev = Opened{Gen: gen}
			case 3:
				ev = Received{Gen: gen, Text: []byte(first)}
			case 4:
				ev = Received{Gen: gen, Text: []byte(second)}
			case 5:
				ev, open = Closed{Gen: gen, Code: []int{1000, 1006, 4001, 4101, 4102, 4201, 4203}[int(b)/20%7]}, false
			case 6:
				ev = Wake{}
			case 7:
				ev = Hold{}
			case 8:
				ev = Release{}
			case 9:
				ev = Submit{uint64(i), protocol.EventAppMessage, map[Role]string{Device: "com.example.a"}[cfg.Role], []byte(`{"x":1}`)}
			case 10:
				ev = TokenFetched{Token: tok}
			case 11:
				ev = TokenFailed{RetryAfter: time.Duration(b) * time.Hour}
			case 12:
				ev = Refresh{}
			case 13:
				ev = Received{Gen: gen, Text: []byte(protocol.PingText)}
			case 14:
				ev = Closed{Gen: gen - 1, Code: 4411}
			case 15:
				ev = Opened{Gen: gen - 1}
			case 16:
				ev = Submit{uint64(i), protocol.EventAppStart, "com.example.a", nil}
			case 17:
				if b > 240 {
					ev = Close{Leave: b > 250}
				}
			case 18:
				if b > 230 {
					ev, open = Closed{Gen: gen, Code: 4411}, false
				}
			}
			if ev == nil {
				continue
			}
			ended := e.ended
			effects := e.Step(now, ev)
			if most := 100 + 3*i; len(effects) > most {
				t.Fatalf("%T has %d effects", ev, len(effects))
			}
			for _, effect := range effects {
				if finished {
					if _, ok := effect.(Refused); !ok {
						t.Fatalf("%T after the last", effect)
					}
				}
				switch effect := effect.(type) {
				case Dial:
					if open || ended || effect.Gen != gen+1 {
						t.Fatalf("dial %d after %d; open %v, ended %v", effect.Gen, gen, open, ended)
					}
					gen, open = effect.Gen, true
				case Write:
					if !open || effect.Gen != gen {
						t.Fatalf("a write on %d; %d open %v", effect.Gen, gen, open)
					}
					if _, bad := protocol.Decode(effect.Text, protocol.Limits{FrameBytes: 1 << 20}); bad != nil {
						t.Fatalf("no server can read %s: %v", effect.Text, bad)
					}
				case CloseSocket:
					if effect.Gen == gen {
						open = false
					}
				case FetchToken:
					if ended || cfg.Role == App {
						t.Fatal("a token is asked for")
					}
				case Finished:
					finished = true
				}
			}
			if at, ok := e.Deadline(); ok && ev == (Woken{}) && !at.After(now) {
				t.Fatalf("woken at %s, it is due at %s again", now, at)
			}
		}
	})
}
