package session_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// start is when every story begins.
var start = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

// story plays a transcript: a command is an event, its output every effect in
// order.
type story struct {
	ses   *session.Session
	store *sim.SessionStorage
	now   time.Time
	alarm string
	out   strings.Builder
	t     *testing.T
}

// TestStories plays testdata. go test ./shared/session -run Stories -rewrite
// writes what happened; the diff is what is to be reviewed.
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			s := &story{ses: session.New(session.Config{}), store: sim.NewSessionStorage(), now: start, alarm: "none"}
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				s.t = t
				return s.command(d)
			})
		})
	}
}

func (s *story) command(d *datadriven.TestData) string {
	s.out.Reset()
	s.now = start.Add(s.duration(d, "at", s.now.Sub(start)))
	switch d.Cmd {
	case "admit":
		user := str(d, "user", "ann")
		s.step(session.Admit{
			Ask: s.uint(d, "ask", 1), Channel: str(d, "doc", "welcome"), ClientID: str(d, "client", "laptop"),
			Claims: session.Claims{UserID: user, Name: strings.ToUpper(user[:1]) + user[1:], TokenID: str(d, "jti", ""),
				IssuedAt: start.Add(s.duration(d, "issued", s.now.Sub(start))), Expires: start.Add(s.duration(d, "expires", 15*time.Minute))},
			Refresh: d.HasArg("refresh"), Access: s.uint(d, "knows", 0), Again: d.HasArg("gone"), GoneAt: s.goneAt(d),
			NewSessionID: str(d, "new", "s1"),
		})
	case "found":
		s.step(session.AccessFound{Question: s.question(d), Access: s.access(d)})
	case "failed":
		s.step(session.AccessFailed{Question: s.question(d)})
	case "access-changed":
		s.step(session.AccessChanged{
			Ask: s.uint(d, "ask", 1), UserID: "ann", Document: str(d, "doc", ""), WorkspaceID: str(d, "workspace", ""), Access: s.uint(d, "knows", 0),
			Reason: str(d, "reason", ""), By: str(d, "by", ""),
		})
	case "revoke":
		e := session.Revoke{Ask: s.uint(d, "ask", 1), UserID: "ann", TokenID: str(d, "jti", ""), SignIn: str(d, "sign-in", ""), ClientID: str(d, "client", ""),
			All: !d.HasArg("jti") && !d.HasArg("before") && !d.HasArg("sign-in") && !d.HasArg("client"), Reason: str(d, "reason", ""), By: str(d, "by", "olive")}
		if d.HasArg("before") {
			e.Before = start.Add(s.duration(d, "before", 0))
		}
		s.step(e)
	case "kick":
		s.step(session.Kick{Ask: s.uint(d, "ask", 1), UserID: "ann", Channel: str(d, "doc", ""), Reason: str(d, "reason", ""), By: str(d, "by", "olive")})
	case "ended":
		s.step(session.Ended{
			Channel: str(d, "doc", "welcome"), Fence: s.uint(d, "fence", 0), OK: !d.HasArg("failed"), Closed: d.HasArg("closed"),
			Gone: d.HasArg("closed") || d.HasArg("gone"), LastMessageID: str(d, "last", ""), AdmittedAt: start.Add(s.duration(d, "admitted", 0)),
		})
	case "pushed":
		s.step(session.Pushed{Channel: str(d, "doc", "welcome"), Epoch: s.uint(d, "epoch", 1), OK: !d.HasArg("failed")})
	case "channel-gone":
		e := session.ChannelGone{Channel: str(d, "doc", "welcome"), SessionID: str(d, "session", "s1"), Reason: str(d, "reason", "grace_expired")}
		if d.HasArg("admitted") {
			e.AdmittedAt = start.Add(s.duration(d, "admitted", 0))
		}
		s.step(e)
	case "wake":
		s.step(session.Woken{})
	case "hibernate":
		ses, err := session.Restore(session.Config{}, s.store.Snapshot())
		if err != nil {
			s.t.Fatal(err)
		}
		s.ses = ses
		fmt.Fprintf(&s.out, "restored with %d channels and %d answers\n", len(s.store.Channels), len(s.store.Access))
	default:
		s.t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
	}
	alarm := "none"
	if at, ok := s.ses.Deadline(); ok {
		alarm = s.since(at)
	}
	if alarm != s.alarm {
		fmt.Fprintf(&s.out, "alarm: %s\n", alarm)
		s.alarm = alarm
	}
	if s.out.Len() == 0 {
		return "nothing\n"
	}
	return s.out.String()
}

