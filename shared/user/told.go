package user

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// teller is the User as its events see it.
type teller struct{ *User }

func (u teller) Emit(e delivery.Effect) { u.emit(FromEvents{e}) }

// Told is what is known of the events that go to the deployment's backend.
func (u *User) Told() *delivery.Queue { return &u.told }

// tell tells the backend of what is in the audit log and concerns it: sessions, and that tokens
// were revoked. It gets no token, and no id of one.
func (u *User) tell(now time.Time, line session.Record) {
	e := &line.Entry
	what := ""
	switch e.Event {
	case audit.SessionStarted:
		what = delivery.SessionStarted
	case audit.SessionEnded:
		what = delivery.SessionEnded
	case audit.TokensRevoked:
		what = delivery.UserRevoked
	}
	if what == "" || !u.told.Wants(what) {
		return
	}
	w := jsonscan.NewObject(nil)
	if what != delivery.UserRevoked {
		w.Str("session_id", line.SessionID)
	} else {
		w.Str("what", revokes(e.Detail))
		if e.ClientID != "" {
			w.Str("client_id", e.ClientID)
		}
		if e.Reason != "" {
			w.Str("reason", e.Reason)
		}
	}
	u.told.Put(now, what, w.End())
}

// revokes is what was revoked, as one word.
func revokes(detail string) string {
	switch detail {
	case "all":
		return "all"
	case "one token":
		return "token"
	case "one sign-in":
		return "sign_in"
	case "one client":
		return "client"
	}
	return "before"
}
