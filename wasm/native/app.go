//go:build !js

package native

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/holdfast-dev/holdfast/shared/nativeclient"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// AppConfig is what NewApp needs. Package, Key, Secret, Handle, and URL or Hosts have to
// be there.
type AppConfig struct {
	// Package is the app's name at the server.
	Package string
	// Key lets the app in. It goes in the Authorization header of a connection to the
	// server, and nowhere else.
	Key string
	// Secret is what the server signs the calls of the webhook with; several, separated by
	// spaces, while one is replaced.
	Secret string
	// Handle serves one user's session, in a goroutine of its own. It is called once the
	// app is connected. The session's end ends its Events; the context ends only when the
	// App is closed. When Handle returns before either, the app leaves the session and is
	// stopped there.
	Handle func(ctx context.Context, s *AppSession)
	// URL is the server's base: http, https, ws or wss, without query. With it, the
	// address that a call of the webhook names is not looked at.
	URL string
	// Hosts are those of the servers, as host or host:port, whose addresses a call of the
	// webhook may name where there is no URL. It has to be a wss address, or of this
	// machine, with the app's own path and nothing beside it.
	Hosts []string
	// HTTPClient opens the connections; default one of the app's own. No redirect is
	// followed, which would take the key elsewhere.
	HTTPClient *http.Client
	// Logger gets sessions, connections and failures, never a key or a message.
	// Default: nothing is logged.
	Logger *slog.Logger
	// BufferBytes, HoldAfter and MaxUnsent are those of Config, for each session. An app
	// whose connection is closed has the server's grace, 5 s by default, before it is taken
	// for gone.
	BufferBytes int
	// HoldAfter: see BufferBytes.
	HoldAfter time.Duration
	// MaxUnsent: see BufferBytes.
	MaxUnsent int
}

// firstConnect is how long an app tries to connect to a session it was called to: the
// server gives it 5 s, twice.
const firstConnect = 20 * time.Second

// App is an app's server: the http.Handler of its webhook, and its sessions.
type App struct {
	cfg     AppConfig
	own     Config // what each session's link takes of it
	secrets []string

	alive context.Context // ends with Close
	quit  context.CancelFunc
	work  sync.WaitGroup // the sessions' goroutines

	mu       sync.Mutex
	closed   bool
	sessions map[string]*AppSession
	seen     map[string]time.Time // the calls of the last minutes, by their signature
}

// NewApp checks the config. The App is to be served where the server's record of it says
// that its webhook is.
func NewApp(cfg AppConfig) (*App, error) {
	invalid := func(what string) error { return fmt.Errorf("%w: %s", ErrInvalid, what) }
	switch {
	case !protocol.PackageName(cfg.Package):
		return nil, invalid("the package is not a name of words with dots")
	case cfg.Key == "" || strings.ContainsFunc(cfg.Key, func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, invalid("no key")
	case len(strings.Fields(cfg.Secret)) == 0:
		return nil, invalid("no webhook secret")
	case cfg.Handle == nil:
		return nil, invalid("no Handle function")
	case cfg.URL == "" && len(cfg.Hosts) == 0:
		return nil, invalid("neither a URL nor Hosts: any address would be given the key")
	}
	own, err := Config{
		URL: cfg.URL, HTTPClient: cfg.HTTPClient, Logger: cfg.Logger, BufferBytes: cfg.BufferBytes, HoldAfter: cfg.HoldAfter, MaxUnsent: cfg.MaxUnsent,
		Token: func(context.Context) (string, error) { return "", ErrSignedOut }, // an app is never asked for one
	}.withDefaults()
	if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, own: own, secrets: strings.Fields(cfg.Secret), sessions: map[string]*AppSession{}, seen: map[string]time.Time{}}
	if cfg.URL != "" {
		if _, err := a.address("", ""); err != nil {
			return nil, err
		}
	}
	a.alive, a.quit = context.WithCancel(context.Background())
	return a, nil
}

