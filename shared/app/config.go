package app

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Config is the limits and timing of a user's apps. The zero value of each field means its
// default.
type Config struct {
	// Channel is the timing of an app's channel: as a device's, but for Grace, which is
	// 5 s by default (seed S1's real system).
	Channel channel.Config
	// MaxApps is how many apps of a user may be anything but stopped. Default 32.
	MaxApps int
	// CallTimeout is how long a webhook may take, CallTries how often it is called, and
	// CallPause the time between. Defaults 10 s, 2, 1 s.
	CallTimeout time.Duration
	CallTries   int
	CallPause   time.Duration
	// ConnectTimeout is how long an app whose webhook said yes may take to connect.
	// Default 5 s.
	ConnectTimeout time.Duration
	// MaxRounds is how often an app is called back that does not stay connected for
	// StayTime: each time after twice as long a pause, and then it is stopped. Defaults 6
	// and 1 min.
	MaxRounds int
	StayTime  time.Duration
	// Starts is how often one user may start apps. Default 30 a minute, 30 at once.
	Starts rate.Limit
	// StopTimeout is how long an app that is stopped may take to finish. Default 5 s.
	StopTimeout time.Duration
	// Connects is how often one app of a user may connect. Default 60 a minute, 60 at
	// once.
	Connects rate.Limit
	// Unanswered is how many messages a device or an app may have without an answer at
	// once, and how many are remembered so that a repeat is known. Default 256.
	Unanswered int
	// TotalBytes bounds what is kept for all apps of a user together. Default 4 MiB.
	TotalBytes int
	// The others are as a device's (device.Config).
	Outbox channel.OutboxConfig
	Conn   serverconn.Config
}

// WithDefaults returns c with every zero (or negative) field set, but those that are as a
// device's.
func (c Config) WithDefaults() Config {
	number := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	span := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	span(&c.Channel.Grace, 5*time.Second)
	c.Channel = c.Channel.WithDefaults()
	number(&c.MaxApps, 32)
	span(&c.CallTimeout, 10*time.Second)
	number(&c.CallTries, 2)
	span(&c.CallPause, time.Second)
	span(&c.ConnectTimeout, 5*time.Second)
	span(&c.StopTimeout, 5*time.Second)
	if c.Connects.Per <= 0 {
		c.Connects.Per = time.Minute
	}
	c.Connects = c.Connects.WithDefaults(60, 1)
	number(&c.Unanswered, 256)
	number(&c.MaxRounds, 6)
	span(&c.StayTime, time.Minute)
	number(&c.TotalBytes, 4<<20)
	if c.Starts.Per <= 0 {
		c.Starts.Per = time.Minute
	}
	c.Starts = c.Starts.WithDefaults(30, 1)
	return c
}
