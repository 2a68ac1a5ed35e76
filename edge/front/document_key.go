package front

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// documentKeys is where document keys are, by their hash.
const documentKeys = "SELECT expires_at, revoked_at IS NOT NULL FROM document_keys WHERE hash = ?"

// A key that was found good brings its requests to the handler for keyBelieved, without a
// question and whatever others at its address have tried: on the platform all Workers share one.
// Each request that the handler answers well is as good as a question. It lets nobody in: the
// handler looks at the table at each request. keysBelieved is how many are known at most.
const (
	keyBelieved  = 10 * time.Minute
	keysBelieved = 1024
)

// documentKey lets through what may be a server's request with a document key. A stranger
// is stopped here: by the form of the path and the key, by a limit for each address, and by one
// row of the database.
func (f *Front) documentKey(r request, key string, now time.Time) []byte {
	document, rest, below := strings.Cut(strings.TrimPrefix(r.url.Path, documentsAdmin), "/")
	if !strings.HasPrefix(r.url.Path, documentsAdmin) || !below || !protocol.DocumentID(document) {
		rest = ""
	}
	switch rest { // edge/admin's routes that have a scope: e2e.TestAKeyOpensWhatIsDescribed
	case "content", "export", "presence", "operations", "comments":
	default:
		err := access.NotForThisKey()
		return f.logged(respond(err), r.address, err, turnedAway("key_refused", err), now)
	}
	a := &admission{await: awaitDocumentKey, address: r.address, keyHash: access.KeyHash(key), appends: appends(r.url.Path)}
	if until, known := f.keys[a.keyHash]; known && now.Before(until) {
		a.await = awaitHandler
		return f.handler(r, f.adminBody(r.url.Path), a)
	}
	if wait := f.logins.take(r.address, now); wait > 0 {
		return respond(tooMany("too_many_logins", wait))
	}
	return a.query(databasePatience, documentKeys, a.keyHash)
}

// documentKeyFound takes what the database says of it.
func (f *Front) documentKeyFound(a *admission, result []byte, now time.Time) []byte {
	rows, answered := queried(result)
	if !answered {
		f.logins.give(a.address) // nobody has guessed wrong
		return respond(&protocol.Error{Code: protocol.ServiceUnavailable, Reason: "database_unavailable", RetryAfter: time.Second})
	}
	err := access.NotAnOperator()
	if row := jsonscan.Elements(rows); row.Next() {
		cells := jsonscan.Elements(row.Value())
		cells.Next()
		expires, _ := jsonscan.Uint(cells.Value())
		cells.Next()
		switch {
		case !jsonscan.Equal(cells.Value(), "0"):
			err = access.KeyRevoked()
		case expires != 0 && now.UnixMilli() >= int64(expires):
			err = access.KeyExpired()
		default:
			f.logins.give(a.address)
			f.believe(a.keyHash, now)
			return f.handler(request{}, f.bodyOf(a.appends), nil)
		}
	}
	return f.logged(respond(err), a.address, err, turnedAway("key_refused", err), now)
}

func (f *Front) believe(hash string, now time.Time) {
	if _, known := f.keys[hash]; f.keys == nil || !known && len(f.keys) >= keysBelieved {
		f.keys = map[string]time.Time{}
	}
	f.keys[hash] = now.Add(keyBelieved)
}

const documentsAdmin = "/v1/admin/documents/"

// appends reports whether a path is one that servers add to documents by.
func appends(path string) bool {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, documentsAdmin), "/")
	return strings.HasPrefix(path, documentsAdmin) && (rest == "operations" || rest == "comments")
}

// adminBody is how large the body of an operators' route may be.
func (f *Front) adminBody(path string) int { return f.bodyOf(appends(path)) }

func (f *Front) bodyOf(appends bool) int {
	if appends {
		return f.cfg.AppendBody
	}
	return f.cfg.AdminBody
}
