package session_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
	"github.com/holdfast-dev/holdfast/shared/sim/clock"
	"github.com/holdfast-dev/holdfast/shared/sim/story"
)

// start is when every story begins.
var start = clock.Start

// player plays a transcript: a command is an event, its output every effect in
// order.
type player struct {
	ses   *session.Session
	store *sim.SessionStorage
	now   time.Time
	alarm story.Alarm
	out   *strings.Builder
	t     *testing.T
}

// TestStories plays testdata.
func TestStories(t *testing.T) {
	story.Run(t, func(*testing.T) func(d *story.Command) {
		s := &player{ses: session.New(session.Config{}), store: sim.NewSessionStorage(), now: start, alarm: story.None}
		return s.play
	})
}

func (s *player) play(d *story.Command) {
	s.t, s.out = d.T, d.Out
	s.now = d.Moment("at", s.now)
	switch d.Cmd {
	case "admit":
		user := d.Str("user", "ann")
		s.step(session.Admit{
			Ask: d.Uint("ask", 1), Channel: d.Str("doc", "welcome"), ClientID: d.Str("client", "laptop"),
			Claims: session.Claims{UserID: user, Name: strings.ToUpper(user[:1]) + user[1:], TokenID: d.Str("jti", ""),
				IssuedAt: d.Moment("issued", s.now), Expires: start.Add(d.Span("expires", 15*time.Minute))},
			Refresh: d.Has("refresh"), Access: d.Uint("knows", 0), Again: d.Has("gone"), GoneAt: s.goneAt(d),
			NewSessionID: d.Str("new", "s1"),
		})
	case "found":
		s.step(session.AccessFound{Question: s.question(d), Access: s.access(d)})
	case "failed":
		s.step(session.AccessFailed{Question: s.question(d)})
	case "access-changed":
		s.step(session.AccessChanged{
			Ask: d.Uint("ask", 1), UserID: "ann", Document: d.Str("doc", ""), WorkspaceID: d.Str("workspace", ""), Access: d.Uint("knows", 0),
			Reason: d.Str("reason", ""), By: d.Str("by", ""),
		})
	case "revoke":
		e := session.Revoke{Ask: d.Uint("ask", 1), UserID: "ann", TokenID: d.Str("jti", ""), SignIn: d.Str("sign-in", ""), ClientID: d.Str("client", ""),
			All: !d.Has("jti") && !d.Has("before") && !d.Has("sign-in") && !d.Has("client"), Reason: d.Str("reason", ""), By: d.Str("by", "olive")}
		if d.Has("before") {
			e.Before = d.Moment("before", start)
		}
		s.step(e)
	case "kick":
		s.step(session.Kick{Ask: d.Uint("ask", 1), UserID: "ann", Channel: d.Str("doc", ""), Reason: d.Str("reason", ""), By: d.Str("by", "olive")})
	case "ended":
		s.step(session.Ended{
			Channel: d.Str("doc", "welcome"), Fence: d.Uint("fence", 0), OK: !d.Has("failed"), Closed: d.Has("closed"),
			Gone: d.Has("closed") || d.Has("gone"), LastMessageID: d.Str("last", ""), AdmittedAt: d.Moment("admitted", start),
		})
	case "pushed":
		s.step(session.Pushed{Channel: d.Str("doc", "welcome"), Epoch: d.Uint("epoch", 1), OK: !d.Has("failed")})
	case "channel-gone":
		e := session.ChannelGone{Channel: d.Str("doc", "welcome"), ClientID: d.Str("client", ""), SessionID: d.Str("session", "s1"), Reason: d.Str("reason", "grace_expired")}
		if d.Has("admitted") {
			e.AdmittedAt = d.Moment("admitted", start)
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
		fmt.Fprintf(s.out, "restored with %d channels and %d answers\n", len(s.store.Channels), len(s.store.Access))
	default:
		d.Unknown()
	}
	at, ok := s.ses.Deadline()
	s.alarm.Show(s.out, at, ok)
}

// goneAt is gone=<the admission that was sent back>.
func (s *player) goneAt(d *story.Command) time.Time {
	if !d.Has("gone") {
		return time.Time{}
	}
	return d.Moment("gone", start)
}

// question is the number of one: ask=1 of a connect, own=1 of the object's own.
func (s *player) question(d *story.Command) session.Question {
	if d.Has("own") {
		return session.Question{Own: d.Uint("own", 1)}
	}
	return session.Question{Ask: d.Uint("ask", 1)}
}

func (s *player) access(d *story.Command) session.Access {
	return session.Access{
		Found: !d.Has("missing"), Locked: d.Has("locked"), WorkspaceID: "ws_demo",
		Source: permission.Source{
			Workspace: permission.WorkspaceRole(d.Str("workspace", "")), Document: permission.DocumentRole(d.Str("grant", "")),
			Restricted: d.Has("restricted"),
		},
	}
}

func (s *player) step(ev session.Event) {
	for _, e := range s.ses.Step(s.now, ev) {
		s.store.Apply(e)
		s.show(e)
	}
}

func (s *player) show(e session.Effect) {
	o := s.out
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
			fmt.Fprintf(o, ", unpushed epoch %d", e.Row.Unpushed)
		}
		if e.Row.Stale {
			fmt.Fprint(o, ", stale")
		}
		if e.Row.Fence > 0 {
			fmt.Fprintf(o, ", fence before epoch %d", e.Row.Fence)
		}
		fmt.Fprintln(o)
	case session.DeleteChannel:
		fmt.Fprintf(o, "delete channel %s/%s\n", e.Channel, e.ClientID)
	case session.SaveAccess:
		fmt.Fprintf(o, "save answer about %s: %s\n", e.Row.Document, strings.Join(e.Row.Permissions.Names(), ","))
	case session.DeleteAccess:
		fmt.Fprintf(o, "delete answer about %s\n", e.Document)
	default:
		s.t.Fatalf("unknown effect %T", e)
	}
}

func (s *player) since(t time.Time) string { return t.Sub(start).String() }
