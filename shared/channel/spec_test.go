package channel

import (
	"testing"
	"time"
)

// S1: "Grace Period (30 seconds)": from the moment of the loss, whenever somebody
// looks.
func TestSpecGracePeriod(t *testing.T) {
	c := newChannel()
	connect(c, 0, "c1", "a", "s", "")
	c.Lose(sec(10))
	if at, ok := c.Deadline(false); !ok || !at.Equal(sec(40)) {
		t.Errorf("due at %v", at)
	}
	if due, at := c.Due(sec(3600), true); due != GraceOver || !at.Equal(sec(40)) {
		t.Errorf("an hour later: due %d since %v", due, at)
	}
}

// S1: "Every 10 seconds, the cloud sends a ping to check if the connection is alive":
// two may be lost, and then the connection is.
func TestSpecHeartbeat(t *testing.T) {
	cfg := Config{}.WithDefaults()
	if cfg.Heartbeat != 10*time.Second {
		t.Errorf("every %v", cfg.Heartbeat)
	}
	c := New(&cfg, "ann", "")
	connect(c, 0, "c1", "a", "s", "")
	c.Pinged(sec(10))
	if due, _ := c.Due(sec(34.999), true); due != Nothing {
		t.Errorf("two lost pings: due %d", due)
	}
	if due, at := c.Due(sec(35), true); due != Silent || !at.Equal(sec(35)) {
		t.Errorf("due %d since %v", due, at)
	}
}
