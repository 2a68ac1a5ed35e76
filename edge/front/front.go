// Package front decides what happens to a request before any object is woken:
// which route it is, whether its page may ask, whether its token is good, and
// what the objects are asked. It performs no I/O; it is asked with an event and
// answers with the one next step, which the JavaScript around it carries out.
//
// Events (JSON, one object; now is in milliseconds since 1970):
//
//	{"kind":"request","method","url","headers":{…},"now"}
//	{"kind":"verify_token","token","now"}       an object swaps a token in place
//	{"kind":"result","state","result":{…},"now"} what the last step brought
//	{"kind":"translate","state","from","text","code","now"}  what came on a connection that is translated
//	{"kind":"settled","state"}                   what a step with "settle" did has gone well
//	{"kind":"handles","url"}                     whether a request is for one of the routes here
//	{"kind":"start"}                             before the first request of an isolate, and again after again_ms
//	{"kind":"fault"}                             what to say, should this core ever fail
//
// Steps (JSON, one object). Those with a state want a result; the others end it:
//
//	{"do":"verify","algorithm","jwk","input","signature","state"}       -> {"ok"}
//	{"do":"fetch","url","timeout_ms","max_bytes","state"}   -> {"status","body"} | {"error"}; one for all who ask meanwhile
//	{"do":"note","state"}                                   -> {}: only its log counts
//	{"do":"claims_hook","claims","timeout_ms","max_bytes","state"} -> {"body"} | {"refused"} | {"error"}
//	{"do":"call","binding","name","body","state"}           -> {"body"} | {"error"}
//	{"do":"query","binding","sql","args","timeout_ms","state"} -> {"rows":[[…],…]} | {"error"}
//	{"do":"forward","binding","name","body","state"}        -> {"status","body"} | {"error"}, or 101 and done
//	{"do":"hold","protocol","timeout_ms","max_bytes","kept_frames","kept_bytes","places","share","share_places","state"}
//	    -> {"text"} | {"length"} | {"binary"} | {"error"} | {"full"}
//	{"do":"respond","status","headers","body"}
//	{"do":"refuse","protocol","frame","code","reason"}
//	{"do":"handler","headers","max_bytes","timeout_ms","too_large","too_late","unwanted","env"}  {"do":"assets","otherwise"}
//	{"do":"claims","claims"}  {"do":"refused","error"}  {"do":"done","again_ms"}  {"do":"routed","handles"}
//	{"do":"translated","up","down","code","reason","again_ms","wait","forget","flush","state"}
//
// hold accepts the socket, if one of the places is free and one of its share's, and waits
// for its first message; the request is answered with that, and a refuse later on is for
// this socket. Of a message that is too long only its length is passed on. A forward for it has
// "first", what the object's socket receives first; then the two are joined. Whatever
// comes in between is kept; when that is too much, "full" is the result in place of whatever
// else the last step may bring.
//
// A forward with a "translate" is of an app that speaks another dialect: that is the state of its first
// translate, and each translated has the next one's. It is from "app" or "core", with the text of either, or
// "end" with the code of the core's close, or "timer" after again_ms. What is up is for the core,
// what is down for the app, and with a code both are closed. With "wait", a number, the text is kept, as one
// that is from "waited" at the next "flush"; those of a number up to "forget" are not.
//
// handler is given the headers of these names alone. It reads the body first, and what it is to answer when there is more of it, it
// takes longer, or a GET has one, is a respond; with an env, it is given these variables beside the deployment's. So is what assets are otherwise, where there is no binding of that
// name: this is a part of somebody's Worker then. A step with "settle" has a state too, which the core is given
// as settled when a forward has brought a socket, or a handler an answer that is no refusal.
//
// Any step may have a "log": a line for the operator, printed as it is. A forward may have a
// "log_after", printed once it has brought a socket.
//
// A token's issuer is one of those that the deployment trusts, or the token is refused before anything is
// fetched. Each has keys of its own (keys.go); a fetch is for them, or for the document that says where they are.
//
// What must be remembered between a step and its result is in state, which the
// caller returns unchanged. A Front itself remembers keys, and how often each address has
// tried lately: nothing that the outcome of a request within the limits depends on. So one
// instance serves all requests, and a new instance has only forgotten what it would have
// refused. Every isolate of a deployment counts for itself.
package front

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Front is the admission of one deployment.
type Front struct {
	cfg     Config
	issuers []*trust
	// They count what each address has done of late.
	connects, logins, auth, links limiter
	// keys are document keys that were found good, by their hash, and until when that counts.
	keys map[string]time.Time
	// turned are delegations' keys that were refused of late.
	turned turnedKeys
	// lines keeps one address from filling the log.
	lines logLines
	// parsed is the token that was taken apart last, and text is what it was: most
	// are asked about twice in a row, before and after their signature's check.
	text   string
	parsed *token.Token
	from   *trust
}

