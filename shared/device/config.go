package device

import (
	"github.com/holdfast-dev/holdfast/shared/app"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// Config is the limits and timing of a user's session object. The zero value of each
// field means its default.
type Config struct {
	Session session.Config
	// Channel is the timing of the device channel.
	Channel channel.Config
	// ClientPings moves the heartbeat to the device: the runtime answers its pings.
	ClientPings bool
	// Outbox bounds what is kept for a device that does not acknowledge.
	Outbox channel.OutboxConfig
	// WindowBytes is how much may be under way to a device that has not confirmed it by
	// the answer to a ping, which bears that one's id; twice as much closes the
	// connection. Default 1 MiB.
	WindowBytes int
	// Secret is what the ids of pings are made of.
	Secret channel.Secret
	// Flood is what one device may send. Defaults 100 frames a second with 1,000 at
	// once, 1 MiB a second with 4 MiB at once, and 1,000 refused ones.
	Flood rate.FloodLimits
	// InvalidFrames is how many frames may fail to decode, at once or in a minute, before the
	// connection is closed. Default 8.
	InvalidFrames int
	// MaxRefusedTokens is how many tokens in a row may be refused on a connection before
	// the next has to wait for rate.RefusedPause. Default 5.
	MaxRefusedTokens int
	// Limits are what devices are told about frames; the decoder holds them to it.
	Limits protocol.Limits
	// Apps are those of the user's apps. What is the same for a device is this Config's.
	Apps app.Config
}

// WithDefaults returns c with every zero (or negative) field set. Grace and ReadOnly are
// the device's own word: with other ones the session would give a channel up that lives.
func (c Config) WithDefaults() Config {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	c.Channel = c.Channel.WithDefaults()
	c.Session.Grace, c.Session.ReadOnly = c.Channel.Grace, c.Channel.ReadOnly
	c.Outbox = c.Outbox.WithDefaults()
	def(&c.WindowBytes, 1<<20)
	c.Flood.Frames = c.Flood.Frames.WithDefaults(100, 10)
	c.Flood.Bytes = c.Flood.Bytes.WithDefaults(1<<20, 4)
	def(&c.Flood.MaxRefused, 1000)
	def(&c.InvalidFrames, 8)
	def(&c.MaxRefusedTokens, 5)
	def(&c.Limits.FrameBytes, protocol.DefaultLimits.FrameBytes)
	def(&c.Limits.Depth, protocol.DefaultLimits.Depth)
	def(&c.Limits.IDBytes, protocol.DefaultLimits.IDBytes)
	line := c.Channel
	line.Grace = c.Apps.Line.Grace
	c.Apps.Line, c.Apps.Outbox, c.Apps.WindowBytes = line, c.Outbox, c.WindowBytes
	for i, b := range c.Secret {
		c.Apps.Secret[i] = b ^ 0xff // no id is an app's and a device's
	}
	c.Apps.Flood, c.Apps.InvalidFrames, c.Apps.Limits = c.Flood, c.InvalidFrames, c.Limits
	c.Apps = c.Apps.WithDefaults()
	return c
}
