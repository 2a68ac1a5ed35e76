package serverconn

import (
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
)

// Config is what a client's connections are held to. The zero value of each field means its
// default.
type Config struct {
	// WindowBytes is how much may be under way to a connection that has not confirmed it;
	// twice as much with what cannot wait. Default 1 MiB.
	WindowBytes int
	// Flood is what one client may send. Defaults 100 frames a second with 1,000 at once,
	// 1 MiB a second with 4 MiB at once, and 1,000 frames beyond that, which are refused one
	// by one before the connection is closed.
	Flood rate.FloodLimits
	// InvalidFrames is how many frames may fail to decode, at once or in a minute, before the
	// connection is closed. Default 8.
	InvalidFrames int
	// MaxRefusedTokens is how many tokens in a row may be refused on a connection before
	// the next has to wait for rate.RefusedPause. Default 5.
	MaxRefusedTokens int
	// Limits are what an acknowledgement says about frames; the decoder holds clients to it.
	Limits protocol.Limits
	// Secret is what the ids of probes are made of.
	Secret Secret
}

// WithDefaults returns c with every zero (or negative) field set.
func (c Config) WithDefaults() Config {
	def := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
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

// AckLimits are the limits as an acknowledgement of a handshake says them.
func (c *Config) AckLimits(unacknowledged int, flood rate.FloodLimits) protocol.AckLimits {
	return protocol.AckLimits{
		FrameBytes: c.Limits.FrameBytes, Depth: c.Limits.Depth, IDBytes: c.Limits.IDBytes,
		Unacknowledged: unacknowledged, MessagesPerSecond: flood.Frames.Count, MessagesAtOnce: flood.Frames.Burst,
		BytesPerSecond: flood.Bytes.Count, BytesAtOnce: flood.Bytes.Burst,
	}
}
