package session_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// BenchmarkPermissionCache is an admission whose permission is cached, in a session
// that knows as many documents as the cache holds.
func BenchmarkPermissionCache(b *testing.B) {
	at := time.Date(2026, 11, 21, 14, 0, 0, 0, time.UTC)
	ses := session.New(session.Config{})
	admit := func(ask uint64, document string) session.Admit {
		return session.Admit{
			Ask: ask, Channel: document, ClientID: "laptop", NewSessionID: "s1",
			Claims: session.Claims{UserID: "ann", Expires: at.Add(time.Hour)},
		}
	}
	const known = 256
	for i := range known {
		ses.Step(at, admit(1, fmt.Sprintf("d%03d", i)))
		ses.Step(at, session.AccessFound{Question: session.Question{Ask: 1}, Access: session.Access{
			Found: true, WorkspaceID: "ws", Source: permission.Source{Workspace: permission.MemberRole},
		}})
	}
	hits := 0
	for i := 0; b.Loop(); i++ {
		at = at.Add(time.Microsecond)
		for _, e := range ses.Step(at, admit(uint64(i), fmt.Sprintf("d%03d", i%known))) {
			if a, ok := e.(session.Answer); ok && a.Err == nil {
				hits++
			}
			if _, ok := e.(session.LookUp); ok {
				b.Fatal("the source was asked")
			}
		}
	}
	if hits == 0 {
		b.Fatal("nobody was admitted")
	}
}
