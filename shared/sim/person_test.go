package sim_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/sim"
)

// nobody is what the permission source says of a user whom it does not know.
var nobody = permission.Source{}

func sessionRevokeAll(ask uint64, user string) session.Revoke {
	return session.Revoke{Ask: ask, UserID: user, All: true, Reason: "user_erased", By: "olive"}
}

// forgotten empties the user's object, as its shell does: who waits is answered, and what is
// left says that no token of before is good, and not whose.
func (u *user) forgotten() {
	w := u.w
	for _, ask := range slices.Sorted(maps.Keys(w.waits)) {
		if answer := w.waiting[ask]; w.waits[ask] == u {
			delete(w.waiting, ask)
			delete(w.waits, ask)
			w.After(0, func() { answer(session.Answer{Err: &protocol.Error{Code: protocol.TokenRevoked}}) })
		}
	}
	left := u.ses.Snapshot().Remains(w.Now)
	u.store = sim.NewSessionStorage()
	u.store.Lists = true
	u.store.Row = left
	ses, err := session.Restore(w.sesCfg, u.store.Snapshot())
	if err != nil {
		w.fail("what is left of %s does not restore: %v", u.id, err)
	}
	u.ses, u.alarm, u.resumes = ses, time.Time{}, map[string]int{}
	u.op.before, u.op.everything = left.RevokedBefore, left.SignInsBefore
	clear(u.op.asked)
}

// leavesNoTrace holds what the user's object writes down to this: of somebody who was erased and
// has no session since it names nothing.
func (u *user) leavesNoTrace(what any) {
	if u.erasure == nil || !u.erasure.done {
		return
	}
	if u.erasure.back = u.erasure.back || u.store.Row.ID != ""; u.erasure.back {
		return
	}
	if text := fmt.Sprintf("%+v", what); strings.Contains(text, u.id) {
		u.w.fail("%s was erased, and stored is %s", u.id, text)
	}
}
