package delivery

import (
	"strings"
	"time"
)

// The types of events.
const (
	DocumentChanged = "document.changed"
	DocumentJoined  = "document.joined"
	DocumentLeft    = "document.left"
	CommentCreated  = "comment.created"
	CommentReplied  = "comment.replied"
	CommentResolved = "comment.resolved"
	SessionStarted  = "session.started"
	SessionEnded    = "session.ended"
	UserRevoked     = "user.revoked"
)

// Types are all types.
var Types = [...]string{
	DocumentChanged, DocumentJoined, DocumentLeft, CommentCreated, CommentReplied, CommentResolved,
	SessionStarted, SessionEnded, UserRevoked,
}

const (
	// Linger is how long the first event waits for others.
	Linger = 500 * time.Millisecond
	// FirstPause is the longest pause after the first failure, and each is three times the one
	// before, up to LongestPause. Half of a pause is drawn.
	FirstPause   = 5 * time.Second
	LongestPause = time.Hour
	// Batch is how many events a request brings, and BatchBytes about how large it may be. A batch of
	// Cloudflare's Queues has 100 messages and 256 KB
	// (developers.cloudflare.com/queues/platform/limits, 2026-12-01).
	Batch      = 100
	BatchBytes = 128 << 10

	leastSettle = time.Second
	mostSettle  = 5 * time.Second
	// slack is how much longer than Config.Timeout the shell may take to say that there is no
	// answer.
	slack = 3 * time.Second
)

// Config is how a deployment wants its events. The zero value sends none.
type Config struct {
	// On says that there is somebody to send them to.
	On bool
	// Types are the types that are wanted, separated by spaces or commas; "" for all.
	Types string
	// Every is the shortest time between two requests of one object. Default 5 s.
	Every time.Duration
	// Timeout is how long a request may take. Default 10 s.
	Timeout time.Duration
	// Tries is how often an event is sent, 2 or more. Default 16: with the pauses, 5 to 10 hours.
	Tries int
	// MaxPending is how many events an object keeps. Beyond that the oldest become dead
	// letters. Default 1,000.
	MaxPending int
}

// WithDefaults returns c with every zero (or negative) field set.
func (c Config) WithDefaults() Config {
	if c.Every <= 0 {
		c.Every = 5 * time.Second
	}
	if c.Timeout <= 0 {
		c.Timeout = 10 * time.Second
	}
	if c.Tries <= 0 {
		c.Tries = 16
	}
	c.Tries = max(c.Tries, 2)
	if c.MaxPending <= 0 {
		c.MaxPending = 1000
	}
	return c
}

// settle is how soon the Queue looks after a request, and stores that it was taken.
func (c *Config) settle() time.Duration { return min(max(c.Every, leastSettle), mostSettle) }

// Wants reports whether a type of events is sent.
func (c *Config) Wants(name string) bool { return c.On && (c.Types == "" || Listed(c.Types, name)) }

// Listed reports whether a name is one of a list that is separated by spaces or commas.
func Listed(list, name string) bool {
	for list != "" {
		i := strings.IndexAny(list, ", \n\t")
		if i < 0 {
			return list == name
		}
		if list[:i] == name {
			return true
		}
		list = list[i+1:]
	}
	return false
}

// Pause returns the pause after so many failures, before half of it is drawn.
func Pause(failures int) time.Duration {
	pause := FirstPause
	for ; failures > 1 && pause < LongestPause; failures-- {
		pause *= 3
	}
	return min(pause, LongestPause)
}
