package front

import (
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// How much an app may say before it is known: one first frame, and behind it, while its
// key is looked up, some more that are kept for the object. All those kept at once must
// fit in an isolate (see vars.WaitingApps).
const (
	firstBytes = 8 << 10
	// firstDepth is how deep it may nest: it says who the app is, and no more.
	firstDepth = 16
	keptFrames = 64
	keptBytes  = 64 << 10
)

// app takes a server-side program to the session of the user that its session id names.
// Its key comes in a header, and then the socket ends in the session object; or in the
// first frame (seed S1's way), for which the socket is accepted here.
func (f *Front) app(r request, fl *flight, name string) []byte {
	query := r.query()
	if err := fl.readApp(query, name); err != nil {
		return fl.fail(err)
	}
	if len(f.cfg.AppSecrets) == 0 {
		err := protocol.AppSessionsUnsigned()
		return fl.fail(&err)
	}
	if misplaced(r, query) {
		return fl.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: reasonKeyInvalid,
			Message: "An app's key belongs in the Authorization header or in the first frame: a URL ends up in logs."})
	}
	key, given := r.bearer()
	switch {
	case given && fl.session == "":
		return fl.fail(invalid("session_id"))
	case given:
		return f.lookUp(fl, key)
	}
	fl.await, fl.attended = awaitFirst, true
	w := step("attend")
	w.Str("protocol", fl.protocol)
	w.Int("timeout_ms", f.cfg.InitTimeout.Milliseconds())
	w.Int("max_bytes", firstBytes)
	w.Int("kept_frames", keptFrames)
	w.Int("kept_bytes", keptBytes)
	w.Int("places", int64(f.cfg.WaitingApps))
	w.Str("share", Network(fl.address))
	w.Int("share_places", int64(f.cfg.WaitingAppsPerAddress))
	return fl.next(w)
}

const reasonWaiting = "too_many_waiting"

// full refuses an app for which there is no place to wait, or one that says more than is
// kept before an object is there to hear it.
func (fl *flight) full() []byte {
	if fl.await == awaitFirst {
		fl.attended = false // its request has no answer yet
		return fl.fail(&protocol.Error{Code: protocol.ServiceUnavailable, Reason: reasonWaiting, RetryAfter: time.Second})
	}
	return fl.fail(&protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", RetryAfter: time.Second})
}

// readApp takes what the request says of the app and the session. At seed S1's address the
// path names no app: there the query may, or the first frame, or nobody but the key.
func (fl *flight) readApp(query url.Values, name string) *protocol.Error {
	said, err := one(query, "package")
	if err != nil {
		return err
	}
	if name == "" && fl.flat {
		name = said
	}
	if name != "" || !fl.flat {
		if !protocol.PackageName(name) || said != "" && said != name {
			return invalid("package")
		}
		fl.pkg = name
	}
	session, err := one(query, "session_id")
	if err != nil {
		return err
	}
	if session != "" && !appSession(session) {
		return invalid("session_id")
	}
	fl.session = session
	return nil
}

// misplaced reports whether a key, or a user's token, is where an app has none: in the
// URL, or in a subprotocol, where browsers put it.
func misplaced(r request, query url.Values) bool {
	for name, values := range query {
		if name == "token" || name == "api_key" {
			return true
		}
		for _, value := range values {
			if strings.HasPrefix(value, keyPrefix) {
				return true
			}
		}
	}
	for _, p := range r.protocols() {
		if strings.HasPrefix(p, protocol.BearerPrefix) {
			return true
		}
	}
	return false
}

// firstFrame takes what an app has said on a socket that was accepted for it.
func (f *Front) firstFrame(fl *flight, result []byte) []byte {
	if jsonscan.Field(result, "error") != nil {
		return fl.fail(&protocol.Error{Code: protocol.ConnectionInitTimeout, Message: "No app_connection_init arrived in time."})
	}
	if jsonscan.Field(result, "length") != nil {
		return fl.fail(&protocol.Error{Code: protocol.MessageTooLarge, Reason: protocol.ReasonTooLarge})
	}
	said, ok := jsonscan.Str(jsonscan.Field(result, "text"))
	if !ok {
		return fl.fail(&protocol.Error{Code: protocol.MalformedMessage, Reason: "binary", Message: "Frames are text; this one was binary."})
	}
	frame, err := protocol.Decode([]byte(said), protocol.Limits{FrameBytes: firstBytes, Depth: firstDepth})
	if err != nil {
		return fl.fail(err)
	}
	if frame.Type != protocol.TypeApp || frame.Event != protocol.EventAppConnectionInit {
		return fl.fail(&protocol.Error{Code: protocol.MalformedMessage, Reason: "init_expected"})
	}
	fl.flat = frame.Flat
	p, ok := protocol.ParseAppConnectionInit(frame.Data)
	if !ok || twoKeys(frame.Data) {
		return fl.fail(&protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_init"})
	}
	if !agree(&fl.pkg, p.Package) || !protocol.PackageName(fl.pkg) {
		fl.pkg = "" // it would stand in the log
		return fl.fail(invalid("package"))
	}
	if !agree(&fl.session, p.SessionID) || !appSession(fl.session) {
		return fl.fail(invalid("session_id"))
	}
	if raw := jsonscan.Field(frame.Data, "api_key"); raw == nil || jsonscan.IsNull(raw) {
		return fl.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: "app_key_missing"})
	}
	// What the object hears is written anew: the key goes no further than here.
	key := p.Key
	p.Key, p.Package, p.SessionID = "", fl.pkg, fl.session
	frame.Data = p.Append(nil)
	fl.first = string(frame.Append(nil))
	return f.lookUp(fl, key)
}

// agree takes a name that is said a second time, which must be the same.
func agree(known *string, said string) bool {
	if *known == "" {
		*known = said
	}
	return said == "" || said == *known
}

func appSession(id string) bool {
	_, ok := protocol.AppSessionUser(id)
	return ok
}

// twoKeys reports whether an init has its key twice. Whoever put the second one there must
// not choose between them.
func twoKeys(data []byte) bool {
	n := 0
	for o, _ := jsonscan.Parse(data); o.Next(); {
		if jsonscan.Equal(o.Key(), "api_key") {
			n++
		}
	}
	return n > 1
}
