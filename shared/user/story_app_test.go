package user_test

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim/story"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// An app's session id is long; a story calls that of ann's nth start ann#n.
var (
	longID  = regexp.MustCompile(protocol.AppSessionID("ann", "") + `0*([1-9][0-9]*)`)
	shortID = regexp.MustCompile(`ann#([0-9]+)`)
)

func brief(text string) string { return longID.ReplaceAllString(text, "ann#$1") }

func long(text string) string {
	return shortID.ReplaceAllStringFunc(text, func(id string) string {
		return protocol.AppSessionID("ann", fmt.Sprintf("%032s", strings.TrimPrefix(id, "ann#")))
	})
}

// appCommand is what happens to an app.
func (s *player) appCommand(d *story.Command) bool {
	conn, name := user.ConnID(d.Str("conn", "a1")), d.Str("app", "com.example.notes")
	var refused *protocol.Error
	if code := d.Str("error", ""); code != "" {
		refused = &protocol.Error{Code: protocol.Code(code)}
	}
	switch d.Cmd {
	case "app":
		s.show(s.step(app.Connect{Conn: conn, Package: name, KeyID: d.Str("key", "k1"), SessionID: long(d.Str("session", ""))}))
	case "registered":
		s.show(s.step(app.Registered{Conn: conn, Err: refused}))
	case "called":
		s.show(s.step(app.Called{
			SessionID: long(d.Str("session", "")), Until: s.until(d), OK: !d.Has("no"), Reason: d.Str("no", ""),
		}))
	case "key-revoked":
		s.show(s.step(app.KeyRevoked{Ask: 11, Package: name, KeyID: d.Str("key", ""), By: "olive"}))
	default:
		return false
	}
	return true
}

// until is that of the newest call of an attempt.
func (s *player) until(d *story.Command) time.Time {
	return s.calls[fmt.Sprint(long(d.Str("session", "")), int(d.Uint("attempt", 1)))]
}

func (s *player) appsSeen(d *story.Command) map[user.ConnID]time.Time {
	seen := map[user.ConnID]time.Time{}
	for _, a := range d.CmdArgs {
		if conn, is := strings.CutPrefix(a.Key, "seen-"); is {
			at, err := time.ParseDuration(a.Vals[0])
			if err != nil {
				s.t.Fatal(err)
			}
			seen[user.ConnID(conn)] = start.Add(at)
		}
	}
	return seen
}

func (s *player) showApp(effect any) {
	o := s.out
	switch e := effect.(type) {
	case app.Save:
		fmt.Fprintf(o, "save %s: %s\n", e.Row.Package, s.appRow(e.Row))
	case app.Delete:
		fmt.Fprintf(o, "delete %s\n", e.Package)
	case app.Keep:
		fmt.Fprintf(o, "keep %d for %s\n", e.Kept.Seq, e.Package)
	case app.Forget:
		fmt.Fprintf(o, "forget up to %d for %s\n", e.Seq, e.Package)
	case app.Remember:
		fmt.Fprintf(o, "remember %s of %q: %d\n", e.Receipt.MessageID, e.Package, e.Receipt.Seq)
	case app.ForgetReceipts:
		fmt.Fprintf(o, "forget receipts\n")
	case app.Call:
		if e.Stop != "" {
			fmt.Fprintf(o, "call %s for %s: it has stopped, %s\n", e.Package, e.SessionID, e.Stop)
			break
		}
		s.calls[fmt.Sprint(e.SessionID, e.Attempt)] = e.Until
		fmt.Fprintf(o, "call %s for %s, attempt %d within %s\n", e.Package, e.SessionID, e.Attempt, e.Timeout)
	case app.Register:
		fmt.Fprintf(o, "register %s: %s for %s by %s\n", e.Conn, e.Package, e.SessionID, e.KeyID)
	case app.Unregister:
		fmt.Fprintf(o, "unregister %s\n", e.SessionID)
	case app.KeyGone:
		fmt.Fprintf(o, "key gone %d: closed %v\n", e.Ask, e.Closed)
	default:
		fmt.Fprintf(o, "%T %+v\n", e, e)
	}
}

func (s *player) appRow(r app.Row) string {
	parts := []string{r.State.String()}
	if r.Phase != app.None {
		parts = append(parts, [...]string{"", "calling", "pausing", "waiting"}[r.Phase])
	}
	if !r.Next.IsZero() {
		parts = append(parts, "until "+s.since(r.Next))
	}
	if r.Channel.Conn != "" {
		parts = append(parts, fmt.Sprintf("on %s by %s", r.Channel.Conn, r.KeyID))
	}
	if r.Channel.State == channel.Grace {
		parts = append(parts, "until "+s.since(r.Channel.GraceUntil))
	}
	if r.Channel.Pings {
		parts = append(parts, "seen "+s.since(r.Channel.Seen))
	}
	if r.Pending.Conn != "" {
		parts = append(parts, string(r.Pending.Conn)+" pending")
	}
	if r.Outbox.Sent > 0 {
		parts = append(parts, fmt.Sprintf("sent %d acked %d", r.Outbox.Sent, r.Outbox.Acked))
	}
	return strings.Join(parts, ", ")
}
