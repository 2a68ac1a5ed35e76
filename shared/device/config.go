package device

import (
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// Config is the limits and timing of a device channel. The zero value of each field means
// its default.
type Config struct {
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
	// Limits are what connection_ack says about frames; the decoder holds devices to it.
	Limits protocol.Limits
	// Unanswered is what connection_ack says about messages; the user's apps hold devices
	// to it (app.Config).
	Unanswered int
}

// WithDefaults returns c with every zero (or negative) field set, but Unanswered.
func (c Config) WithDefaults() Config {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	c.Channel = c.Channel.WithDefaults()
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
	return c
}
