package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// S2: "Auth-->>WS: User context + permissions", "Cache-->>WS: Cached user context" and
// "Cache hit latency | <1ms": from the cache the same is said as from the source, and
// without asking anybody.
func TestSpecContext(t *testing.T) {
	s := session.New(session.Config{})
	a := admission(1, "s1")
	a.Claims.Name, a.Claims.TokenID = "Ann", "token_unique_id"
	miss, asked := ask(t, s, start, a, member)
	if !asked {
		t.Fatal("nobody was asked")
	}
	a.Ask = 2
	hit, asked := ask(t, s, start.Add(time.Minute), a, session.Access{})
	if asked {
		t.Error("the source was asked again")
	}
	for _, got := range []session.Answer{miss, hit} {
		g := got.Grant
		if got.Err != nil || g.UserID != "ann" || g.Name != "Ann" || g.WorkspaceID != "ws" || g.WorkspaceRole != "member" ||
			strings.Join(g.Permissions.Names(), ",") != "read,write,comment" || g.TokenID != "token_unique_id" || !g.Expires.Equal(start.Add(time.Hour)) {
			t.Errorf("answered %+v", got)
		}
	}
}

// S2: "A[Workspace Permission] --> B[Document Permission]", “subgraph "Workspace Level"
// D[owner] E[admin] F[member] G[viewer]” and “subgraph "Document Level" H[full_access]
// I[edit] J[comment] K[view]”: what either level comes to for the one who connects.
func TestSpecRoles(t *testing.T) {
	for _, tt := range []struct {
		workspace permission.WorkspaceRole
		document  permission.DocumentRole
		want      string
	}{
		{"owner", "", "read,write,comment,moderate,admin"}, {"admin", "", "read,write,comment,moderate,admin"},
		{"member", "", "read,write,comment"}, {"viewer", "", "read"}, {"", "", ""}, {"janitor", "", ""},
		{"viewer", "full_access", "read,write,comment,moderate,admin"}, {"", "edit", "read,write,comment"},
		{"owner", "comment", "read,comment"}, {"member", "view", "read"},
	} {
		access := member
		access.Source = permission.Source{Workspace: tt.workspace, Document: tt.document}
		answer, _ := ask(t, session.New(session.Config{}), start, admission(1, "s1"), access)
		if got := strings.Join(answer.Grant.Permissions.Names(), ","); got != tt.want || (answer.Err == nil) != (tt.want != "") {
			t.Errorf("%s with %s: %s, want %s", tt.workspace, tt.document, got, tt.want)
		}
	}
}

// S2: "Authenticated session established": one, over all of the user's documents,
// from the first that is opened until the last is gone; its id tells nothing.
func TestSpecOneSessionOverAllDocuments(t *testing.T) {
	s := session.New(session.Config{})
	admit := func(n uint64, document, id string) session.Answer {
		t.Helper()
		a := admission(n, id)
		a.Channel = document
		answer, _ := ask(t, s, start, a, member)
		return answer
	}
	notes, plans := admit(1, "notes", "s1"), admit(2, "plans", "s2")
	if notes.Grant.SessionID != "s1" || plans.Grant.SessionID != "s1" {
		t.Errorf("sessions %q and %q", notes.Grant.SessionID, plans.Grant.SessionID)
	}
	s.Step(start, session.ChannelGone{Channel: "notes", SessionID: "s1", AdmittedAt: notes.Grant.AdmittedAt})
	if again := admit(3, "notes", "s3"); again.Grant.SessionID != "s1" {
		t.Errorf("a session that goes on in another document is now %q", again.Grant.SessionID)
	}
}

// S1: "UserSession remains in memory": an object that was evicted or has crashed
// during the grace period answers as if it had not.
func TestSpecSessionSurvives(t *testing.T) {
	s := session.New(session.Config{})
	first, _ := ask(t, s, start, admission(1, "s1"), member)
	s, err := session.Restore(session.Config{}, s.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	again, asked := ask(t, s, start.Add(29*time.Second), admission(2, "s2"), member)
	if again.Grant.SessionID != "s1" || asked || again.Grant.Epoch != first.Grant.Epoch {
		t.Errorf("answered %+v, asked %v", again, asked)
	}
}

// S1: "Same coreToken is used": and nobody outside is needed to resume with it,
// also when the permission source does not answer.
func TestSpecSameToken(t *testing.T) {
	s := session.New(session.Config{})
	a := admission(1, "s1")
	first, _ := ask(t, s, start, a, member)
	for i, after := range []time.Duration{time.Second, time.Minute, 10 * time.Minute} {
		a.Ask, a.NewSessionID = uint64(i+2), "other"
		effects := append([]session.Effect(nil), s.Step(start.Add(after), a)...)
		effects = append(effects, s.Step(start.Add(after), session.AccessFailed{Question: session.Question{Ask: a.Ask}})...)
		var answer session.Answer
		for _, e := range effects {
			if found, ok := e.(session.Answer); ok {
				answer = found
			}
		}
		if answer.Ask != a.Ask || answer.Err != nil || answer.Grant.SessionID != first.Grant.SessionID || !answer.Grant.Expires.Equal(a.Claims.Expires) {
			t.Errorf("after %v: %+v", after, answer)
		}
	}
}

// S1: "Previous state is lost" and "New UserSession is created": a session nobody
// says a word about any more ends by itself, when token and grace have run out.
func TestSpecForgottenSessionEnds(t *testing.T) {
	s := session.New(session.Config{StaleAccess: 24 * time.Hour}) // or the source is asked in between
	ask(t, s, start, admission(1, "s1"), member)
	at, ok := s.Deadline()
	if want := start.Add(time.Hour + 25*time.Second + 30*time.Second); !ok || !at.Equal(want) {
		t.Fatalf("due at %v, want %v", at, want)
	}
	s.Step(at, session.Woken{})
	if again, _ := ask(t, s, at, admission(2, "s2"), member); again.Grant.SessionID != "s2" {
		t.Errorf("session %q", again.Grant.SessionID)
	}
}

// S2: "`DOCUMENT_LOCKED` | 423 | Document is locked | Wait and retry": one may come in
// and read; the grant tells the document, which refuses the writing.
func TestSpecLockedIsNoRefusal(t *testing.T) {
	locked := member
	locked.Locked = true
	answer, _ := ask(t, session.New(session.Config{}), start, admission(1, "s1"), locked)
	if answer.Err != nil || !answer.Grant.Locked || !answer.Grant.Permissions.Has(permission.Write) {
		t.Errorf("answered %+v", answer)
	}
	if row := protocol.Lookup(protocol.DocumentLocked); row.HTTP != 423 || row.Action != protocol.ActionWait {
		t.Errorf("%+v", row)
	}
}
