// Package http is the part of Go's net/http that has a meaning in a Worker and
// in a page: requests, responses, headers, cookies, handlers and routing, and
// a client over a RoundTripper that the program brings.
//
// TinyGo's own net/http is a git submodule that no package registry serves,
// and it is larger, for it drags sockets along. Go's pure files (method,
// status, cookie, pattern and the routing tree) are linked beside this one when
// the toolchain is installed, so routing and cookies are Go's own code. What
// needs a socket (Server, Transport) is not here, and using it is a compile
// error rather than a surprise at run time.
package http

import (
	"errors"
	"io"
	"net/textproto"
	"slices"
	"strings"
	"time"
)

// TimeFormat is how a time is written in a header.
const TimeFormat = "Mon, 02 Jan 2006 15:04:05 GMT"

// DefaultMaxHeaderBytes is Go's bound; the platform sets its own.
const DefaultMaxHeaderBytes = 1 << 20

var (
	ErrNoCookie        = errors.New("http: named cookie not present")
	ErrNoLocation      = errors.New("http: no Location header in response")
	ErrBodyNotAllowed  = errors.New("http: request method or response status code does not allow body")
	ErrServerClosed    = errors.New("http: Server closed")
	ErrAbortHandler    = errors.New("net/http: abort Handler")
	ErrHandlerTimeout  = errors.New("http: Handler timeout")
	ErrNotSupported    = errors.New("http: feature not supported")
	ErrUseLastResponse = errors.New("net/http: use last response")
	errNoTransport     = errors.New("http: the client has no Transport, and this program has no sockets")
	errMissingFormBody = errors.New("missing form body")
	errFormTooLarge    = errors.New("http: POST too large")
)

// NoBody is an empty body.
var NoBody = noBody{}

type noBody struct{}

func (noBody) Read([]byte) (int, error)         { return 0, io.EOF }
func (noBody) Close() error                     { return nil }
func (noBody) WriteTo(io.Writer) (int64, error) { return 0, nil }

// Header is the fields of a header, by canonical name.
type Header map[string][]string

func (h Header) Add(key, value string)      { textproto.MIMEHeader(h).Add(key, value) }
func (h Header) Set(key, value string)      { textproto.MIMEHeader(h).Set(key, value) }
func (h Header) Get(key string) string      { return textproto.MIMEHeader(h).Get(key) }
func (h Header) Values(key string) []string { return textproto.MIMEHeader(h).Values(key) }
func (h Header) Del(key string)             { textproto.MIMEHeader(h).Del(key) }

// Clone returns a copy that shares nothing with h.
func (h Header) Clone() Header {
	if h == nil {
		return nil
	}
	c := make(Header, len(h))
	for k, v := range h {
		c[k] = slices.Clone(v)
	}
	return c
}

// CanonicalHeaderKey returns the name as it is kept in a Header.
func CanonicalHeaderKey(s string) string { return textproto.CanonicalMIMEHeaderKey(s) }

// ParseTime reads a time in any of the three forms that HTTP allows.
func ParseTime(text string) (t time.Time, err error) {
	for _, layout := range []string{TimeFormat, time.RFC850, time.ANSIC} {
		if t, err = time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return t, err
}

// isToken reports whether v is an RFC 9110 token. The linked cookie.go asks.
func isToken(v string) bool {
	if v == "" {
		return false
	}
	for i := 0; i < len(v); i++ {
		c := v[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return true
}
