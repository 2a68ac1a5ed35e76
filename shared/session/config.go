package session

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/rate"
)

// Config is a session's timing. The zero value of each field means its default.
type Config struct {
	// PermissionTTL is how long an answer of the permission source counts that gives
	// access; a refusal counts once. Default 5 min (seed S2).
	PermissionTTL time.Duration
	// StaleAccess is how old an answer may be to stand in for a source that does not
	// answer, for a resume or a refresh only; and how long an open connection lives by
	// one before the source is asked again. Default 1 h.
	StaleAccess time.Duration
	// MaxAccess is how many answers are kept beside those that open connections live
	// by, which are always kept. Default 256.
	MaxAccess int
	// MaxChannels is how many documents one user may have open. Default 2,000.
	MaxChannels int
	// Grace and ReadOnly are those of the documents (channel.Config): with the
	// token's expiry they bound a channel's life. Defaults 30 s and 25 s.
	Grace, ReadOnly time.Duration
	// MaxTokenLife is the longest life a token may have, from iat to exp, and how long
	// a revoked one is remembered when its own end is not known. Default 366 days.
	MaxTokenLife time.Duration
	// MaxRevoked is how many single tokens may be revoked at a time. Default 1,000.
	MaxRevoked int
	// Connects is how often one user may connect, over all documents and devices.
	// Default 120 a minute, 240 at once. Refreshes of tokens count by themselves.
	Connects rate.Limit
	// Resumes is how often each channel's own client may come back to it, and refresh its
	// token, without that counting among Connects: a drop takes all of a user's lines at
	// once. Default 12 a minute, 30 at once.
	Resumes rate.Limit
	// FullRate is how many documents a user may write in at the full rate of each
	// (Grant.Share). Default 4.
	FullRate int
	// RetryAfter is how long a client has to wait when the source is down.
	// Default 5 s.
	RetryAfter time.Duration
}

// WithDefaults returns c with every zero (or negative) field set.
func (c Config) WithDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.PermissionTTL, 5*time.Minute)
	def(&c.StaleAccess, time.Hour)
	def(&c.Grace, 30*time.Second)
	def(&c.ReadOnly, 25*time.Second)
	def(&c.MaxTokenLife, 366*24*time.Hour)
	def(&c.RetryAfter, 5*time.Second)
	if c.Connects.Per <= 0 {
		c.Connects.Per = time.Minute
	}
	c.Connects = c.Connects.WithDefaults(120, 2)
	c.Resumes = c.Resumes.Resumes()
	if c.FullRate <= 0 {
		c.FullRate = 4
	}
	if c.MaxChannels <= 0 {
		c.MaxChannels = 2000
	}
	if c.MaxRevoked <= 0 {
		c.MaxRevoked = 1000
	}
	if c.MaxAccess <= 0 {
		c.MaxAccess = 256
	}
	return c
}