// goneAt is gone=<the admission that was sent back>.
func (s *story) goneAt(d *datadriven.TestData) time.Time {
	if !d.HasArg("gone") {
		return time.Time{}
	}
	return start.Add(s.duration(d, "gone", 0))
}

// question is the number of one: ask=1 of a connect, own=1 of the object's own.
func (s *story) question(d *datadriven.TestData) session.Question {
	if d.HasArg("own") {
		return session.Question{Own: s.uint(d, "own", 1)}
	}
	return session.Question{Ask: s.uint(d, "ask", 1)}
}

func (s *story) access(d *datadriven.TestData) session.Access {
	return session.Access{
		Found: !d.HasArg("missing"), Locked: d.HasArg("locked"), WorkspaceID: "ws_demo",
		Source: permission.Source{
			Workspace: permission.WorkspaceRole(str(d, "workspace", "")), Document: permission.DocumentRole(str(d, "grant", "")),
			Restricted: d.HasArg("restricted"),
		},
	}
}

func (s *story) step(ev session.Event) {
	for _, e := range s.ses.Step(s.now, ev) {
		s.store.Apply(e)
		s.show(e)
	}
}

func (s *story) show(e session.Effect) {
	o := &s.out
	switch e := e.(type) {
	case session.LookUp:
		if e.Own > 0 {
			fmt.Fprintf(o, "look up %s on %s (own %d)\n", e.UserID, e.Document, e.Own)
			return
		}
		fmt.Fprintf(o, "look up %s on %s (ask %d)\n", e.UserID, e.Document, e.Ask)
	case session.Answer:
		if e.Err != nil {
			fmt.Fprintf(o, "answer %d: refused, %s", e.Ask, e.Err.Code)
			if e.Err.Reason != "" {
				fmt.Fprintf(o, " (%s)", e.Err.Reason)
			}
			if e.Err.RetryAfter > 0 {
				fmt.Fprintf(o, " retry after %s", e.Err.RetryAfter)
			}
			fmt.Fprintln(o)
			return
		}
		g := e.Grant
		fmt.Fprintf(o, "answer %d: %s may %s on %s, as %s of %s, epoch %d, session %s", e.Ask, g.UserID,
			strings.Join(g.Permissions.Names(), ","), g.Channel, g.WorkspaceRole, g.WorkspaceID, g.Epoch, g.SessionID)
		if g.Locked {
			fmt.Fprint(o, ", locked")
		}
		if g.Access > 0 {
			fmt.Fprintf(o, ", asked under access version %d", g.Access)
		}
		fmt.Fprintln(o)
	case session.Push:
		fmt.Fprintf(o, "push to %s: %s may %s, epoch %d, %s\n", e.Grant.Channel, e.Grant.UserID,
			strings.Join(e.Grant.Permissions.Names(), ","), e.Grant.Epoch, e.Reason)
	case session.SaveSession:
		id := e.Row.ID
		if id == "" {
			id = "none"
		}
		fmt.Fprintf(o, "save session of %s: %s, epoch %d", e.Row.UserID, id, e.Row.Epoch)
		if !e.Row.RevokedBefore.IsZero() {
			fmt.Fprintf(o, ", revoked up to %s", s.since(e.Row.RevokedBefore))
		}
		if !e.Row.SignInsBefore.IsZero() {
			fmt.Fprintf(o, ", sign-ins up to %s", s.since(e.Row.SignInsBefore))
		}
		fmt.Fprintln(o)
	case session.EndChannel:
		fmt.Fprintf(o, "end at %s: %s before epoch %d", e.Channel, e.UserID, e.Fence)
		if !e.Before.IsZero() {
			fmt.Fprintf(o, ", issued up to %s", s.since(e.Before))
		}
		if len(e.TokenIDs) > 0 {
			fmt.Fprintf(o, ", tokens %s", strings.Join(e.TokenIDs, ","))
		}
		if e.Kick > 0 {
			fmt.Fprintf(o, ", kick %d", e.Kick)
		}
		fmt.Fprintln(o)
	case session.Receipt:
		fmt.Fprintf(o, "receipt %d of %s", e.Ask, e.UserID)
		for _, c := range e.Changed {
			fmt.Fprintf(o, ", %s: %s without %s, epoch %d", c.Document, strings.Join(c.Permissions.Names(), "+"), strings.Join(c.Removed.Names(), "+"), c.Epoch)
		}
		for _, l := range e.LastAccepted {
			fmt.Fprintf(o, ", %s closed after %q", l.Channel, l.MessageID)
		}
		if len(e.SignIns)+len(e.Tokens) > 0 {
			fmt.Fprintf(o, ", revoked sign-ins %v and tokens %v", e.SignIns, e.Tokens)
		}
		if e.Err != nil {
			fmt.Fprintf(o, ", %s (%s)", e.Err.Code, e.Err.Reason)
			for _, d := range e.Err.Details {
				fmt.Fprintf(o, " %s %s", d.Name, d.Raw)
			}
		}
		fmt.Fprintf(o, " after %s\n", e.Took)
	case session.Record:
		fmt.Fprintf(o, "record: %s\n", e.Entry.Sentence())
	case session.SaveRevoked:
		fmt.Fprintf(o, "save revoked %s until %s\n", e.Row.TokenID, s.since(e.Row.Until))
	case session.DeleteRevoked:
		fmt.Fprintf(o, "delete revoked %s\n", e.TokenID)
	case session.SaveChannel:
		fmt.Fprintf(o, "save channel %s/%s until %s, admitted %s", e.Row.Channel, e.Row.ClientID, s.since(e.Row.Until), s.since(e.Row.AdmittedAt))
		if e.Row.Unpushed > 0 {
			fmt.Fprintf(o, ", owes epoch %d", e.Row.Unpushed)
		}
		if e.Row.Stale {
			fmt.Fprint(o, ", in doubt")
		}
		if e.Row.Fence > 0 {
			fmt.Fprintf(o, ", owes the end before epoch %d", e.Row.Fence)
		}
		fmt.Fprintln(o)
	case session.DeleteChannel:
		fmt.Fprintf(o, "delete channel %s\n", e.Channel)
	case session.SaveAccess:
		fmt.Fprintf(o, "save answer about %s: %s\n", e.Row.Document, strings.Join(e.Row.Permissions.Names(), ","))
	case session.DeleteAccess:
		fmt.Fprintf(o, "delete answer about %s\n", e.Document)
	default:
		s.t.Fatalf("unknown effect %T", e)
	}
}

func (s *story) since(t time.Time) string { return t.Sub(start).String() }

func str(d *datadriven.TestData, key, def string) string {
	for _, arg := range d.CmdArgs {
		if arg.Key == key && len(arg.Vals) > 0 {
			return arg.Vals[0]
		}
	}
	return def
}

func (s *story) uint(d *datadriven.TestData, key string, def uint64) (n uint64) {
	if _, err := fmt.Sscan(str(d, key, fmt.Sprint(def)), &n); err != nil {
		s.t.Fatalf("%s: %s: %v", d.Pos, key, err)
	}
	return n
}

func (s *story) duration(d *datadriven.TestData, key string, def time.Duration) time.Duration {
	v, err := time.ParseDuration(str(d, key, def.String()))
	if err != nil {
		s.t.Fatalf("%s: %s: %v", d.Pos, key, err)
	}
	return v
}
