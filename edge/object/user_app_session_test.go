package object

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sessionid"
)

const startNotes = `{"type":"app","event":"app_start","message_id":"a1","data":{"package":"com.example.notes"}}`

// appSession is the session id that the app is stored with.
func (f *fake) appSession() string {
	for _, row := range f.tables["apps"] {
		return string(row[1].Bytes)
	}
	f.t.Fatal("no app is stored")
	return ""
}

func TestAnAppsSessionIDIsSigned(t *testing.T) {
	f := deviceRoom(t)
	conn := f.dials("phone")
	f.receives(conn, deviceInit)
	f.receives(conn, startNotes)
	id := f.appSession()
	if user, ok := protocol.AppSessionUser(id); !ok || user != "ann" || !sessionid.Signed(id, []string{"now"}) {
		t.Errorf("%s is %q's", id, user)
	}
	for range 3 { // it stays what it is
		f.enter(Input{Kind: Alarm})
	}
	if again := f.appSession(); again != id {
		t.Errorf("now it is %s", again)
	}
}

// Without a secret apps are refused, and why.
func TestNoAppWithoutASecret(t *testing.T) {
	f := deviceRoom(t)
	f.env["APP_SESSION_SECRET"] = " "
	conn := f.dials("phone")
	f.receives(conn, deviceInit)
	expect(t, f.receives(conn, startNotes), `send 1 {"type":"system","event":"error","data":{"error_code":"SERVICE_UNAVAILABLE","message":"APP_SESSION_SECRET is not set`)
	if len(f.tables["apps"]) > 0 {
		t.Error("it is started all the same")
	}
}

// An app that was started before ids were signed, or whose secret is gone, gets another id
// when its object wakes, keeps all it has, and is called by that one. A secret that is
// replaced counts for as long as it stands behind the new one.
func TestAnAppOfBeforeGetsASignedSessionID(t *testing.T) {
	unsigned := protocol.AppSessionID("ann", strings.Repeat("0f", 16))
	for name, c := range map[string]struct {
		id, secrets string
		kept        bool
	}{
		"unsigned":                  {unsigned, "now", false},
		"its secret is gone":        {sessionid.Sign(unsigned, "gone"), "now", false},
		"its secret is the older":   {sessionid.Sign(unsigned, "then"), "now then", true},
		"its secret is the newest":  {sessionid.Sign(unsigned, "now"), "now then", true},
		"there is no secret at all": {unsigned, "", true},
	} {
		f := deviceRoom(t)
		conn := f.dials("phone")
		f.receives(conn, deviceInit)
		f.receives(conn, startNotes)
		f.env["APP_SESSION_SECRET"] = c.secrets
		for _, row := range f.tables["apps"] {
			row[1] = Value{Kind: Text, Bytes: []byte(c.id)}
			row[20] = Value{Kind: Integer, Int: 1} // written down in the database
		}
		left := f.enter(Input{Kind: Alarm})
		id := f.appSession()
		if kept := id == c.id; kept != c.kept {
			t.Errorf("%s: it is %s now", name, id)
		}
		if c.kept {
			continue
		}
		if !sessionid.Signed(id, []string{"now"}) {
			t.Errorf("%s: %s is not signed", name, id)
		}
		if !strings.Contains(strings.Join(left, "\n"), "DB "+c.id) {
			t.Errorf("%s: the old one stays in the database: %v", name, left)
		}
		// The call of before is given up, and the next one names the new id.
		f.reboot = false // it has to know its question
		var said []string
		for range 2 {
			f.now = f.now.Add(9 * time.Second)
			said = append(said, f.enter(Input{Kind: Alarm})...)
		}
		asked := regexp.MustCompile(`database (\d+) DB com.example.notes`).FindStringSubmatch(strings.Join(said, "\n"))
		if asked == nil {
			t.Fatalf("%s: the app is not called: %v", name, f.out)
		}
		var ask uint32
		for _, digit := range asked[1] {
			ask = ask*10 + uint32(digit-'0')
		}
		called := strings.Join(f.enter(Input{Kind: Answered, Ask: ask, Text: []byte(`[["https://notes.example","whs_x"]]`)}), "\n")
		if !strings.Contains(called, `"session_id":"`+id+`"`) {
			t.Errorf("%s: called with %s", name, called)
		}
	}
}
