package clientconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/backoff"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// Config is what a connection knows when it starts.
type Config struct {
	// Name begins the message id of each token_refresh; no other client may have it.
	Name string
	// User is who the program says is signed in, as a token names them; "" where it does
	// not say.
	User string
	// Keyed says that the shell holds a key that lets the client in: no token is asked
	// for, and a refused key ends the client.
	Keyed bool
	// Pinged says that the server sends the heartbeat.
	Pinged bool
	// Rand seeds the jitter.
	Rand uint64
}

// Owner is the core that a connection belongs to.
type Owner interface {
	// Do passes an effect on.
	Do(Effect)
	// Address is Dial's URL.
	Address() string
	// UserID is who the server says is signed in; "" before it has said so.
	UserID() string
	// Closing writes what is to be written before a live connection is closed.
	Closing()
	// Dropped forgets what was true of the connection that has ended.
	Dropped()
	// Disconnected says how a connection that does not stand goes on.
	Disconnected(Outage)
	// Resumed sends what was held back: for a pause, or for a token that had expired.
	Resumed()
	// Ready sends what waited for the server's rate to allow it.
	Ready()
	// RequestFailed reports whether an error answers a request of the owner's.
	RequestFailed(*protocol.Error) bool
	// Failed reports an error that does not end the client, and what is done about it.
	Failed(*protocol.Error, protocol.Action)
	// End ends the client for good.
	End(err *protocol.Error, code int)

	// TokenMissed reports a try that brought no token that can be used; the program is
	// asked again.
	TokenMissed(*protocol.Error)
	// NoToken reports that no token could be had; the program is not asked again.
	NoToken(*protocol.Error)
	// TokenTaken says that a token of the program is in use now: whether it is the first
	// one, and whether it is the one that was in use before.
	TokenTaken(first, same bool)
	// TokenAccepted is the server's acceptance of a new token on a live connection.
	TokenAccepted(protocol.TokenRefreshed)
	// ExpiryChanged says that the token in use ends at another time than was thought.
	ExpiryChanged()
}

// Outage is how a connection that does not stand goes on.
type Outage struct {
	// Reason is one snake_case word for why, where there is something to say.
	Reason string
	// Code is the close code of the connection that has ended, 0 for none.
	Code int
	// RetryIn is the time to the next dial, 0 where it does not depend on time.
	RetryIn time.Duration
}

// The times and limits of every client, beside those of packages backoff and renewal. The
// server's arrive with its acknowledgement.
const (
	// ConnectTimeout bounds a dial up to the acknowledgement.
	ConnectTimeout = 5 * time.Second
	// DialTries is how many dials in a row may fail before the connection is dormant
	// (seed S2: "Don't retry indefinitely").
	DialTries = backoff.Tries
	// TokenTries is how many fetches in a row may fail, or tokens in a row be refused.
	TokenTries = renewal.Tries
	// LeastWait and LongestWait bound a wait that the server asks for.
	LeastWait = time.Second
	// LongestWait: see LeastWait.
	LongestWait = 24 * time.Hour
	// LongestPause bounds a pause of a live connection that the server asks for.
	LongestPause = time.Minute
	// DefaultHeartbeat is the interval where the server does not say.
	DefaultHeartbeat = 10 * time.Second
	// ProbeTimeout is how long a server may take to answer when its connection may have died
	// while nobody looked.
	ProbeTimeout = 2 * time.Second

	leastHeartbeat = 50 * time.Millisecond
)

// atMost bounds a wait that the server or the program asks for.
func atMost(d time.Duration) time.Duration { return min(d, LongestWait) }
