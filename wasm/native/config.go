//go:build !js

package native

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/client"
)

// Config is what Connect needs. URL, Document and Token have to be there.
type Config struct {
	// URL is the server's base: http, https, ws or wss, without query.
	URL string
	// Document is the document's id.
	Document string
	// Token gets an access token; it is asked for the first one, and each time one
	// comes to its end. One call is under way at a time, and its context ends after
	// client.FetchTimeout or with the session. An error means to ask again, with
	// backoff; ErrSignedOut, or a *protocol.Error whose action is to stop, ends the
	// session.
	Token func(ctx context.Context) (string, error)
	// ClientID names this program at the server. Another connection of the same user
	// with the same id replaces this one. Default: a random one.
	ClientID string
	// HTTPClient opens the connections; default one of the session's own. It does not
	// follow redirects, which would take the token elsewhere.
	HTTPClient *http.Client
	// Logger is told of connections, tokens and failures, never of a token or an op.
	// It must not call the session. Default: nobody is told.
	Logger *slog.Logger
	// BufferBytes is how much waits for Events to be read; default 4 MiB. The package
	// says what happens when it is full.
	BufferBytes int
	// HoldAfter is how long nothing may be read from the line because the buffer is
	// full, before the line is put down; default 5 s.
	HoldAfter time.Duration
	// NoEvents says that nobody reads Events, and nothing is kept for them.
	NoEvents bool
	// MaxUnsent is how many ops may be without the server's answer; a Send beyond that
	// waits for room first. Default 1024.
	MaxUnsent int
}

// Default limits.
const (
	DefaultBufferBytes = 4 << 20
	DefaultHoldAfter   = 5 * time.Second
	DefaultMaxUnsent   = 1024
)

// withDefaults checks the config and fills it in.
func (cfg Config) withDefaults() (Config, error) {
	switch {
	case cfg.Token == nil:
		return cfg, fmt.Errorf("%w: no Token function", ErrInvalid)
	case cfg.BufferBytes < 0, cfg.MaxUnsent < 0, cfg.HoldAfter < 0:
		return cfg, fmt.Errorf("%w: a limit below zero", ErrInvalid)
	}
	if rest, ok := strings.CutPrefix(cfg.URL, "http"); ok {
		cfg.URL = "ws" + rest
	}
	if cfg.ClientID == "" {
		cfg.ClientID = "go-" + randomName()
	}
	if cfg.BufferBytes == 0 {
		cfg.BufferBytes = DefaultBufferBytes
	}
	if cfg.HoldAfter == 0 {
		cfg.HoldAfter = DefaultHoldAfter
	}
	if cfg.MaxUnsent == 0 {
		cfg.MaxUnsent = DefaultMaxUnsent
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	own := http.Client{}
	if cfg.HTTPClient != nil {
		own = *cfg.HTTPClient
	} else {
		own.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	cfg.HTTPClient = &own
	return cfg, nil
}

// core is the client of one tab: without locks and a channel it is on its own.
func (cfg Config) core() *client.Client {
	var seed [8]byte
	rand.Read(seed[:])
	return client.New(client.Config{
		URL: cfg.URL, Document: cfg.Document, ClientID: cfg.ClientID,
		// Part of each message id, so a new one for each session: the server would take
		// an op of this program's next run for a repeat.
		TabID:   randomName(),
		Visible: true, Online: true,
		Rand: binary.LittleEndian.Uint64(seed[:]),
	})
}

func randomName() string {
	var b [12]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