// New returns a Front that knows no fetched key yet.
func New(cfg Config) *Front {
	f := &Front{cfg: cfg}
	for _, i := range cfg.Issuers {
		f.issuers = append(f.issuers, newTrust(i, cfg.KeyAges))
	}
	f.connects.limit, f.logins.limit, f.auth.limit, f.links.limit = cfg.Connects, cfg.Logins, cfg.Auth, cfg.Links
	return f
}

// Step takes one event and returns the next step. Any input gives a step.
func (f *Front) Step(event []byte) []byte {
	if jsonscan.Check(event, jsonscan.DepthLimit) != nil {
		return respond(&protocol.Error{Code: protocol.InternalError, Reason: "bad_event"})
	}
	var kind, at, state, result []byte
	for o, _ := jsonscan.Parse(event); o.Next(); {
		switch string(o.Key()) {
		case "kind":
			kind = o.Value()
		case "now":
			at = o.Value()
		case "state":
			state = o.Value()
		case "result":
			result = o.Value()
		}
	}
	ms, _ := jsonscan.Uint(at)
	now := time.UnixMilli(int64(ms)).UTC()
	name, _ := jsonscan.Str(kind)
	switch name {
	case "request":
		return f.route(readRequest(event), now)
	case "verify_token":
		return f.identify(&admission{token: text(event, "token")}, now)
	case "result":
		if a, ok := readAdmission(state); ok {
			return f.resume(a, result, now)
		}
	case "start":
		return f.start()
	case "translate":
		return translate(event, state, now)
	case "settled":
		a, ok := readAdmission(state)
		if ok && a.taken {
			f.connects.give(a.address)
		}
		if ok && a.keyHash != "" {
			f.believe(a.keyHash, now)
		}
		return final("done")
	case "handles":
		path := ""
		if u := readURL(text(event, "url")); u != nil {
			path = u.Path
		}
		w := step("routed")
		w.Bool("handles", f.handles(path))
		return w.End()
	case "fault":
		return respond(&protocol.Error{Code: protocol.InternalError})
	}
	return respond(&protocol.Error{Code: protocol.InternalError, Reason: "bad_event"})
}

// text reads a string member; "" when it is absent or no string.
func text(obj []byte, name string) string {
	s, _ := jsonscan.Str(jsonscan.Field(obj, name))
	return s
}

// parse takes a token apart, and says whose keys it is to be checked with.
func (f *Front) parse(text string) (*token.Token, *trust, *protocol.Error) {
	if f.parsed != nil && f.text == text {
		return f.parsed, f.from, nil
	}
	verifiers := make([]*token.Verifier, len(f.issuers))
	for i, from := range f.issuers {
		verifiers[i] = &from.verifier
	}
	t, v, err := token.ParseAny(text, verifiers...)
	if err != nil {
		return nil, nil, err
	}
	f.text, f.parsed, f.from = text, t, f.issuers[slices.Index(verifiers, v)]
	return t, f.from, nil
}
