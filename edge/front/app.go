package front

import (
	"net/url"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/mentra"
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
func (f *Front) app(r request, a *admission, name string) []byte {
	query := r.query()
	if err := a.readApp(query, name); err != nil {
		return a.fail(err)
	}
	if len(f.cfg.AppSecrets) == 0 {
		err := protocol.AppSessionsUnsigned()
		return a.fail(&err)
	}
	if misplaced(r, query) {
		return a.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: reasonKeyInvalid,
			Message: "An app's key belongs in the Authorization header or in the first frame: a URL ends up in logs."})
	}
	key, given := r.bearer()
	switch {
	case given && a.session == "":
		return a.fail(invalid("session_id"))
	case given:
		return f.lookUp(a, key)
	}
	a.await, a.held = awaitFirst, true
	w := step("hold")
	w.Str("protocol", a.protocol)
	w.Int("timeout_ms", f.cfg.InitTimeout.Milliseconds())
	w.Int("max_bytes", firstBytes)
	w.Int("kept_frames", keptFrames)
	w.Int("kept_bytes", keptBytes)
	w.Int("places", int64(f.cfg.WaitingApps))
	w.Str("share", access.Network(a.address))
	w.Int("share_places", int64(f.cfg.WaitingAppsPerAddress))
	return a.next(w)
}

const reasonWaiting = "too_many_waiting"

// full refuses an app for which there is no place to wait, or one that says more than is
// kept before an object is there to receive it.
func (a *admission) full() []byte {
	if a.await == awaitFirst {
		a.held = false // its request has no answer yet
		return a.fail(&protocol.Error{Code: protocol.ServiceUnavailable, Reason: reasonWaiting, RetryAfter: time.Second})
	}
	return a.fail(&protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", RetryAfter: time.Second})
}

// readApp takes what the request says of the app and the session. At seed S1's address the
// path names no app: there the query may, or the first frame, or nobody but the key.
func (a *admission) readApp(query url.Values, name string) *protocol.Error {
	said, err := one(query, "package")
	if err != nil {
		return err
	}
	if name == "" && a.flat {
		name = said
	}
	if name != "" || !a.flat {
		if !protocol.PackageName(name) || said != "" && said != name {
			return invalid("package")
		}
		a.pkg = name
	}
	session, err := one(query, "session_id")
	if err != nil {
		return err
	}
	if session != "" && !appSession(session) {
		return invalid("session_id")
	}
	a.session = session
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
func (f *Front) firstFrame(a *admission, result []byte) []byte {
	if jsonscan.Field(result, "error") != nil {
		return a.fail(&protocol.Error{Code: protocol.ConnectionInitTimeout, Message: "No app_connection_init arrived in time."})
	}
	if jsonscan.Field(result, "length") != nil {
		return a.fail(&protocol.Error{Code: protocol.MessageTooLarge, Reason: protocol.ReasonTooLarge})
	}
	said, ok := jsonscan.Str(jsonscan.Field(result, "text"))
	if !ok {
		return a.fail(&protocol.Error{Code: protocol.MalformedMessage, Reason: "binary", Message: "Frames are text; this one was binary."})
	}
	frame, err := protocol.Decode([]byte(said), protocol.Limits{FrameBytes: firstBytes, Depth: firstDepth})
	if err != nil && err.Reason == protocol.ReasonUnknownType && mentra.IsInit([]byte(said)) {
		return f.firstOfSDK(a, []byte(said))
	}
	if err != nil {
		return a.fail(err)
	}
	if frame.Type != protocol.TypeApp || frame.Event != protocol.EventAppConnectionInit {
		return a.fail(&protocol.Error{Code: protocol.MalformedMessage, Reason: "init_expected"})
	}
	a.flat = frame.Flat
	p, ok := protocol.ParseAppConnectionInit(frame.Data)
	if !ok || twoKeys(frame.Data) {
		return a.fail(&protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_init"})
	}
	if e := a.named(p.Package, p.SessionID); e != nil {
		return a.fail(e)
	}
	if raw := jsonscan.Field(frame.Data, "api_key"); raw == nil || jsonscan.IsNull(raw) {
		return a.fail(&protocol.Error{Code: protocol.AuthenticationFailed, Reason: "app_key_missing"})
	}
	// What the object receives is written anew: the key goes no further than here.
	key := p.Key
	p.Key, p.Package, p.SessionID = "", a.pkg, a.session
	frame.Data = p.Append(nil)
	a.first = string(frame.Append(nil))
	return f.lookUp(a, key)
}

// firstOfSDK is firstFrame for an app that is made with @mentra/sdk.
func (f *Front) firstOfSDK(a *admission, said []byte) []byte {
	a.sdk = true
	p, ok := mentra.ParseInit(said)
	if !ok {
		return a.fail(&protocol.Error{Code: protocol.MalformedMessage, Reason: "bad_init"})
	}
	if e := a.named(p.Package, p.SessionID); e != nil {
		return a.fail(e)
	}
	key := p.Key
	p.SessionID, p.Package, p.Key = a.session, a.pkg, ""
	first := p.Frame()
	a.first = string(first.Append(nil))
	return f.lookUp(a, key)
}

// named takes what a first frame says of the app and the session.
func (a *admission) named(pkg, session string) *protocol.Error {
	if !agree(&a.pkg, pkg) || !protocol.PackageName(a.pkg) {
		a.pkg = "" // it would stand in the log
		return invalid("package")
	}
	if !agree(&a.session, session) || !appSession(a.session) {
		return invalid("session_id")
	}
	return nil
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
