package front

import (
	"net/url"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// request is one HTTP request's plain facts.
type request struct {
	method string
	url    *url.URL
	// The headers that count here, as they came.
	upgradeTo, origin, authorization, offered, signature string
	// length is what the request says of its body's.
	length string
	// address is the visitor's, as the platform says; "" where it says none.
	address string
}

func readRequest(event []byte) request {
	var r request
	for o, _ := jsonscan.Parse(event); o.Next(); {
		switch string(o.Key()) {
		case "method":
			r.method, _ = jsonscan.Str(o.Value())
		case "url":
			s, _ := jsonscan.Str(o.Value())
			r.url = readURL(s)
		case "headers":
			r.readHeaders(o.Value())
		}
	}
	if r.url == nil {
		r.url = &url.URL{}
	}
	return r
}

// readHeaders takes the names in lower case, as the platform's Headers has them.
func (r *request) readHeaders(headers []byte) {
	for o, _ := jsonscan.Parse(headers); o.Next(); {
		var into *string
		switch string(o.Key()) {
		case "upgrade":
			into = &r.upgradeTo
		case "origin":
			into = &r.origin
		case "authorization":
			into = &r.authorization
		case "sec-websocket-protocol":
			into = &r.offered
		case "content-length":
			into = &r.length
		case protocol.SignatureHeader:
			into = &r.signature
		case access.AddressHeader:
			into = &r.address
		default:
			continue
		}
		*into, _ = jsonscan.Str(o.Value())
	}
}

// upgrade reports whether the request asks for a socket.
func (r request) upgrade() bool {
	return r.method == "GET" && strings.EqualFold(r.upgradeTo, "websocket")
}

// protocols are the subprotocols a client offers, in its order.
func (r request) protocols() []string {
	var list []string
	for _, p := range strings.Split(r.offered, ",") {
		if p = strings.TrimSpace(p); p != "" {
			list = append(list, p)
		}
	}
	return list
}

// protocol is the subprotocol that is selected. A browser that offered some
// fails the connection when none of them comes back, and then shows its page
// neither frame nor close code; so a client that does not offer ours gets, with
// ok false, another of its own for the refusal. Never the token's.
func (r request) protocol() (selected string, ok bool) {
	list := r.protocols()
	for _, p := range list {
		if p == protocol.Version {
			return p, true
		}
		if selected == "" && !strings.HasPrefix(p, protocol.BearerPrefix) {
			selected = p
		}
	}
	return selected, len(list) == 0
}

// bearer is what an Authorization header holds, if it is of that kind: a proxy may have
// put another one there.
func (r request) bearer() (value string, ok bool) {
	scheme, value, _ := strings.Cut(strings.TrimSpace(r.authorization), " ")
	return strings.TrimSpace(value), strings.EqualFold(scheme, "bearer")
}

// token finds the access token in the three places it may be in. The same one
// in two places is fine; two tokens are two answers to who this is, and whoever
// adds a second one to somebody's URL must not choose between them.
func (r request) token(query url.Values) (string, *protocol.Error) {
	var found []string
	if value, ok := r.bearer(); ok {
		found = append(found, value)
	}
	for _, p := range r.protocols() {
		if value, ok := strings.CutPrefix(p, protocol.BearerPrefix); ok {
			found = append(found, value)
		}
	}
	found = append(found, query["token"]...)
	for _, t := range found {
		if t != found[0] {
			return "", &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "token_ambiguous"}
		}
	}
	if len(found) == 0 || found[0] == "" {
		return "", &protocol.Error{Code: protocol.AuthenticationFailed, Reason: token.ReasonMissing}
	}
	return found[0], nil
}

// one is the value of a query parameter that may be there once.
func one(query url.Values, name string) (string, *protocol.Error) {
	switch values := query[name]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", invalid(name)
}

func invalid(name string) *protocol.Error {
	return &protocol.Error{Code: protocol.MalformedMessage, Reason: name + "_invalid"}
}

// readURL takes any text for a URL. Where a percent sign stands for itself, it is one: the
// path is then as it was sent, and what it is to name is refused by whoever looks for it.
func readURL(s string) *url.URL {
	if u, err := url.Parse(s); err == nil {
		return u
	}
	scheme, rest, _ := strings.Cut(s, "://")
	rest, query, _ := strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if read, err := url.PathUnescape(s); err == nil {
			segments[i] = read
		}
	}
	return &url.URL{Scheme: scheme, Host: host, Path: "/" + strings.Join(segments, "/"), RawQuery: query}
}

// brokenValue stands for what cannot be read. It is no id, no number and no token.
const brokenValue = "\x00"

// query is the request's parameters. One that is spelt in no known way is there, and wrong: left
// out it would be as good as not sent, and a resume would begin anew.
func (r request) query() url.Values {
	values, err := url.ParseQuery(r.url.RawQuery)
	if err == nil {
		return values
	}
	for _, pair := range strings.Split(r.url.RawQuery, "&") {
		if _, err := url.ParseQuery(pair); err != nil {
			name, _, _ := strings.Cut(pair, "=")
			values.Add(name, brokenValue)
		}
	}
	return values
}
