package device_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// What a device's connection lives through is tested in package user, with the session and
// the apps that it reaches. Here is the channel alone, and what it says to its owner.

var now = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

// owner takes down what is asked of it, in order.
type owner struct {
	log     []string
	refused *protocol.Error // what the session answers
}

func (o *owner) say(format string, args ...any) { o.log = append(o.log, fmt.Sprintf(format, args...)) }

func (o *owner) Emit(e device.Effect) { o.say("%T", e) }
func (o *owner) Socket(e serverconn.Effect) {
	if s, is := e.(serverconn.Send); is {
		f, err := protocol.Decode(s.Text, protocol.Limits{})
		if err != nil {
			panic(err)
		}
		o.say("%s to %s", f.Event, s.Conn)
		return
	}
	o.say("%T", e)
}
func (o *owner) Record(_ time.Time, e audit.Entry) { o.say("record %s of %s", e.Event, e.ClientID) }

func (o *owner) PreAdmit(time.Time, string, session.Claims) *protocol.Error { return o.refused }

func (o *owner) Admit(_ time.Time, a device.Admission) (string, uint64, *protocol.Error) {
	o.say("admit %s refresh %v", a.ClientID, a.Refresh)
	return "s1", 3, o.refused
}

func (o *owner) ChannelGone(_ time.Time, id, reason string) { o.say("session %s: %s", id, reason) }
func (o *owner) AppFrame(_ time.Time, client string, f protocol.Frame, id string) {
	o.say("%s from %s with %s", f.Event, client, id)
}
func (o *owner) AppStates() []protocol.AppState { return nil }
func (o *owner) DeviceAway()                    { o.say("away") }
func (o *owner) DeviceBack(time.Time)           { o.say("back") }
func (o *owner) DeviceGone(time.Time)           { o.say("gone") }

// said is what was asked of the owner since it was last looked at, rows left out.
func (o *owner) said() string {
	log := slices.DeleteFunc(o.log, func(s string) bool { return s == "device.SaveRow" })
	o.log = nil
	return strings.Join(log, ", ")
}

func config() *device.Config {
	cfg := device.Config{}.WithDefaults()
	return &cfg
}

func claims() session.Claims {
	return session.Claims{UserID: "ann", TokenID: "t1", IssuedAt: now, Expires: now.Add(time.Hour)}
}

func says(d *device.Device, conn device.ConnID, text string) {
	f, err := protocol.Decode([]byte(text), protocol.Limits{})
	if err != nil {
		panic(err)
	}
	d.Frame(now, conn, f, len(text), "fresh")
}

const initText = `{"type":"system","event":"connection_init"}`

// connected is a device on c1.
func connected(t *testing.T, o *owner) *device.Device {
	t.Helper()
	d := device.New(config(), o, "ann")
	d.Take(now, device.Connect{Conn: "c1", ClientID: "phone", Claims: claims()})
	says(d, "c1", initText)
	if want := "serverconn.Accept, admit phone refresh false, record connected of phone, connection_ack to c1"; o.said() != want || !d.Active() {
		t.Fatal("not connected")
	}
	return d
}

