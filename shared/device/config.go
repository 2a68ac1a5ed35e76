package device

import (
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Config is the limits and timing of a device channel. The zero value of each field means
// its default.
type Config struct {
	Channel channel.Config
	// ClientPings moves the heartbeat to the device: the runtime answers its pings.
	ClientPings bool
	// Outbox bounds what is kept for a device that does not acknowledge.
	Outbox channel.OutboxConfig
	// Conn is what the device's connections are held to.
	Conn serverconn.Config
	// Unanswered is what connection_ack says about messages; the user's apps hold devices
	// to it (app.Config).
	Unanswered int
}

// WithDefaults returns c with every zero (or negative) field set, but Unanswered.
func (c Config) WithDefaults() Config {
	c.Channel = c.Channel.WithDefaults()
	c.Outbox = c.Outbox.WithDefaults()
	c.Conn = c.Conn.WithDefaults()
	return c
}
