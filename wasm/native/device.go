//go:build !js

package native

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/nativeclient"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// DeviceConfig is what ConnectDevice needs. URL and Token have to be there; the fields
// mean what those of Config do.
type DeviceConfig struct {
	// URL is the server's base: http, https, ws or wss, without query.
	URL string
	// Token gets an access token.
	Token func(ctx context.Context) (string, error)
	// ClientID names this device at the server. A user has one device: another one
	// replaces it, and ends this one unless it has the same id. Default: a random one.
	ClientID string
	// HTTPClient opens the connections; default one of the device's own.
	HTTPClient *http.Client
	// Logger gets connections, tokens and failures, never a token or a message.
	Logger *slog.Logger
	// BufferBytes is how much waits for Events to be read; default 4 MiB.
	BufferBytes int
	// HoldAfter is how long nothing may be read from the connection before it is put down;
	// default 5 s.
	HoldAfter time.Duration
	// NoEvents says that nobody reads Events, and nothing is kept for them.
	NoEvents bool
	// MaxUnsent is how many requests may be without the server's answer; default 1024.
	MaxUnsent int
}

// Device is a user's device on the user's session. Its methods may be called from any
// goroutine.
type Device struct{ link }

// ConnectDevice opens the user's device channel and returns once the server has admitted
// it. A final refusal, no token to be had and the end of the context are errors; a server
// that is not there yet is waited for. The context is for connecting only.
func ConnectDevice(ctx context.Context, cfg DeviceConfig) (*Device, error) {
	own, err := Config{
		URL: cfg.URL, Token: cfg.Token, ClientID: cfg.ClientID, HTTPClient: cfg.HTTPClient, Logger: cfg.Logger,
		BufferBytes: cfg.BufferBytes, HoldAfter: cfg.HoldAfter, NoEvents: cfg.NoEvents, MaxUnsent: cfg.MaxUnsent,
	}.withDefaults()
	if err != nil {
		return nil, err
	}
	address, err := below(own.URL, "/v1/ws/device")
	if err != nil {
		return nil, err
	}
	if !protocol.ValidID(own.ClientID, protocol.DefaultLimits.IDBytes) {
		return nil, fmt.Errorf("%w: the client id", ErrInvalid)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	address.RawQuery = url.Values{"client_id": {own.ClientID}}.Encode()
	d := &Device{}
	d.start(own, address.String(), nativeclient.Config{Role: nativeclient.Device})
	if err := d.awaitConnected(ctx); err != nil {
		d.handle(nativeclient.Close{})
		d.tear()
		<-d.gone
		return nil, err
	}
	return d, nil
}

// below is an address of the server whose base this is.
func below(base, path string) (*url.URL, error) {
	address, err := url.Parse(base)
	switch {
	case err != nil || address.Host == "" || address.Hostname() == "":
	case address.Scheme != "ws" && address.Scheme != "wss":
	case address.User != nil || address.RawQuery != "" || address.Fragment != "" || address.Opaque != "":
	default:
		return address.JoinPath(path), nil
	}
	return nil, fmt.Errorf("%w: the url is not the base of a server", ErrInvalid)
}

// Start starts an app by its package and returns once it runs, or with the error it came
// to: NOT_FOUND for an unknown one, SERVICE_UNAVAILABLE when its server did not start it,
// SESSION_ENDED when it was stopped meanwhile. When the context ends first the wish is not
// taken back: an AppChange reports what came of it.
func (d *Device) Start(ctx context.Context, name string) error {
	a, err := d.ask(ctx, protocol.EventAppStart, name, nil)
	if err == nil && a.App.State == stateStopped {
		return notRunning(a.App)
	}
	return err
}

// Stop stops an app and returns once it has stopped.
func (d *Device) Stop(ctx context.Context, name string) error {
	_, err := d.ask(ctx, protocol.EventAppStop, name, nil)
	return err
}

// Send sends an app a message, anything that encoding/json takes, and returns once the
// server has stored it. An error from the server is a refusal: NOT_FOUND with the reason
// app_not_running, say, or SESSION_ENDED with the reason unanswered, when the session ended
// before the answer: then the message may have been stored. When the context ends first it
// is not taken back.
func (d *Device) Send(ctx context.Context, name string, data any) error {
	_, err := d.ask(ctx, protocol.EventAppMessage, name, data)
	return err
}

// Apps are the user's apps that have not stopped, by package, as last received.
func (d *Device) Apps() []AppChange {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []AppChange
	for _, name := range slices.Sorted(maps.Keys(d.apps)) {
		app := d.apps[name]
		all = append(all, AppChange{Package: app.Package, State: app.State, Reason: app.Reason})
	}
	return all
}

// Refresh has it fetch a new token now.
func (d *Device) Refresh() { d.handle(nativeclient.Refresh{}) }

// ClientID is this device's name at the server.
func (d *Device) ClientID() string { return d.cfg.ClientID }

// Close says good-bye to the server, which ends the user's device channel at once, and
// returns when nothing of it is left here. If the context ends first, the connection is
// cut. Closing twice is no error.
func (d *Device) Close(ctx context.Context) error {
	d.handle(nativeclient.Close{Leave: true})
	return d.awaitGone(ctx)
}
