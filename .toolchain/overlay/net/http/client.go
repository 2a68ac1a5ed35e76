package http

import (
	"context"
	"io"
	"net/url"
	"strings"
	"time"
)

// Response is the answer to a request that was sent.
type Response struct {
	Status           string
	StatusCode       int
	Proto            string
	ProtoMajor       int
	ProtoMinor       int
	Header           Header
	Body             io.ReadCloser
	ContentLength    int64
	TransferEncoding []string
	Close            bool
	Uncompressed     bool
	Trailer          Header
	Request          *Request
}

// Cookies returns the cookies that the response sets.
func (r *Response) Cookies() []*Cookie { return readSetCookies(r.Header) }

// Location returns the URL of the Location field, against the request's own.
func (r *Response) Location() (*url.URL, error) {
	l := r.Header.Get("Location")
	if l == "" {
		return nil, ErrNoLocation
	}
	if r.Request != nil && r.Request.URL != nil {
		return r.Request.URL.Parse(l)
	}
	return url.Parse(l)
}

// RoundTripper sends one request.
type RoundTripper interface {
	RoundTrip(*Request) (*Response, error)
}

// DefaultTransport is nil: the program brings its own, made from fetch.
var DefaultTransport RoundTripper

// CookieJar keeps a client's cookies. The host's fetch does that itself, so
// Client has it for its type alone.
type CookieJar interface {
	SetCookies(u *url.URL, cookies []*Cookie)
	Cookies(u *url.URL) []*Cookie
}

// Client sends requests through its Transport. Redirects are the transport's
// affair (fetch follows them), and so are cookies.
type Client struct {
	Transport     RoundTripper
	CheckRedirect func(req *Request, via []*Request) error
	Jar           CookieJar
	Timeout       time.Duration
}

// DefaultClient uses DefaultTransport.
var DefaultClient = &Client{}

// Do sends the request. Timeout bounds the whole exchange through the request's context.
func (c *Client) Do(r *Request) (*Response, error) {
	t := c.Transport
	if t == nil {
		t = DefaultTransport
	}
	if t == nil {
		return nil, &url.Error{Op: r.Method, URL: r.URL.Redacted(), Err: errNoTransport}
	}
	cancel := context.CancelFunc(func() {})
	if c.Timeout > 0 {
		var ctx context.Context
		ctx, cancel = context.WithTimeout(r.Context(), c.Timeout)
		r = r.WithContext(ctx)
	}
	res, err := t.RoundTrip(r)
	if err != nil {
		cancel()
		return nil, &url.Error{Op: r.Method, URL: r.URL.Redacted(), Err: err}
	}
	if c.Timeout > 0 && res.Body != nil {
		res.Body = &cancelBody{res.Body, cancel}
	} else {
		cancel()
	}
	return res, nil
}

// cancelBody ends the timeout's context with the body, not before it.
type cancelBody struct {
	io.ReadCloser
	cancel context.CancelFunc
}

func (b *cancelBody) Close() error {
	b.cancel()
	return b.ReadCloser.Close()
}

func (c *Client) send(method, url, contentType string, body io.Reader) (*Response, error) {
	r, err := NewRequest(method, url, body)
	if err != nil {
		return nil, err
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	return c.Do(r)
}

func (c *Client) Get(url string) (*Response, error)  { return c.send(MethodGet, url, "", nil) }
func (c *Client) Head(url string) (*Response, error) { return c.send(MethodHead, url, "", nil) }
func (c *Client) Post(url, contentType string, body io.Reader) (*Response, error) {
	return c.send(MethodPost, url, contentType, body)
}
func (c *Client) PostForm(url string, data url.Values) (*Response, error) {
	return c.Post(url, "application/x-www-form-urlencoded", strings.NewReader(data.Encode()))
}
func (c *Client) CloseIdleConnections() {}

func Get(url string) (*Response, error)  { return DefaultClient.Get(url) }
func Head(url string) (*Response, error) { return DefaultClient.Head(url) }
func Post(url, contentType string, body io.Reader) (*Response, error) {
	return DefaultClient.Post(url, contentType, body)
}
func PostForm(url string, data url.Values) (*Response, error) {
	return DefaultClient.PostForm(url, data)
}
