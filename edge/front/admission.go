package front

import (
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What an admission waits for.
const (
	awaitDocument  = "document"
	awaitMetadata  = "metadata"
	awaitKeys      = "keys"
	awaitNoted     = "noted"
	awaitSignature = "signature"
	awaitClaims    = "claims"
	awaitGrant     = "grant"
	awaitSocket    = "socket"
	awaitResume    = "resume"
	awaitFirst     = "first"
	awaitAppKey    = "app_key"
	awaitHandler   = "handler"
	awaitPlace     = "place"
	awaitPlaced    = "placed"

	awaitDocumentKey = "document_key"
	awaitDelegation  = "delegation"
)

// admission is an attempt to be admitted: all that is known of it between a step and that
// step's result. The caller carries it as the step's state.
type admission struct {
	await string
	// connect is an upgrade; otherwise only the token is asked about.
	connect bool
	// device is the user's device channel, which has no document; flat says that it was
	// asked for at seed S1's own address, and a refusal is in S1's form.
	device, flat bool
	// app is a server-side program that joins a user's session; held says that its
	// socket is accepted already, and first the frame that the object receives before all others.
	app, held bool
	// sdk says that the app speaks as @mentra/sdk does.
	sdk   bool
	first string
	// pkg is the app's name, and keyID its key's, once that is known. address is whence it
	// comes: that of all its users' apps.
	pkg, keyID, address string
	// taken says that it counts among what its address may do, and refused why it is.
	taken   bool
	refused *protocol.Error
	// origin is the page's, if that is why it is refused.
	origin string
	// browser decides the form of a refusal: a page cannot read an HTTP error.
	browser  bool
	protocol string
	token    string

	document, client, session string
	// lastSeq is the decimal text of last_seq, empty when none was sent.
	lastSeq string
	// position is the client's, "" for none.
	position string
	// redial says that the client has dialled by itself.
	redial bool
	// subject is the user, and claims what the session object is sent of the
	// token, once it is verified.
	subject string
	claims  []byte
	// keyHash is that of a document key, and appends says that its body may be as large as those are.
	keyHash string
	appends bool
	// hash is that of a delegation's key, until the database has found it; delegated is what the
	// session object is asked then.
	hash      string
	delegated []byte
	// page is a request of a user's with a token, for the handler: length is what it says of its
	// body's, and cors are the headers of the answer.
	page         bool
	length, cors string
	// documented, fetched and readmitted keep a turn from being taken twice.
	documented, fetched, readmitted bool
}

func (a *admission) append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	for _, m := range a.texts() {
		if *m.value != "" {
			w.Str(m.name, *m.value)
		}
	}
	for _, m := range a.flags() {
		if *m.value {
			w.Bool(m.name, true)
		}
	}
	if a.claims != nil {
		w.Raw("claims", a.claims)
	}
	if a.delegated != nil {
		w.Raw("delegated", a.delegated)
	}
	return w.End()
}

// readAdmission walks the state once: it holds the token, and is read at each turn.
func readAdmission(state []byte) (*admission, bool) {
	a := &admission{}
	texts, flags := a.texts(), a.flags()
	o, _ := jsonscan.Parse(state)
walk:
	for o.Next() {
		for _, m := range texts {
			if jsonscan.Equal(o.Key(), m.name) {
				*m.value, _ = jsonscan.Str(o.Value())
				continue walk
			}
		}
		for _, m := range flags {
			if jsonscan.Equal(o.Key(), m.name) {
				*m.value, _ = jsonscan.Bool(o.Value())
				continue walk
			}
		}
		switch {
		case jsonscan.Equal(o.Key(), "claims"):
			a.claims = o.Value()
		case jsonscan.Equal(o.Key(), "delegated"):
			a.delegated = o.Value()
		}
	}
	return a, a.await != ""
}

type member[T any] struct {
	name  string
	value *T
}

func (a *admission) texts() []member[string] {
	return []member[string]{
		{"await", &a.await}, {"protocol", &a.protocol}, {"token", &a.token}, {"document", &a.document}, {"client", &a.client},
		{"session", &a.session}, {"last_seq", &a.lastSeq}, {"position", &a.position}, {"subject", &a.subject}, {"address", &a.address},
		{"package", &a.pkg}, {"key_id", &a.keyID}, {"first", &a.first}, {"key_hash", &a.keyHash}, {"hash", &a.hash}, {"length", &a.length}, {"cors", &a.cors},
	}
}

func (a *admission) flags() []member[bool] {
	return []member[bool]{
		{"connect", &a.connect}, {"device", &a.device}, {"flat", &a.flat}, {"browser", &a.browser}, {"documented", &a.documented}, {"fetched", &a.fetched}, {"readmitted", &a.readmitted},
		{"app", &a.app}, {"held", &a.held}, {"sdk", &a.sdk}, {"taken", &a.taken}, {"redial", &a.redial}, {"appends", &a.appends}, {"page", &a.page},
	}
}
