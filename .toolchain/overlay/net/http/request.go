package http

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// validMethod is asked by the linked pattern.go.
func validMethod(method string) bool { return isToken(method) }

// Request is a request that came in or that is to be sent.
type Request struct {
	Method           string
	URL              *url.URL
	Proto            string
	ProtoMajor       int
	ProtoMinor       int
	Header           Header
	Body             io.ReadCloser
	GetBody          func() (io.ReadCloser, error)
	ContentLength    int64
	TransferEncoding []string
	Close            bool
	Host             string
	Form             url.Values
	PostForm         url.Values
	Trailer          Header
	RemoteAddr       string
	RequestURI       string
	Cancel           <-chan struct{}
	Response         *Response
	Pattern          string

	ctx     context.Context
	pat     *pattern // set by ServeMux, with the values of its wildcards
	matches []string
	others  map[string]string // set by SetPathValue for names the pattern lacks
}

// NewRequest is NewRequestWithContext with the background context.
func NewRequest(method, url string, body io.Reader) (*Request, error) {
	return NewRequestWithContext(context.Background(), method, url, body)
}

// NewRequestWithContext makes a request to be sent.
func NewRequestWithContext(ctx context.Context, method, rawURL string, body io.Reader) (*Request, error) {
	if method == "" {
		method = MethodGet
	}
	if !validMethod(method) {
		return nil, errors.New("net/http: invalid method " + strconv.Quote(method))
	}
	if ctx == nil {
		return nil, errors.New("net/http: nil Context")
	}
	u, err := url.Parse(rawURL)
	if err != nil {
		return nil, err
	}
	r := &Request{ctx: ctx, Method: method, URL: u, Host: u.Host, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(Header)}
	if body == nil {
		return r, nil
	}
	if l, ok := body.(interface{ Len() int }); ok {
		r.ContentLength = int64(l.Len())
		if r.ContentLength == 0 {
			r.Body = NoBody
			return r, nil
		}
	}
	if rc, ok := body.(io.ReadCloser); ok {
		r.Body = rc
	} else {
		r.Body = io.NopCloser(body)
	}
	return r, nil
}

// Context returns the request's context, never nil.
func (r *Request) Context() context.Context {
	if r.ctx != nil {
		return r.ctx
	}
	return context.Background()
}

// WithContext returns a shallow copy with another context.
func (r *Request) WithContext(ctx context.Context) *Request {
	if ctx == nil {
		panic("nil context")
	}
	c := *r
	c.ctx = ctx
	return &c
}

// Clone returns a copy with another context and its own header and URL.
func (r *Request) Clone(ctx context.Context) *Request {
	c := r.WithContext(ctx)
	if r.URL != nil {
		u := *r.URL
		c.URL = &u
	}
	c.Header = r.Header.Clone()
	c.Trailer = r.Trailer.Clone()
	c.TransferEncoding = slices.Clone(r.TransferEncoding)
	c.matches = slices.Clone(r.matches)
	return c
}

// ProtoAtLeast reports whether the protocol is at least major.minor.
func (r *Request) ProtoAtLeast(major, minor int) bool {
	return r.ProtoMajor > major || r.ProtoMajor == major && r.ProtoMinor >= minor
}

func (r *Request) UserAgent() string { return r.Header.Get("User-Agent") }
func (r *Request) Referer() string   { return r.Header.Get("Referer") }

// Cookies returns the cookies that came with the request.
func (r *Request) Cookies() []*Cookie { return readCookies(r.Header, "") }

// CookiesNamed returns those of one name.
func (r *Request) CookiesNamed(name string) []*Cookie {
	if name == "" {
		return nil
	}
	return readCookies(r.Header, name)
}

// Cookie returns the first of that name, or ErrNoCookie.
func (r *Request) Cookie(name string) (*Cookie, error) {
	if cs := r.CookiesNamed(name); len(cs) > 0 {
		return cs[0], nil
	}
	return nil, ErrNoCookie
}

// AddCookie adds a cookie to the request's one Cookie field.
func (r *Request) AddCookie(c *Cookie) {
	s := sanitizeCookieName(c.Name) + "=" + sanitizeCookieValue(c.Value, c.Quoted)
	if old := r.Header.Get("Cookie"); old != "" {
		s = old + "; " + s
	}
	r.Header.Set("Cookie", s)
}

// BasicAuth returns the name and password of a Basic Authorization field.
func (r *Request) BasicAuth() (username, password string, ok bool) {
	const prefix = "Basic "
	auth := r.Header.Get("Authorization")
	if len(auth) < len(prefix) || !strings.EqualFold(auth[:len(prefix)], prefix) {
		return "", "", false
	}
	c, err := base64.StdEncoding.DecodeString(auth[len(prefix):])
	if err != nil {
		return "", "", false
	}
	return strings.Cut(string(c), ":")
}

// SetBasicAuth sets a Basic Authorization field.
func (r *Request) SetBasicAuth(username, password string) {
	r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(username+":"+password)))
}

// ParseForm reads the query and, for POST, PUT and PATCH, a urlencoded body of
// at most 10 MB. Multipart bodies are not read here.
func (r *Request) ParseForm() error {
	var err error
	if r.PostForm == nil {
		r.PostForm = make(url.Values)
		if r.Method == MethodPost || r.Method == MethodPut || r.Method == MethodPatch {
			if r.Body == nil {
				err = errMissingFormBody
			} else if ct, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";"); strings.EqualFold(strings.TrimSpace(ct), "application/x-www-form-urlencoded") {
				const most = 10 << 20
				var b []byte
				if b, err = io.ReadAll(io.LimitReader(r.Body, most+1)); err == nil {
					if len(b) > most {
						err = errFormTooLarge
					} else if v, e := url.ParseQuery(string(b)); v != nil {
						r.PostForm, err = v, e
					}
				}
			}
		}
	}
	if r.Form == nil {
		r.Form = make(url.Values)
		for k, v := range r.PostForm {
			r.Form[k] = append(r.Form[k], v...)
		}
		if r.URL != nil {
			q, e := url.ParseQuery(r.URL.RawQuery)
			if err == nil {
				err = e
			}
			for k, v := range q {
				r.Form[k] = append(r.Form[k], v...)
			}
		}
	}
	return err
}

// FormValue returns the first value of a form field, the body's before the query's.
func (r *Request) FormValue(key string) string {
	r.ParseForm()
	return r.Form.Get(key)
}

// PostFormValue returns the first value of a field of the body.
func (r *Request) PostFormValue(key string) string {
	r.ParseForm()
	return r.PostForm.Get(key)
}

// PathValue returns what the named wildcard of the matched pattern stands for.
func (r *Request) PathValue(name string) string {
	if i := r.wildcard(name); i >= 0 {
		return r.matches[i]
	}
	return r.others[name]
}

// SetPathValue sets what PathValue returns.
func (r *Request) SetPathValue(name, value string) {
	if i := r.wildcard(name); i >= 0 {
		r.matches[i] = value
		return
	}
	if r.others == nil {
		r.others = make(map[string]string)
	}
	r.others[name] = value
}

func (r *Request) wildcard(name string) int {
	if r.pat == nil {
		return -1
	}
	i := 0
	for _, seg := range r.pat.segments {
		if seg.wild && seg.s != "" {
			if seg.s == name {
				return i
			}
			i++
		}
	}
	return -1
}
