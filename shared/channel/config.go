package channel

import "time"

// Config is a channel's timing. The zero value of each field means its default.
type Config struct {
	// Grace is how long a lost channel may be resumed. Default 30 s (seed S1).
	Grace time.Duration
	// InitTimeout is how long a device may take over its connection_init,
	// counted from the socket and not extended by anything. Default 30 s (seed S1).
	InitTimeout time.Duration
	// Heartbeat is how often the side that pings does so; an acknowledgement says it.
	// Default 10 s (seed S1).
	Heartbeat time.Duration
	// HeartbeatTimeout is how long a connection may be silent. Default 25 s:
	// two lost pings are forgiven. Below twice Heartbeat it kills live lines.
	HeartbeatTimeout time.Duration
	// ReadOnly is how long a connection outlives its token, reading only, so
	// that a refresh that is under way still finds it. Default 25 s.
	ReadOnly time.Duration
	// RefreshNotice is how long before expiry the client is asked to refresh.
	// Default 60 s (seed S2). A token whose life is shorter than twice this is
	// announced at half of it.
	RefreshNotice time.Duration
}

// WithDefaults returns c with every zero (or negative) field set.
func (c Config) WithDefaults() Config {
	def := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	def(&c.Grace, 30*time.Second)
	def(&c.InitTimeout, 30*time.Second)
	def(&c.Heartbeat, 10*time.Second)
	def(&c.HeartbeatTimeout, 25*time.Second)
	def(&c.ReadOnly, 25*time.Second)
	def(&c.RefreshNotice, 60*time.Second)
	return c
}
