package endpoint

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// Role is which end of a user's session this is.
type Role uint8

// The roles.
const (
	// Device is the user's device: it is let in by the user's token.
	Device Role = iota
	// App is a program attached to the user's session: its key, which lets it in, is the
	// shell's to keep.
	App
)

// Config is what an endpoint knows when it starts.
type Config struct {
	Role Role
	// Name begins each message id, so it is random and new for each endpoint: the server
	// would take a frame of this program's next run for a repeat. At most 64 bytes.
	Name string
	// SessionID and Package are an app's: the session its webhook was told of, and its
	// own name.
	SessionID, Package string
	// Rand seeds the jitter.
	Rand uint64
}

// The times and limits that are the endpoint's own, beside those of packages backoff and
// renewal. The server's arrive with the acknowledgement.
const (
	// ConnectTimeout bounds a dial up to the acknowledgement.
	ConnectTimeout = 5 * time.Second
	// AckFrames and AckDelay bound how late the server hears what arrived: a frame that
	// comes alone is acknowledged at once, others after so many or so long.
	AckFrames = 16
	// AckDelay: see AckFrames.
	AckDelay = 100 * time.Millisecond
	// DefaultUnacknowledged is how many messages may be unanswered at once where the
	// server does not say.
	DefaultUnacknowledged = 256

	defaultHeartbeat = 10 * time.Second
	leastHeartbeat   = 50 * time.Millisecond
	quickProbe       = 2 * time.Second // a line that may have died while nobody looked
	defaultPause     = time.Second
	longestPause     = time.Minute
	maxPause         = 24 * time.Hour // the longest wait before a dial that the server may ask for
)

// New returns an endpoint that has not started.
func New(cfg Config) *Endpoint {
	e := &Endpoint{cfg: cfg, rng: backoff.Random(cfg.Rand)}
	e.status = Status{State: Connecting, SessionID: cfg.SessionID}
	e.limits = protocol.ReaderLimits // until the server has said its own
	e.unacknowledged = DefaultUnacknowledged
	e.heartbeat = defaultHeartbeat
	return e
}

// TokenFetchTimeout is how long the program may take to answer FetchToken.
const TokenFetchTimeout = renewal.FetchTimeout
