package front

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sessionid"
)

// An app's key is hfa_<id, 16 hex digits>_<32 random bytes, base64url>.
const keyPrefix = "hfa_"

const (
	reasonKeyInvalid = "app_key_invalid"
	// reasonKeysAway is of a database that did not answer.
	reasonKeysAway = "app_keys_unavailable"
)

// appKeys is where keys are, by their hash. The comparison is the database's and takes as
// long as it takes: it is one of hashes, and whoever learnt how much of one is right would
// have to find a text that hashes to it. The text is 32 random bytes, so that no salt and
// no slow hash is needed either.
const (
	appKeys          = "SELECT id, package, revoked_at IS NOT NULL FROM app_keys WHERE hash = ?"
	databaseBinding  = "DB"
	databasePatience = 5 * time.Second
)

// lookUp asks whose a key is. It is the last that sees the key.
func (f *Front) lookUp(a *admission, key string) []byte {
	if _, isKey := protocol.KeyID(key, keyPrefix); !isKey {
		return a.fail(keyInvalid())
	}
	a.await = awaitAppKey
	return a.query(databasePatience, appKeys, access.KeyHash(key))
}

// query asks the database, and goes on with its answer (see queried).
func (a *admission) query(patience time.Duration, sql string, args ...string) []byte {
	w := step("query")
	w.Str("binding", databaseBinding)
	w.Str("sql", sql)
	w.Strs("args", args)
	w.Int("timeout_ms", patience.Milliseconds())
	return a.next(w)
}

// queried returns the rows of the database's answer, and false where it has not answered.
func queried(result []byte) (rows []byte, ok bool) {
	rows = jsonscan.Field(result, "rows")
	return rows, len(rows) > 0 && rows[0] == '['
}

// keyFound takes what the database says of a key.
func (f *Front) keyFound(a *admission, result []byte) []byte {
	rows, answered := queried(result)
	if !answered {
		return a.fail(&protocol.Error{Code: protocol.ServiceUnavailable, Reason: reasonKeysAway, RetryAfter: time.Second})
	}
	row := jsonscan.Elements(rows)
	if !row.Next() {
		return a.fail(keyInvalid())
	}
	var column [3][]byte
	cells := jsonscan.Elements(row.Value())
	for i := 0; i < len(column) && cells.Next(); i++ {
		column[i] = cells.Value()
	}
	id, _ := jsonscan.Str(column[0])
	pkg, _ := jsonscan.Str(column[1])
	a.keyID = id
	switch {
	case pkg == "" || a.pkg != "" && a.pkg != pkg:
		return a.fail(keyInvalid()) // whose key it is, is nobody else's business
	case !jsonscan.Equal(column[2], "0"):
		return a.fail(&protocol.Error{Code: protocol.TokenRevoked, Reason: "app_key_revoked", Message: "The app's key has been revoked."})
	}
	a.pkg = pkg
	if !sessionid.Signed(a.session, f.cfg.AppSecrets) {
		// Nobody was ever given it: no object is woken, or made, to say so.
		err := protocol.AppNotStarted()
		return a.fail(&err)
	}
	a.subject, _ = protocol.AppSessionUser(a.session)
	return f.toUser(a)
}

// toUser takes an app to the object of the user its session id names. Whether that session
// has started the app, only the object knows.
func (f *Front) toUser(a *admission) []byte {
	r := call.ConnectApp{App: call.AppName{Package: a.pkg, KeyID: a.keyID, SessionID: a.session}, Protocol: a.protocol}
	return f.forward(a, a.subject, r.Message())
}

// keyInvalid is the one answer to a key that is no key, nobody's or another app's.
func keyInvalid() *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: reasonKeyInvalid, Message: "The app's key is not valid here."}
}
