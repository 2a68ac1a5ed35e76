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
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Config holds the settings of Connect. URL, Document, and one of Token and Key are required.
type Config struct {
	// URL is the server's base address: http, https, ws or wss, without a query.
	URL string
	// Document is the document's id.
	Document string
	// Token returns an access token. The session calls it for the first token and each time
	// a token is about to expire. One call is under way at a time; its context ends after
	// client.FetchTimeout or with the session. After an error the session asks again, with
	// backoff. ErrSignedOut, or a *protocol.Error whose action is to stop, ends the
	// session.
	Token func(ctx context.Context) (string, error)
	// Key is a delegation's key (hfu_…), for a program that acts for a user; then there is no Token,
	// and ClientID is the delegation's. It goes into a header and nowhere else. A key that the
	// server refuses ends the session.
	Key string
	// ClientID is this program's name at the server. Another connection of the same user
	// with the same id replaces this one. Default: a random id.
	ClientID string
	// HTTPClient opens the connections. Default: a client of the session's own, which does
	// not follow redirects, because they would take the token elsewhere.
	HTTPClient *http.Client
	// Logger receives connections, tokens and failures, but never the text of a token or an
	// op. It must not call the session. Default: none.
	Logger *slog.Logger
	// BufferBytes is how much waits for a reader of Events. Default: 4 MiB. The package's
	// documentation says what happens when the buffer is full.
	BufferBytes int
	// HoldAfter is how long the session leaves the connection unread because the buffer is
	// full, before it disconnects. Default: 5 s.
	HoldAfter time.Duration
	// NoEvents says that nobody reads Events; the session then keeps none.
	NoEvents bool
	// MaxUnsent is how many ops may wait for the server's answer. A further Send first waits
	// for room. Default: 1024.
	MaxUnsent int
}

// The default limits.
const (
	DefaultBufferBytes = 4 << 20
	DefaultHoldAfter   = 5 * time.Second
	DefaultMaxUnsent   = 1024
)

// withDefaults checks the config and sets the defaults.
func (cfg Config) withDefaults() (Config, error) {
	switch {
	case cfg.Token == nil && cfg.Key == "":
		return cfg, fmt.Errorf("%w: no Token function", ErrInvalid)
	case cfg.Token != nil && cfg.Key != "":
		return cfg, fmt.Errorf("%w: a Token function and a Key", ErrInvalid)
	case cfg.BufferBytes < 0, cfg.MaxUnsent < 0, cfg.HoldAfter < 0:
		return cfg, fmt.Errorf("%w: a limit below zero", ErrInvalid)
	}
	if rest, ok := strings.CutPrefix(cfg.URL, "http"); ok {
		cfg.URL = "ws" + rest
	}
	if cfg.Key != "" {
		id, ok := protocol.KeyID(cfg.Key, protocol.DelegationKeyPrefix)
		if !ok || cfg.ClientID != "" {
			return cfg, fmt.Errorf("%w: the Key is no delegation's, or has a ClientID beside it", ErrInvalid)
		}
		cfg.ClientID = protocol.DelegateClient(id)
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

// core returns the core of one tab: without locks and a channel it is alone.
func (cfg Config) core() *client.Client {
	var seed [8]byte
	rand.Read(seed[:])
	return client.New(client.Config{
		URL: cfg.URL, Document: cfg.Document, ClientID: cfg.ClientID, Keyed: cfg.Key != "",
		// Part of each message id, so it is new for each session: otherwise the server would
		// mistake an op of this program's next run for a repeat.
		TabID:   randomName(),
		Visible: true, Online: true, Unattended: true,
		Rand: binary.LittleEndian.Uint64(seed[:]),
	})
}

func randomName() string {
	var b [12]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
