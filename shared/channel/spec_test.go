package channel

import (
	"testing"
	"time"
)

// S1: "Mobile app must send CONNECTION_INIT within 30 seconds": counted from the
// socket, and not extended by anything that is said meanwhile.
func TestSpecInitInTime(t *testing.T) {
	c := newChannel()
	c.Open(sec(0), "c1")
	c.Alive(sec(20))
	c.Heard(sec(20))
	if at, ok := c.Deadline(true); !ok || !at.Equal(sec(30)) {
		t.Fatalf("due at %v", at)
	}
	if due, _ := c.Due(sec(29.999), true); due != Nothing {
		t.Errorf("due too early: %d", due)
	}
	if due, _ := c.Due(sec(30), true); due != NoInit {
		t.Errorf("due: %d", due)
	}
	c = newChannel()
	c.Open(sec(0), "c1")
	connect(c, 29, "c1", "a", "s", "")
	if due, _ := c.Due(sec(31), true); due != Nothing || c.State() != Active {
		t.Errorf("one that did send it: due %d in state %d", due, c.State())
	}
}

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
	c := New(&cfg, "ann")
	connect(c, 0, "c1", "a", "s", "")
	c.Heard(sec(10))
	if due, _ := c.Due(sec(34.999), true); due != Nothing {
		t.Errorf("two lost pings: due %d", due)
	}
	if due, at := c.Due(sec(35), true); due != Silent || !at.Equal(sec(35)) {
		t.Errorf("due %d since %v", due, at)
	}
}
