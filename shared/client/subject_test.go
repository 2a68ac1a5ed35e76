package client

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A server may take its users' names from another claim than user_id: who somebody is, its
// connection_ack says.

// claimed is a token with these claims beside its times.
func (w *world) claimed(claims string) string {
	part := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	text := fmt.Sprintf(`{%s,"iat":%d,"exp":%d,"n":%d}`, claims, w.now.Unix(), w.now.Add(15*time.Minute).Unix(), len(w.tokens))
	tok := part(`{"alg":"RS256"}`) + "." + part(text) + "." + part("sig")
	w.tokens = append(w.tokens, tok)
	return tok
}

func (w *world) acknowledgeAs(t *fakeTab, user, session string) {
	gen := t.c.conn.Gen()
	w.do(t, Opened{Gen: gen})
	w.do(t, Received{Gen: gen, Text: frame("system", "connection_ack", protocol.ConnectionAck{UserID: user, SessionID: session, ServerTime: w.now}.Append(nil))})
}

func TestServerNamesTheUser(t *testing.T) {
	for _, c := range []struct{ what, claims, user, others string }{
		{"sub", `"sub":"auth0|1","name":"Ann"`, "auth0|1", `"sub":"auth0|2","name":"Ann"`},
		{"sub beside user_id", `"user_id":"u1","sub":"auth0|1"`, "auth0|1", `"user_id":"u1","sub":"auth0|2"`},
		{"the e-mail, in lower case", `"user_id":"u1","email":"Ann@Example.com"`, "ann@example.com", `"user_id":"u1","email":"ben@example.com"`},
		{"a claim of the issuer's own", `"https://app.example/id":"a-7","sub":"s1"`, "a-7", `"https://app.example/id":"a-8","sub":"s1"`},
		{"a number", `"user_id":42`, "42", `"user_id":43`},
	} {
		t.Run(c.what, func(t *testing.T) {
			w := newWorld()
			w.onWrite = w.answerPings
			t1 := w.open("t1")
			w.do(t1, TokenFetched{Token: w.claimed(c.claims)})
			w.acknowledgeAs(t1, c.user, "s1")
			t2 := w.open("t2") // follows, by what the leader says
			n1 := w.open("n1", func(c *Config) { c.Document, c.Locks = "notes", false })
			w.do(n1, TokenFetched{Token: w.claimed(c.claims)}) // knows the token only
			w.lines = nil
			w.advance(time.Second)
			want(t, w, "fetch token", 0) // nobody else has signed in
			w.do(t1, Refresh{})
			w.do(t1, TokenFetched{Token: w.claimed(c.claims)})
			want(t, w, "autherror", 0)
			want(t, w, `t1: write 1 {"type":"system","event":"token_refresh"`, 1)
			want(t, w, "t2: emit tokenrefresh", 1)
			if t2.c.tabs.foreign || t2.c.session.userID != c.user {
				t.Errorf("t2 follows nobody: %q", t2.c.session.userID)
			}
			w.acknowledgeAs(n1, c.user, "s1")
			want(t, w, "autherror", 0)

			w.lines = nil
			w.do(t1, Refresh{})
			w.do(t1, TokenFetched{Token: w.claimed(c.others)})
			want(t, w, `t1: emit autherror {"code":"AUTHENTICATION_FAILED"`, 1)
			w.lines = nil
			w.do(n1, SignOut{})
			if !n1.c.stopped {
				t.Error("n1 goes on")
			}
		})
	}
}

// Signing out ends the tabs of the same user, also one that knows its token only.
func TestSignOutByAnotherName(t *testing.T) {
	w := newWorld()
	w.onWrite = w.answerPings
	t1 := w.open("t1")
	w.do(t1, TokenFetched{Token: w.claimed(`"user_id":"u1","sub":"auth0|1"`)})
	w.acknowledgeAs(t1, "auth0|1", "s1")
	n1 := w.open("n1", func(c *Config) { c.Document, c.Locks = "notes", false })
	w.do(n1, TokenFetched{Token: w.claimed(`"user_id":"u1","sub":"auth0|1"`)})
	m1 := w.open("m1", func(c *Config) { c.Document, c.Locks = "more", false })
	w.do(m1, TokenFetched{Token: w.claimed(`"user_id":"u2","sub":"auth0|2"`)})
	w.do(t1, SignOut{})
	if !n1.c.stopped || m1.c.stopped {
		t.Errorf("the same user's tab stopped: %v, another's: %v", n1.c.stopped, m1.c.stopped)
	}
}

// An app that says who is signed in says it as the server does.
func TestUserOptionIsTheServersWord(t *testing.T) {
	w := newWorld()
	t1 := w.open("t1", func(c *Config) { c.User = "auth0|1" })
	w.do(t1, TokenFetched{Token: w.claimed(`"user_id":"u1","sub":"auth0|1"`)})
	w.acknowledgeAs(t1, "auth0|1", "s1")
	want(t, w, "autherror", 0)
	want(t, w, `t1: emit state {"state":"connected"`, 1)
	t2 := w.open("t2", func(c *Config) { c.User = "auth0|2"; c.Document, c.Locks = "notes", false })
	w.do(t2, TokenFetched{Token: w.claimed(`"user_id":"u1","sub":"auth0|1"`)})
	want(t, w, `t2: emit autherror`, 1)
}
