package front

import (
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What a flight waits for.
const (
	awaitKeys      = "keys"
	awaitNoted     = "noted"
	awaitSignature = "signature"
	awaitGrant     = "grant"
	awaitSocket    = "socket"
	awaitFirst     = "first"
	awaitAppKey    = "app_key"
	awaitHandler   = "handler"
)

// flight is one admission on its way: all that is known of it between a step and
// its result. It travels through the caller as the step's state.
type flight struct {
	await string
	// connect is an upgrade; otherwise only the token is asked about.
	connect bool
	// device is the user's device channel, which has no document; flat says that it was
	// asked for at seed S1's own address, and a refusal is in S1's form.
	device, flat bool
	// app is a server-side program that joins a user's session; attended says that its
	// socket is accepted already, and first what the object is to hear of it before all else.
	app, attended bool
	first         string
	// pkg is the app's name, and keyID its key's, once that is known. address is whence it
	// comes: that of all its users' apps.
	pkg, keyID, address string
	// taken says that it counts among what its address may do, and refused why it is.
	taken   bool
	refused *protocol.Error
	// browser decides the form of a refusal: a page cannot read an HTTP error.
	browser  bool
	protocol string
	token    string

	document, client, session string
	// lastSeq is the decimal text of last_seq, empty when none was sent.
	lastSeq string
	// subject is the user, and claims what the session object is told of the
	// token, once it is verified.
	subject string
	claims  []byte
	// fetched and readmitted keep a turn from being taken twice.
	fetched, readmitted bool
}

func (fl *flight) append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	for _, m := range fl.texts() {
		if *m.value != "" {
			w.Str(m.name, *m.value)
		}
	}
	for _, m := range fl.flags() {
		if *m.value {
			w.Bool(m.name, true)
		}
	}
	if fl.claims != nil {
		w.Raw("claims", fl.claims)
	}
	return w.End()
}

// readFlight walks the state once: it holds the token, and is read at each turn.
func readFlight(state []byte) (*flight, bool) {
	fl := &flight{}
	texts, flags := fl.texts(), fl.flags()
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
		if jsonscan.Equal(o.Key(), "claims") {
			fl.claims = o.Value()
		}
	}
	return fl, fl.await != ""
}

type member[T any] struct {
	name  string
	value *T
}

func (fl *flight) texts() []member[string] {
	return []member[string]{
		{"await", &fl.await}, {"protocol", &fl.protocol}, {"token", &fl.token}, {"document", &fl.document}, {"client", &fl.client},
		{"session", &fl.session}, {"last_seq", &fl.lastSeq}, {"subject", &fl.subject}, {"address", &fl.address},
		{"package", &fl.pkg}, {"key_id", &fl.keyID}, {"first", &fl.first},
	}
}

func (fl *flight) flags() []member[bool] {
	return []member[bool]{
		{"connect", &fl.connect}, {"device", &fl.device}, {"flat", &fl.flat}, {"browser", &fl.browser}, {"fetched", &fl.fetched}, {"readmitted", &fl.readmitted},
		{"app", &fl.app}, {"attended", &fl.attended}, {"taken", &fl.taken},
	}
}
