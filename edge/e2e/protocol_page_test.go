//go:build !js

package e2e

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// placed is a line of the table of all frames in shared/PROTOCOL.md.
var placed = regexp.MustCompile("(?m)^\\| \\[`(\\w+)/(\\w+)`\\]\\(#\\w+\\) \\| ([a-z ]+) \\| ([a-z, ]+) \\|")

// TestFramesAreTakenWhereThePageSays sends every frame on a document, as a device and as an app:
// the server takes those that shared/PROTOCOL.md says a client sends there, whatever is wrong
// with their data, and has no place for any other.
func TestFramesAreTakenWhereThePageSays(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../shared/PROTOCOL.md")
	check(err)
	lines := placed.FindAllStringSubmatch(string(text), -1)
	if len(lines) < 40 {
		t.Fatalf("the page has %d frames", len(lines))
	}
	s := start(t, nil)
	token := s.Login("owner")
	document := s.connect(dialling{document: "welcome", clientID: "c", token: token})
	device := deviceDial{token: token}.connect(s, "")
	app, _ := device.starts(s.serveApp(t, "com.example.frames"))
	for _, end := range []struct {
		name string
		conn *conn
	}{{"documents", document}, {"apps", app}, {"devices", device}} { // the device is the last: with it the apps end
		for _, line := range lines {
			kind, event, from, on := line[1], line[2], line[3], line[4]
			if event == "disconnect" {
				continue // below: it is the last
			}
			want := strings.Contains(from, "client") && strings.Contains(on, end.name)
			if reason := end.conn.refusedAs(kind, event); reason != "already_initialised" && want != (reason == "") {
				t.Errorf("%s/%s on %s: refused as %q, and the page says from the %s, on %s", kind, event, end.name, reason, from, on)
			}
		}
		end.conn.send(`{"type":"system","event":"disconnect"}`)
		end.conn.closes(1000, func(frame) {})
	}
}

// refusedAs sends a frame without data and returns the reason for which there is no place for
// it, "" where there is one.
func (c *conn) refusedAs(kind, event string) (reason string) {
	c.t.Helper()
	id, after := c.newID(), c.newID()
	c.send(fmt.Sprintf(`{"type":%q,"event":%q,"message_id":%q,"data":{}}`, kind, event, id))
	c.send(fmt.Sprintf(`{"type":"ping","message_id":%q}`, after))
	for {
		f, err := c.read()
		if err != nil {
			c.t.Fatalf("%s/%s: %v", kind, event, err)
		}
		details, _ := f.Data["details"].(map[string]any)
		switch {
		case f.MessageID == after:
			return reason
		case details["message_id"] != id:
		case details["reason"] == "unexpected_event", details["reason"] == "unsupported_event", details["reason"] == "already_initialised":
			reason = details["reason"].(string)
		}
	}
}
