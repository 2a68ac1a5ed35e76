package front

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// delegations is where delegations are, by the hash of their key: see appKeys.
const delegations = "SELECT id, user_id, document_id, name, role, issued_at, expires_at, revoked_at IS NOT NULL FROM delegations WHERE hash = ?"

const (
	reasonDelegationKey = "delegation_key_invalid"
	// reasonDelegationsAway is of a database that did not answer.
	reasonDelegationsAway = "delegations_unavailable"
)

// delegation is what the database says of a key.
type delegation struct {
	id, user, document, name, role string
	issued, expires                int64 // in milliseconds
	revoked                        bool
}

// delegationKey reports whether a token is for the database to judge, and for nobody else.
func delegationKey(token string) bool { return strings.HasPrefix(token, protocol.DelegationKeyPrefix) }

// delegate lets a program in that acts for a user on one document: by its key, under the name that
// the key says. It is the last that sees the key.
func (f *Front) delegate(r request, a *admission, now time.Time) []byte {
	key := a.token
	a.token = ""
	id, good := protocol.KeyID(key, protocol.DelegationKeyPrefix)
	bearer, _ := r.bearer()
	switch {
	case f.cfg.Fault != nil:
		return a.fail(f.cfg.Fault)
	case bearer != key:
		return a.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: reasonDelegationKey,
			Message: "A delegation's key belongs in the Authorization header: a URL ends up in logs, and a page's visitors read what the page sends."})
	case !good:
		return a.fail(delegationInvalid())
	case a.client != "" && a.client != protocol.DelegateClient(id):
		return a.fail(invalid("client_id"))
	}
	a.client, a.hash = protocol.DelegateClient(id), access.KeyHash(key)
	if err := f.turned.find(a.hash, now); err != nil {
		return a.fail(err)
	}
	a.await = awaitDelegation
	return a.query(databasePatience, delegations, a.hash)
}

// delegationFound takes what the database says of a key.
func (f *Front) delegationFound(a *admission, result []byte, now time.Time) []byte {
	rows, answered := queried(result)
	if !answered {
		return a.fail(&protocol.Error{Code: protocol.ServiceUnavailable, Reason: reasonDelegationsAway, RetryAfter: time.Second})
	}
	d := readDelegation(rows)
	var err *protocol.Error
	switch {
	case d.id == "" || protocol.DelegateClient(d.id) != a.client:
		err = delegationInvalid()
	case d.revoked:
		err = &protocol.Error{Code: protocol.TokenRevoked, Reason: "delegation_revoked", Message: "The delegation has been revoked."}
	case now.UnixMilli() >= d.expires:
		err = &protocol.Error{Code: protocol.TokenRevoked, Reason: "delegation_ended", Message: "The delegation has ended."}
	case d.document != a.document:
		return a.fail(&protocol.Error{Code: protocol.InsufficientPermissions, Reason: "delegation_of_another_document",
			Message: "The delegation is for another document."})
	}
	if err != nil {
		f.turned.keep(a.hash, err, now)
		return a.fail(err)
	}
	withheld := permission.Set(0)
	if d.role != "" {
		withheld = permission.Diff(permission.All, permission.DocumentRole(d.role).Levels())
	}
	a.subject, a.hash = d.user, ""
	r := call.AdmitDelegate{
		Document: d.document, UserID: d.user, Delegation: d.id, Name: d.name, Withheld: withheld,
		IssuedAt: call.Moment(d.issued), Expires: call.Moment(d.expires),
	}
	a.delegated = r.Message().Text
	return a.admit(call.Readmit{})
}

// admitDelegate is the request for a delegate's grant, as of what the document has said.
func (a *admission) admitDelegate(back call.Readmit) call.Message {
	r, _ := call.ParseSession(a.delegated)
	d := &r.AdmitDelegate
	d.GoneAt, d.Access, d.Again = back.GoneAt, back.Access, back.Readmit
	return d.Message()
}

func readDelegation(rows []byte) (d delegation) {
	row := jsonscan.Elements(rows)
	if !row.Next() {
		return d
	}
	cells := jsonscan.Elements(row.Value())
	for _, into := range [...]*string{&d.id, &d.user, &d.document, &d.name, &d.role} {
		if cells.Next() {
			*into, _ = jsonscan.Str(cells.Value())
		}
	}
	revoked := int64(1)
	for _, into := range [...]*int64{&d.issued, &d.expires, &revoked} {
		if cells.Next() {
			*into, _ = jsonscan.Int(cells.Value())
		}
	}
	d.revoked = revoked != 0
	return d
}

// delegationInvalid is the one answer to a key that is no key or nobody's.
func delegationInvalid() *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reasonDelegationKey, Message: "The delegation's key is not valid here."}
}

// turnedKeys are the keys that were refused of late, by their hashes: a program that goes on trying
// one costs the database nothing. A key that the database does not know is no key a moment
// later, either: one is shown only once it is stored.
type turnedKeys struct{ keys map[string]turnedKey }

type turnedKey struct {
	until time.Time
	err   *protocol.Error
}

const (
	turnedFor  = 10 * time.Second
	turnedKept = 1024
)

func (t *turnedKeys) find(hash string, now time.Time) *protocol.Error {
	k, known := t.keys[hash]
	if left := k.until.Sub(now); known && left > 0 && left <= turnedFor {
		return k.err
	}
	return nil
}

func (t *turnedKeys) keep(hash string, err *protocol.Error, now time.Time) {
	if t.keys == nil || len(t.keys) >= turnedKept {
		t.keys = make(map[string]turnedKey)
	}
	t.keys[hash] = turnedKey{now.Add(turnedFor), err}
}
