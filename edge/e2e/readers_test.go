//go:build !js

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestLimitsPresenceItsNewestArrives: presence beyond its limit is passed on less often, and the
// newest arrives in the end. A member that comes after the object was evicted sees it too.
//
// Holds: "presence never holds up an op".
func TestLimitsPresenceItsNewestArrives(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"PRESENCE_PER_S": "5"})
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	editor := s.connect(dialling{document: "welcome", clientID: "e", token: s.Login("editor")})
	owner.waitPresence("join")
	const shown = 200
	for n := 1; n <= shown; n++ {
		editor.send(fmt.Sprintf(`{"type":"presence","event":"update","data":{"data":%d}}`, n))
	}
	if v := editor.op("m1", 1); v != 1 { // and is not kept from writing
		t.Fatalf("version %d", v)
	}
	updates := 0
	for {
		f := owner.expectFrame("presence", "update")
		updates++
		if f.number("data") == shown {
			break
		}
	}
	if updates > shown/2 {
		t.Errorf("%d of %d were passed on", updates, shown)
	}
	s.Evict("Document", "welcome")
	viewer := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	state := viewer.expectFrame("presence", "state")
	if text := fmt.Sprint(state.Data["members"]); !strings.Contains(text, fmt.Sprint("data:", shown)) {
		t.Errorf("the viewer sees %s", text)
	}
}

// TestLimitsAskingForTheLogAgain. Power of the attacker: a viewer that asks for the log with several
// requests at once. It gets the log at the document's pace, and is refused with a wait. A first
// sync arrives completely.
//
// Holds: "nobody slows a document by asking for its log".
func TestLimitsAskingForTheLogAgain(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"SYNC_BYTES_PER_S": "400000", "SYNC_BYTES_BURST": "600000"})
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	const entries = 40
	for i := 1; i <= entries; i++ {
		owner.op(fmt.Sprint("m", i), strings.Repeat("x", 20_000))
	}
	viewer := s.connect(dialling{document: "welcome", clientID: "v", token: s.Login("viewer")})
	ask := func(from int) {
		viewer.send(fmt.Sprintf(`{"type":"operation","event":"sync_request","message_id":"s%d","data":{"from":%d}}`, from, from))
	}
	ask(0)
	refused := 0
	for got := 0; got < entries; {
		switch f := viewer.expectAny(); f.Event {
		case "ping":
			viewer.pong(f)
		case "error":
			refused++
			details, _ := f.Data["details"].(map[string]any)
			if wait, _ := details["retry_after"].(float64); f.text("error_code") != "RATE_LIMIT_EXCEEDED" || details["reason"] != "too_many_syncs" || details["message_id"] == nil || wait <= 0 {
				t.Fatalf("refused with %v", f.Data)
			}
		case "document_sync":
			if f.number("from") > got+1 {
				t.Fatalf("from %d, received up to %d", f.number("from"), got)
			}
			got = max(got, f.number("to"))
			if f.Data["more"] == true {
				for range 4 {
					ask(got)
				}
			}
		}
	}
	if refused == 0 {
		t.Error("nothing was refused")
	}
	if v := owner.op("last", 1); v != entries+1 {
		t.Errorf("the owner's op became version %d", v)
	}
}

// TestDeviceThatReadsNothingIsClosed. Power of the attacker: a token, and a device that reads nothing
// and blindly claims that it has. The server closes it before much piles up, whatever it is.
//
// Holds: "a slow reader slows nobody, and nothing piles up for it".
func TestDeviceThatReadsNothingIsClosed(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{"WINDOW_BYTES": "16384"})
	d := deviceDial{clientID: "d", token: s.Login("owner")}.connect(s, "")
	nonsense := `{"type":"app","event":"app_stop","message_id":"` + strings.Repeat(`\"`, 100) + `","data":{}}`
	for range 150 {
		d.send(nonsense)
		d.send(`{"type":"system","event":"pong"}`)
		d.send(`{"type":"system","event":"pong","message_id":"flow-0"}`)
	}
	bytes := 0
	d.closes(4004, func(f frame) { bytes += len(fmt.Sprint(f.Data)) })
	if bytes > 3*16384 {
		t.Errorf("%d bytes were kept for it", bytes)
	}
	back := deviceDial{clientID: "d", token: s.Login("owner")}.connect(s, "")
	for range 150 {
		back.send(nonsense)
		for f := back.expectAny(); f.Event != "error"; f = back.expectAny() {
			back.pong(f)
		}
	}
}
