package http

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
)

// ServeMux routes requests by method, host and path, with Go's own patterns
// and Go's own matching (pattern.go, routing_tree.go, routing_index.go).
type ServeMux struct {
	mu    sync.RWMutex
	tree  routingNode
	index routingIndex
}

// NewServeMux returns an empty ServeMux.
func NewServeMux() *ServeMux { return &ServeMux{} }

// DefaultServeMux is what Handle and HandleFunc add to.
var DefaultServeMux = NewServeMux()

func Handle(pattern string, handler Handler) { DefaultServeMux.Handle(pattern, handler) }
func HandleFunc(pattern string, handler func(ResponseWriter, *Request)) {
	DefaultServeMux.HandleFunc(pattern, handler)
}

// Handle adds a pattern; one that is wrong or conflicts with another panics.
func (mux *ServeMux) Handle(pattern string, handler Handler) {
	if err := mux.add(pattern, handler); err != nil {
		panic(err)
	}
}

// HandleFunc adds a pattern that a function answers.
func (mux *ServeMux) HandleFunc(pattern string, handler func(ResponseWriter, *Request)) {
	mux.Handle(pattern, HandlerFunc(handler))
}

func (mux *ServeMux) add(text string, handler Handler) error {
	if text == "" {
		return errors.New("http: invalid pattern")
	}
	if f, ok := handler.(HandlerFunc); handler == nil || ok && f == nil {
		return errors.New("http: nil handler")
	}
	p, err := parsePattern(text)
	if err != nil {
		return fmt.Errorf("parsing %q: %w", text, err)
	}
	mux.mu.Lock()
	defer mux.mu.Unlock()
	err = mux.index.possiblyConflictingPatterns(p, func(other *pattern) error {
		if p.conflictsWith(other) {
			return fmt.Errorf("pattern %q conflicts with pattern %q:\n%s", p, other, describeConflict(p, other))
		}
		return nil
	})
	if err != nil {
		return err
	}
	mux.tree.addPattern(p, handler)
	mux.index.addPattern(p)
	return nil
}

// Handler returns the handler for the request and the pattern it was found by.
func (mux *ServeMux) Handler(r *Request) (Handler, string) {
	h, text, _, _ := mux.find(r)
	return h, text
}

// ServeHTTP passes the request to the handler whose pattern fits it best.
func (mux *ServeMux) ServeHTTP(w ResponseWriter, r *Request) {
	var h Handler
	h, r.Pattern, r.pat, r.matches = mux.find(r)
	h.ServeHTTP(w, r)
}

func (mux *ServeMux) find(r *Request) (Handler, string, *pattern, []string) {
	mux.mu.RLock()
	defer mux.mu.RUnlock()

	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	asked := r.URL.EscapedPath()
	clean := cleanPath(asked)
	n, matches := mux.tree.match(host, r.Method, clean)

	// /tree goes to /tree/ when only the latter is known.
	if !exact(n, clean) && !strings.HasSuffix(clean, "/") {
		if n2, _ := mux.tree.match(host, r.Method, clean+"/"); exact(n2, clean+"/") {
			return redirectTo(cleanPath(r.URL.Path)+"/", r), n2.pattern.String(), nil, nil
		}
	}
	if clean != asked {
		text := ""
		if n != nil {
			text = n.pattern.String()
		}
		return redirectTo(clean, r), text, nil, nil
	}
	if n != nil {
		return n.handler, n.pattern.String(), n.pattern, matches
	}

	// The path may be known for other methods.
	methods := map[string]bool{}
	mux.tree.matchingMethods(host, clean, methods)
	if !strings.HasSuffix(clean, "/") {
		mux.tree.matchingMethods(host, clean+"/", methods)
	}
	if len(methods) == 0 {
		return NotFoundHandler(), "", nil, nil
	}
	allow := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
	return HandlerFunc(func(w ResponseWriter, r *Request) {
		w.Header().Set("Allow", allow)
		Error(w, StatusText(StatusMethodNotAllowed), StatusMethodNotAllowed)
	}), "", nil, nil
}

func redirectTo(p string, r *Request) Handler {
	u := &url.URL{Path: p, RawQuery: r.URL.RawQuery}
	return RedirectHandler(u.String(), StatusTemporaryRedirect)
}

// exact reports whether the pattern matched without its last wildcard standing
// for more than the empty string.
func exact(n *routingNode, p string) bool {
	if n == nil {
		return false
	}
	if !n.pattern.lastSegment().multi {
		return true
	}
	if p != "" && p[len(p)-1] != '/' {
		return false
	}
	return len(n.pattern.segments) == strings.Count(p, "/")
}

// cleanPath takes out . and .. and doubled slashes, and keeps a last slash.
func cleanPath(p string) string {
	if p == "" {
		return "/"
	}
	if p[0] != '/' {
		p = "/" + p
	}
	c := path.Clean(p)
	if p[len(p)-1] == '/' && c != "/" {
		c += "/"
	}
	return c
}