// The session and the apps learn in this order what becomes of the device: the apps before
// the session, which ends with its last channel.
func TestTheOwnerLearnsWhatBecomesOfTheDevice(t *testing.T) {
	o := &owner{}
	d := connected(t, o)
	for _, c := range []struct {
		what func()
		want string
	}{
		{func() { d.Disconnected(now, "c1", 1006, time.Time{}) }, "record lost of phone, away"},
		{func() { d.Disconnected(now, "c1", 1006, time.Time{}) }, ""},
		{func() { d.Take(now, device.Connect{Conn: "c2", ClientID: "phone", Claims: claims()}) }, "serverconn.Accept"},
		{func() { says(d, "c2", initText) }, "admit phone refresh false, record connected of phone, connection_ack to c2, back"},
		{func() { says(d, "c2", `{"type":"app","event":"app_start","message_id":"m1"}`) }, "app_start from phone with fresh"},
		{func() { says(d, "c2", `{"type":"system","event":"token_refresh","data":{"token":"x"}}`) }, "device.VerifyToken"},
		{func() { d.Take(now, device.TokenVerified{Conn: "c2", Claims: claims()}) }, "admit phone refresh true, token_refreshed to c2"},
		{func() { says(d, "c2", `{"type":"system","event":"disconnect"}`) }, "serverconn.Close, record left of phone, gone, session s1: disconnect"},
		{func() { d.Take(now, device.Post{Ask: 1}) }, "device.Posted"},
	} {
		c.what()
		if got := o.said(); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
	if d.Live() || d.Current() != "" {
		t.Error("it is live after it has gone")
	}
}

// What the session refuses makes no channel, at either of the two times.
func TestTheSessionMayRefuse(t *testing.T) {
	o := &owner{refused: &protocol.Error{Code: protocol.TokenRevoked}}
	d := device.New(config(), o, "ann")
	d.Take(now, device.Connect{Conn: "c1", ClientID: "phone", Claims: claims()})
	if got := o.said(); got != "serverconn.Refuse" {
		t.Error(got)
	}
	o.refused = nil
	d.Take(now, device.Connect{Conn: "c1", ClientID: "phone", Claims: claims()})
	o.refused = &protocol.Error{Code: protocol.TokenRevoked}
	says(d, "c1", initText)
	if want := "serverconn.Accept, admit phone refresh false, connection_error to c1, serverconn.Close, record closed of phone"; o.said() != want || d.Live() || d.Has("c1") {
		t.Error("it has a channel")
	}
}

// A pending socket is not asked about by anybody else: a revocation looks at its token.
func TestARevocationFindsThePendingSocket(t *testing.T) {
	o := &owner{}
	d := device.New(config(), o, "ann")
	d.Revoked(now, func(session.Claims) (protocol.Error, bool) { panic("nothing is pending") })
	d.Take(now, device.Connect{Conn: "c1", ClientID: "phone", Claims: claims()})
	o.said()
	d.Revoked(now, func(c session.Claims) (protocol.Error, bool) { return protocol.Error{}, c.TokenID != "t1" })
	if got := o.said(); got != "" {
		t.Errorf("one that stays good: %s", got)
	}
	d.Revoked(now, func(c session.Claims) (protocol.Error, bool) {
		return protocol.Error{Code: protocol.TokenRevoked}, c.TokenID == "t1" && c.UserID == "ann"
	})
	if got := o.said(); got != "connection_error to c1, serverconn.Close, record closed of phone" || d.Has("c1") {
		t.Error(got)
	}
}

// A channel comes back from storage as it was; a row that no channel can have stored does not.
func TestRestore(t *testing.T) {
	d := connected(t, &owner{})
	if _, err := d.Put("app_message", []byte(`{"data":1}`), ""); err != nil {
		t.Fatal(err)
	}
	d.Take(now, device.Connect{Conn: "c2", ClientID: "glasses", MadeUp: "m", Flat: true, Claims: claims()})
	snap := d.Snapshot()
	again, err := device.Restore(config(), &owner{}, "ann", snap)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Snapshot(); !reflect.DeepEqual(got, snap) || again.Conns() != d.Conns() {
		t.Errorf("came back as %+v, was %+v", got, snap)
	}
	for name, spoil := range map[string]func(*device.Snapshot){
		"another user's":             func(s *device.Snapshot) { s.Row.Channel.UserID = "bob" },
		"before its handshake":       func(s *device.Snapshot) { s.Row.Channel.State = channel.State(0) },
		"frames for nobody":          func(s *device.Snapshot) { s.Row.Channel = channel.Row{UserID: "ann", State: channel.Gone} },
		"an outbox with a hole":      func(s *device.Snapshot) { s.Kept[0].Seq = 5 },
		"one connection, two places": func(s *device.Snapshot) { s.Row.Pending.Conn = "c1" },
	} {
		snap := d.Snapshot()
		spoil(&snap)
		if _, err := device.Restore(config(), &owner{}, "ann", snap); err == nil {
			t.Errorf("%s: restored", name)
		}
	}
}
