//go:build !js

package e2e

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// letIn counts the log's lines of a user's connects, by who let the user in.
func (s *server) letIn(user string) (byDocument, all int) {
	for _, e := range s.entries() {
		if e.fields["event"] == "connect_admitted" && e.fields["user_id"] == user {
			all++
			if e.fields["by"] == "document" {
				byDocument++
			}
		}
	}
	return byDocument, all
}

// admitted is how often the user's object has let the user in on a document.
func (s *server) admitted(user string) (n int) {
	list, _ := s.must("GET", "/v1/admin/users/"+user+"/audit", ``)["entries"].([]any)
	for _, e := range list {
		if at(e, "event") == "admitted" {
			n++
		}
	}
	return n
}

// TestComesBackInOneHop: in grace and by the same token the document lets a client in; the user's
// object sleeps on. By another token, after a hibernation of a document that nobody was on, or after
// a kill, the user's object is asked.
//
// Holds: "a client that comes back in its grace period by the same token wakes only its document".
func TestComesBackInOneHop(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	st := cutOff(t, s, (*conn).reset)
	st.miss(4, 8)
	s.Evict("UserSession", "usr_editor")
	s.Evict("Document", "welcome") // the owner's socket is kept
	c := st.resumes(t, s)
	s.awaitEntry(map[string]any{"event": "connect_admitted", "user_id": "usr_editor", "by": "document", "document": "welcome"})
	if n := s.admitted("usr_editor"); n != 1 {
		t.Errorf("the user's object was asked %d times", n)
	}
	c.reset()
	st.back.token, st.back.lastSeq = s.Login("editor"), 8
	if c = s.connect(st.back); c.ack.Data["resumed"] != true || c.ack.text("session_id") != st.back.sessionID {
		t.Errorf("by another token: %v", c.ack.Data)
	}
	if n := s.admitted("usr_editor"); n != 2 {
		t.Errorf("by another token the user's object was asked %d times in all", n)
	}
	c.reset()
	c = s.connect(st.back)
	c.reset()
	s.must("POST", "/v1/admin/users/usr_editor/kick", `{}`)
	if c = s.connect(st.back); c.ack.Data["resumed"] != false {
		t.Errorf("after a kick: %v", c.ack.Data)
	}
	one, all := s.letIn("usr_editor")
	for end := time.Now().Add(patience); all < 5 && time.Now().Before(end); one, all = s.letIn("usr_editor") {
	}
	if one != 2 || all != 5 {
		t.Errorf("of %d connects the document alone has let in %d", all, one)
	}
}

// TestRevokedWhileComingBack: the attacker holds somebody's token, their session's name and their
// client id, and comes back again and again, on a document that lets them in alone, while an operator
// revokes. Once that is answered nobody is let in by the token, and nothing is accepted.
//
// Holds: "a revoked token is worth nothing, also when it comes back".
func TestRevokedWhileComingBack(t *testing.T) {
	t.Parallel()
	s := start(t, map[string]string{
		"RESUMES_PER_DOCUMENT_PER_MIN": "100000", "RESUMES_PER_DOCUMENT_BURST": "100000", "CONNECTS_PER_USER_PER_MIN": "100000", "CONNECTS_PER_IP_PER_MIN": "unlimited",
		"CONNECTIONS_PER_USER": "3",
	})
	f := newForger()
	for _, how := range []string{"token", "all"} {
		jti := "stolen-" + how
		token := f.token(func(_, c map[string]any) {
			c["user_id"], c["jti"], c["iat"] = "usr_editor", jti, time.Now().Add(-10*time.Second).Unix()
		})
		var mu sync.Mutex
		var answered time.Time
		after := func(began time.Time) bool {
			mu.Lock()
			defer mu.Unlock()
			return !answered.IsZero() && began.After(answered)
		}
		ready, stop := make(chan struct{}, 3), make(chan struct{})
		var attackers sync.WaitGroup
		for i := range 3 {
			attackers.Go(func() {
				d := dialling{document: "welcome", clientID: fmt.Sprint(how, i), token: token}
				for n := 0; ; n++ {
					if n == 8 {
						ready <- struct{}{}
					}
					select {
					case <-stop:
						return
					default:
					}
					began := time.Now()
					c, _, err := d.dial(s)
					if err != nil {
						continue
					}
					first, err := c.read()
					if err == nil && first.Event == "connection_ack" {
						if after(began) {
							t.Errorf("%s: let in after it was answered: %v", how, first.Data)
						}
						d.sessionID = first.text("session_id")
						wrote := time.Now()
						if c.writes(fmt.Sprintf("%s-%d-%d", how, i, n)) && after(wrote) {
							t.Errorf("%s: an op was accepted after it was answered", how)
						}
					}
					c.reset()
				}
			})
		}
		for range 3 {
			<-ready
		}
		switch how {
		case "token":
			s.must("POST", "/v1/admin/users/usr_editor/revoke", fmt.Sprintf(`{"jti":%q}`, jti))
		case "all":
			s.must("POST", "/v1/admin/users/usr_editor/revoke", `{"all":true}`)
		}
		mu.Lock()
		answered = time.Now()
		mu.Unlock()
		time.Sleep(300 * time.Millisecond) // for attempts of after the answer
		close(stop)
		attackers.Wait()
		s.refused(dialling{document: "welcome", clientID: how + "0", token: token}, "TOKEN_REVOKED")
	}
	if one, all := s.letIn("usr_editor"); one == 0 {
		t.Errorf("of %d connects none was let in by the document alone", all)
	}
}
