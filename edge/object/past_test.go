package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// An operator reads a kept snapshot part by part, and what followed it up to the next one.
func TestThePastIsRead(t *testing.T) {
	r := newRoom(t)
	r.env["KEEP_OPS"] = "1"
	r.connect("ann", "")
	for i := 1; i <= 3; i++ {
		r.op("ann", fmt.Sprint("m", i))
	}
	at := r.now.Format(time.RFC3339)
	expect(t, r.post("ann", 2, `"true"`), `"complete":true`)
	r.op("ann", "m4")
	r.now = r.now.Add(time.Minute)
	big := strings.Repeat("x", 300<<10)
	r.says("ann", `{"type":"operation","event":"snapshot","message_id":"p0","data":{"document_version":4,"part":0,"parts":3,"data":"a"}}`)
	r.says("ann", `{"type":"operation","event":"snapshot","message_id":"p1","data":{"document_version":4,"part":1,"parts":3,"data":{"b":1}}}`)
	expect(t, without(r.says("ann", `{"type":"operation","event":"snapshot","message_id":"p2","data":{"document_version":4,"part":2,"parts":3,"data":null}}`), "alarm"), `"complete":true`)
	r.op("ann", "m5")
	expect(t, r.request(`{"kind":"past","version":2}`), fmt.Sprintf(`respond 9 200 {"past":{"version":2,"at":"%s","user_id":"ann","client_id":"c-ann","bytes":6,"parts":1,"part":0,"data":["true"]}}`, at))
	expect(t, r.request(`{"kind":"past","version":4}`), `"parts":3,"part":0,"data":["a",{"b":1},null]}}`)
	expect(t, r.request(`{"kind":"past","version":4,"part":2}`), `"part":2,"data":[null]}}`)
	expect(t, r.request(`{"kind":"past","version":4,"part":3}`), `"reason":"no_such_part"`)
	entry := func(n int) string {
		return fmt.Sprintf(`{"kind":"op","version":%d,"user_id":"ann","client_id":"c-ann","message_id":"m%d","at":"%s","op":{"is":"m%d"}}`, n, n, at, n)
	}
	expect(t, r.request(`{"kind":"past","version":2,"entries":true}`), `respond 9 200 {"past":{"version":2,"to":4,"entries":[`+entry(3)+`,`+entry(4)+`]}}`)
	expect(t, r.request(`{"kind":"past","version":2,"entries":true,"after":3}`), `"to":4,"entries":[`+entry(4)+`]}}`)
	expect(t, r.request(`{"kind":"past","version":4,"entries":true}`), `"to":5,"entries":[{"kind":"op","version":5,`)
	expect(t, r.request(`{"kind":"past","entries":true}`), `"to":2,"entries":[`+entry(1)+`,`+entry(2)+`]}}`)
	for _, text := range []string{`{"kind":"past","version":3}`, `{"kind":"past","version":9,"entries":true}`, `{"kind":"past"}`} {
		expect(t, r.request(text), `"reason":"snapshot_not_kept"`)
	}
	// What does not fit comes with the next.
	for i := range 3 {
		r.env["MAX_FRAME_BYTES"] = "1000000"
		r.object = nil
		r.says("ann", fmt.Sprintf(`{"type":"operation","event":"op","message_id":"big%d","data":{"op":%q}}`, i, big))
	}
	first := r.request(`{"kind":"past","version":4,"entries":true}`)[0]
	if !strings.Contains(first, `"next":7}`) || strings.Contains(first, `"big2"`) {
		t.Errorf("%d bytes, ending in %s", len(first), first[len(first)-40:])
	}
	if rest := r.request(`{"kind":"past","version":4,"entries":true,"after":7}`)[0]; !strings.Contains(rest, `"big2"`) || strings.Contains(rest, `"next"`) {
		t.Errorf("the rest is %d bytes", len(rest))
	}
}