// address is where to connect for a session. Where the config names no server, named is
// the address in a call of the webhook, which has to be at one of the config's hosts: an app
// that connects anywhere else hands over its key.
func (a *App) address(named, session string) (string, error) {
	path := "/v1/ws/apps/" + a.cfg.Package
	var address *url.URL
	if a.cfg.URL != "" {
		var err error
		if address, err = below(a.own.URL, path); err != nil {
			return "", err
		}
	} else {
		var err error
		address, err = url.Parse(named)
		switch {
		case named == "" || err != nil:
			return "", fmt.Errorf("%w: the call names no address, and neither does the config", ErrInvalid)
		case !slices.ContainsFunc(a.cfg.Hosts, func(host string) bool { return strings.EqualFold(host, address.Host) }):
			return "", fmt.Errorf("%w: the call names a host that is not one of Hosts", ErrInvalid)
		case address.Scheme != "wss" && (address.Scheme != "ws" || !local(address.Hostname())):
			return "", fmt.Errorf("%w: the call names an address that is not wss", ErrInvalid)
		case address.User != nil || address.RawQuery != "" || address.Fragment != "" || address.EscapedPath() != path:
			return "", fmt.Errorf("%w: the call names an address that is not the app's", ErrInvalid)
		}
		address = &url.URL{Scheme: address.Scheme, Host: address.Host, Path: path} // nothing else of it counts
	}
	address.RawQuery = url.Values{"session_id": {session}}.Encode()
	return address.String(), nil
}

// local reports whether a host is this machine.
func local(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// serve connects to a session and hands it to the program.
func (a *App) serve(s *AppSession, address string) {
	log := a.own.Logger.With("session", s.id, "user", s.user)
	defer func() {
		a.mu.Lock()
		if a.sessions[s.id] == s {
			delete(a.sessions, s.id)
		}
		a.mu.Unlock()
	}()
	cfg := a.own
	cfg.Logger = log
	s.bearer = a.cfg.Key
	s.link.start(cfg, address, nativeclient.Config{Role: nativeclient.App, SessionID: s.id, Package: a.cfg.Package})
	close(s.begun)
	ctx, cancel := context.WithTimeout(a.alive, firstConnect)
	err := s.awaitConnected(ctx)
	cancel()
	if err != nil {
		log.Warn("not connected", "error", err.Error())
		s.handle(nativeclient.Close{})
		s.tear()
		<-s.gone
		return
	}
	a.cfg.Handle(a.alive, s)
	// An app that is put away to be started anew is taken up where it was.
	s.handle(nativeclient.Close{Leave: a.alive.Err() == nil})
	<-s.gone
}

// Close ends all connections without leaving the sessions, and returns when each Handle
// has returned: to the server it is a dropped connection, and it calls the webhook for
// the process that takes over. Calls of the webhook are refused from then on. If the context ends first,
// the connections are cut.
func (a *App) Close(ctx context.Context) error {
	a.mu.Lock()
	a.closed = true
	all := make([]*AppSession, 0, len(a.sessions))
	for _, s := range a.sessions {
		all = append(all, s)
	}
	a.mu.Unlock()
	a.quit()
	done := make(chan struct{})
	go func() {
		a.work.Wait()
		close(done)
	}()
	for _, s := range all {
		<-s.begun
		s.handle(nativeclient.Close{})
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		for _, s := range all {
			s.tear()
		}
		return ctx.Err()
	}
}

// AppSession is an app on one user's session. Its methods may be called from any
// goroutine.
type AppSession struct {
	link
	id, user string
	begun    chan struct{} // closed when the link has started
}

// Send sends the user's device a message, anything that encoding/json takes, and returns
// once the server has stored it: the device need not be there. When the context ends first
// it is not taken back.
func (s *AppSession) Send(ctx context.Context, data any) error {
	_, err := s.ask(ctx, protocol.EventAppMessage, "", data)
	return err
}

// ClientConnected reports whether the user's device was there by the last frame about it.
func (s *AppSession) ClientConnected() bool { return s.look().ClientConnected }

// Close has the app leave the session, where it is stopped, and returns when nothing of it
// is left here. If the context ends first, the connection is cut. Closing twice is no
// error.
func (s *AppSession) Close(ctx context.Context) error {
	s.handle(nativeclient.Close{Leave: true})
	return s.awaitGone(ctx)
}
