package mentra_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/mentra"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var rewrite = flag.Bool("rewrite", false, "write testdata/relay.txt as the code has it")

var began = time.UnixMilli(1736244000000).UTC()

// step has a Relay take what a line says, by way of its stored state.
func step(t *testing.T, state []byte, line string, now time.Time) ([]byte, mentra.Out) {
	t.Helper()
	r := mentra.ReadRelay(state)
	if again := mentra.ReadRelay(r.Append(nil)); !reflect.DeepEqual(again, r) {
		t.Errorf("%s is read back as %s", r.Append(nil), again.Append(nil))
	}
	from, text, _ := strings.Cut(line, " ")
	var out mentra.Out
	switch from {
	case "app":
		out = r.FromApp([]byte(text), now)
	case "core":
		out = r.FromCore([]byte(text), now)
	case "waited":
		out = r.Waited([]byte(text))
	case "timer":
		out = r.Timer(now)
	default:
		t.Fatalf("who says %s?", line)
	}
	state = r.Append(nil)
	if !json.Valid(state) {
		t.Fatalf("the state is %s", state)
	}
	return state, out
}

// TestRelay is the golden transcript: what comes from either side, and behind it, indented, what
// goes to both.
func TestRelay(t *testing.T) {
	const name = "testdata/relay.txt"
	was, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var is strings.Builder
	state, now := mentra.NewRelay("com.example.notes").Append(nil), began
	for _, line := range strings.Split(strings.TrimSuffix(string(was), "\n"), "\n") {
		if strings.HasPrefix(line, "    ") {
			continue
		}
		is.WriteString(line + "\n")
		if at, ok := strings.CutPrefix(line, "at "); ok {
			var ms int
			fmt.Sscan(at, &ms)
			now = began.Add(time.Duration(ms) * time.Millisecond)
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		var out mentra.Out
		state, out = step(t, state, line, now)
		for _, text := range out.Up {
			if _, err := protocol.Decode(text, protocol.Limits{}); err != nil && line != "app no JSON" && !strings.Contains(line, "bank") {
				t.Errorf("%s: the core does not read %s", line, text)
			}
			fmt.Fprintf(&is, "    up   %s\n", text)
		}
		for _, text := range out.Down {
			fmt.Fprintf(&is, "    down %s\n", text)
		}
		if out.Code != 0 {
			fmt.Fprintf(&is, "    close %d %s\n", out.Code, out.Reason)
		}
		if out.Wait != 0 {
			fmt.Fprintf(&is, "    waits, %d\n", out.Wait)
		}
		if out.Forget != 0 {
			fmt.Fprintf(&is, "    forgotten up to %d\n", out.Forget)
		}
		if out.Flush {
			is.WriteString("    what waits comes again\n")
		}
		if out.Again != 0 {
			fmt.Fprintf(&is, "    again in %s\n", out.Again)
		}
	}
	if is.String() == string(was) {
		return
	}
	if *rewrite {
		if err := os.WriteFile(name, []byte(is.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s differs: go test ./shared/mentra -rewrite, then read the diff. It is now:\n%s", name, is.String())
}

func TestCloseCodes(t *testing.T) {
	for code, want := range map[int]int{1000: 1000, 1006: 1006, 1011: 1011, 4001: 4001, 4100: 1008, 4101: 1008, 4200: 4200, 4299: 4299, 4400: 1008, 4409: 1008, 4500: 1008} {
		if got := mentra.CloseCode(code); got != want {
			t.Errorf("%d: %d", code, got)
		}
	}
	for reason, want := range map[string]string{"user_stopped": "user_disabled", "session_ended": "system_stop", "app_left": "system_stop", "unstable": "error", "": "error"} {
		if got := mentra.StopReason(reason); got != want {
			t.Errorf("%q: %q", reason, got)
		}
	}
}

func TestInit(t *testing.T) {
	good := `{"type":"tpa_connection_init","sessionId":"s1","packageName":"com.example.notes","apiKey":"k","timestamp":"2025-01-07T10:00:00Z"}`
	p, ok := mentra.ParseInit([]byte(good))
	if !ok || p != (mentra.Init{SessionID: "s1", Package: "com.example.notes", Key: "k"}) || !mentra.IsInit([]byte(good)) {
		t.Errorf("%+v %v", p, ok)
	}
	if frame := p.Frame(); strings.Contains(string(frame.Append(nil)), `"k"`) {
		t.Error("the key goes on")
	}
	for _, bad := range []string{
		`{"type":"tpa_connection_init","packageName":"a.b","apiKey":"k"}`,
		`{"type":"tpa_connection_init","sessionId":1,"packageName":"a.b","apiKey":"k"}`,
		`{"type":"tpa_connection_init","sessionId":"s","packageName":1,"apiKey":"k"}`,
		`{"type":"tpa_connection_init","sessionId":"s","packageName":"a.b","apiKey":2}`,
		`{"type":"tpa_connection_init","sessionId":"s","packageName":"a.b","apiKey":"k","api\u004bey":"other"}`,
		`{"type":"tpa_connection_init","sessionId":"s","sessionId":"t","packageName":"a.b","apiKey":"k"}`,
	} {
		if p, ok := mentra.ParseInit([]byte(bad)); ok {
			t.Errorf("%s: %+v", bad, p)
		}
	}
}

// FuzzRelay: whatever either side says, what goes up the core can judge, what goes down is JSON that
// has a type, no app speaks for the server or another app, and the state is one that is read again.
func FuzzRelay(f *testing.F) {
	text, err := os.ReadFile("testdata/relay.txt")
	if err != nil {
		f.Fatal(err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		if app, ok := strings.CutPrefix(line, "app "); ok {
			f.Add(true, app)
		}
		if core, ok := strings.CutPrefix(line, "core "); ok {
			f.Add(false, core)
		}
	}
	f.Fuzz(func(t *testing.T, fromApp bool, text string) {
		state := mentra.NewRelay("com.example.notes").Append(nil)
		state, _ = step(t, state, `app {"type":"subscription_update","subscriptions":["button_press","a:b"]}`, began)
		line := "core " + text
		if fromApp {
			line = "app " + text
		} else if _, err := protocol.Decode([]byte(text), protocol.ReaderLimits); err != nil {
			return // the core says nothing of the kind
		}
		_, out := step(t, state, line, began)
		for _, down := range out.Down {
			var is struct{ Type string }
			if json.Unmarshal(down, &is) != nil || is.Type == "" {
				t.Errorf("down goes %s", down)
			}
		}
		for _, up := range out.Up {
			frame, err := protocol.Decode(up, protocol.Limits{FrameBytes: 1 << 20})
			if err != nil {
				if string(up) != text {
					t.Errorf("the core does not read %s", up)
				}
				continue
			}
			if said, ok := protocol.ParseAppMessage(frame.Data); ok && fromApp && frame.MessageID != "" && strings.Contains(frame.MessageID, "-") {
				var is struct{ Type, PackageName string }
				if json.Unmarshal(said.Data, &is) == nil && (is.Type == "connection_ack" || is.Type == "connection_error" || is.PackageName != "" && is.PackageName != "com.example.notes") && string(up) != text {
					if !caseless(said.Data) {
						t.Errorf("the device is told %s", said.Data)
					}
				}
			}
		}
	})
}

// caseless reports whether encoding/json took a member for another one that differs in case.
func caseless(data []byte) bool {
	var all map[string]json.RawMessage
	json.Unmarshal(data, &all)
	for name := range all {
		if name != "type" && name != "packageName" && (strings.EqualFold(name, "type") || strings.EqualFold(name, "packageName")) {
			return true
		}
	}
	return false
}
