package user_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// fuzzedApps is what FuzzSteps does about apps.
type fuzzedApps struct {
	*world
	t        *testing.T
	sessions []string
	calls    []app.Call
}

func (a *fuzzedApps) effect(effect any) {
	if e, is := effect.(app.Call); is {
		a.calls = append(a.calls, e)
		if !slices.Contains(a.sessions, e.SessionID) {
			a.sessions = append(a.sessions, e.SessionID)
		}
	}
}

// newest is one of the sessions from the last.
func (a *fuzzedApps) newest(n byte) string {
	if len(a.sessions) == 0 {
		return ""
	}
	return a.sessions[len(a.sessions)-1-int(n)%len(a.sessions)]
}

// event is one of an app or about apps; nil where there is none.
func (a *fuzzedApps) event(what, n byte) any {
	name := fmt.Sprint("com.example.a", n%3)
	conn, phone := user.ConnID(fmt.Sprint("a", what%10)), a.core.Device()
	switch what / 10 {
	case 11:
		return a.frame(phone, []string{
			`{"type":"app","event":"app_start","message_id":"m%d","data":{"package":%q}}`,
			`{"type":"app","event":"app_stop","message_id":"m%d","data":{"package":%q}}`,
			`{"type":"app","event":"app_message","message_id":"m%d","data":{"to":%q,"data":[1,null]}}`,
		}[n/3%3], n/9, name)
	case 12:
		if a.taken(conn) {
			return nil
		}
		session := a.newest(n / 4)
		if row := a.row(session); row != nil && n%8 != 7 {
			name = row.Package
		}
		return app.Connect{Conn: conn, Package: name, KeyID: fmt.Sprint("k", n%2), SessionID: session}
	case 13:
		if len(a.calls) == 0 {
			return nil
		}
		c := a.calls[len(a.calls)-1-int(n/4)%len(a.calls)]
		return app.Called{SessionID: c.SessionID, Until: c.Until, OK: n%4 < 2, Reason: []string{"", "", "webhook_failed", app.UnknownApp}[n%4]}
	case 14:
		e := app.Registered{Conn: conn}
		if n%8 == 7 {
			e.Err = &protocol.Error{Code: protocol.TokenRevoked}
		}
		return e
	case 15:
		return a.frame(conn, []string{
			`{"type":"app","event":"app_connection_init"}`,
			`{"type":"app_connection_init","data":{"last_seq":%d}}`,
			`{"type":"system","event":"ack","data":{"seq":%d}}`,
			`{"type":"system","event":"ping"}`,
			`{"type":"app","event":"app_message","message_id":"n%d","data":{"data":{}}}`,
			`{"type":"system","event":"disconnect"}`,
			`{"type":"app","event":"app_connection_init","data":{"package":"com.example.a%d"}}`,
			`[`,
			`{"type":"system","event":"pong"}`,
		}[n%9], n/9)
	case 16:
		e := app.KeyRevoked{Ask: 3, Package: name}
		if n%2 == 0 {
			e.KeyID = fmt.Sprint("k", n/2%2)
		}
		return e
	}
	return nil
}

func (a *fuzzedApps) frame(conn user.ConnID, format string, args ...any) any {
	text := format
	if n := strings.Count(format, "%"); n > 0 {
		text = fmt.Sprintf(format, args[:n]...)
	}
	fr, err := protocol.Decode([]byte(text), protocol.Limits{})
	if err != nil {
		return user.FrameInvalid{Conn: conn, Err: err, Size: len(text)}
	}
	return user.FrameReceived{Conn: conn, Frame: fr, Size: len(text), NewSessionID: fmt.Sprintf("%032s", a.id("5"))}
}

func (a *fuzzedApps) row(session string) *app.Row {
	for _, row := range a.core.Apps() {
		if row.SessionID == session {
			return &row
		}
	}
	return nil
}

// taken reports whether a connection counts already: no shell gives a name out twice.
func (a *fuzzedApps) taken(conn user.ConnID) (is bool) {
	a.core.AppConns(func(c user.ConnID) { is = is || c == conn })
	return is
}

// seen is the runtime's record of some of the connections.
func (a *fuzzedApps) seen(n byte) map[user.ConnID]time.Time {
	seen := map[user.ConnID]time.Time{}
	a.core.AppConns(func(c user.ConnID) {
		if n%2 == 0 {
			seen[c] = a.now.Add(-time.Duration(n/3) * time.Second)
		}
	})
	return seen
}

// check holds what is known of apps to what is stored.
func (a *fuzzedApps) check() {
	var known, stored []string
	for _, x := range a.core.Snapshot().Apps.Apps {
		known = append(known, fmt.Sprint(x.Row.Package, x.Row.SessionID, x.Row.State, x.Row.Phase, x.Row.Next, x.Row.Pending, x.Row.Channel.Conn, x.Row.Outbox, len(x.Kept), len(x.Receipts)))
	}
	for _, name := range slices.Sorted(maps.Keys(a.store.Apps)) {
		x := a.store.Apps[name]
		stored = append(stored, fmt.Sprint(x.Row.Package, x.Row.SessionID, x.Row.State, x.Row.Phase, x.Row.Next, x.Row.Pending, x.Row.Channel.Conn, x.Row.Outbox, len(x.Outbox), len(x.Receipts)))
	}
	if !slices.Equal(known, stored) {
		a.t.Fatalf("known are\n%s\nstored are\n%s", strings.Join(known, "\n"), strings.Join(stored, "\n"))
	}
}
