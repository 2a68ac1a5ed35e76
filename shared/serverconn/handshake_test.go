package serverconn_test

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

func system(event string) protocol.Frame {
	return protocol.Frame{Type: protocol.TypeSystem, Event: event}
}

// S1: "Mobile app must send CONNECTION_INIT within 30 seconds": counted from the
// socket, and not extended by anything that is said meanwhile.
func TestSpecInitInTime(t *testing.T) {
	cfg, c, h := many(), serverconn.Conn{}, serverconn.Handshake{}
	timeout := channel.Config{}.WithDefaults().InitTimeout
	h.Frame(start.Add(20*time.Second), &c, cfg, system(protocol.EventPing), 10, protocol.EventConnectionInit)
	if at, ok := serverconn.Until("c1", start, timeout); !ok || !at.Equal(start.Add(30*time.Second)) {
		t.Errorf("until %v", at)
	}
	if _, ok := serverconn.Until("", time.Time{}, timeout); ok {
		t.Error("who is not there has no time")
	}
}

func TestHandshake(t *testing.T) {
	cfg, c, h := many(), serverconn.Conn{}, serverconn.Handshake{}
	takes := func(f protocol.Frame) (serverconn.Step, *serverconn.Answer) {
		return h.Frame(start, &c, cfg, f, 10, protocol.EventConnectionInit)
	}
	step, a := takes(system(protocol.EventAppConnectionInit)) // another's handshake
	if is(t, a, "init_expected"); step != serverconn.Waits {
		t.Error(step)
	}
	if step, a = takes(system(protocol.EventPing)); step != serverconn.Waits || a.Frame.Event != protocol.EventPong {
		t.Error(step, a)
	}
	if step, a = takes(system(protocol.EventPong)); step != serverconn.Waits || a != nil {
		t.Error(step, a)
	}
	if step, _ = takes(system(protocol.EventConnectionInit)); step != serverconn.Begins {
		t.Error(step)
	}
	if step, _ = takes(system(protocol.EventDisconnect)); step != serverconn.Leaves {
		t.Error(step)
	}
	step, a = h.Invalid(start, &c, cfg, nil, 10)
	if is(t, a, "MALFORMED_MESSAGE"); step != serverconn.Waits {
		t.Error(step)
	}
	step, a = h.Invalid(start, &c, cfg, nil, 64<<20)
	if is(t, a, "!"+protocol.ReasonTooLarge); step != serverconn.Rejects {
		t.Error(step)
	}
}

// Nobody knows whether a pending socket reads: it is sent so much and no more.
func TestAPendingSocketIsSentSoMuch(t *testing.T) {
	cfg, c, h := many(), serverconn.Conn{}, serverconn.Handshake{}
	for n := range 1000 {
		step, a := h.Frame(start, &c, cfg, system(protocol.EventPing), 10, protocol.EventConnectionInit)
		if step == serverconn.Rejects {
			if is(t, a, "!too_many_frames"); a.Err.RetryAfter != rate.LeastPause {
				t.Error(a.Err.RetryAfter)
			}
			if text := len(system(protocol.EventPong).Append(nil)); n*text > 16<<10 || (n+1)*text <= 16<<10 {
				t.Errorf("after %d answers of %d bytes", n, text)
			}
			return
		}
	}
	t.Error("it is answered for ever")
}

// A pending socket has no claim to patience: the first frame too many rejects it. A
// disconnect is never too many.
func TestAPendingSocketThatFloods(t *testing.T) {
	cfg, c, h := few(), serverconn.Conn{}, serverconn.Handshake{}
	for range 3 {
		h.Frame(start, &c, cfg, system(protocol.EventPong), 10, protocol.EventConnectionInit)
	}
	step, a := h.Frame(start, &c, cfg, system(protocol.EventConnectionInit), 10, protocol.EventConnectionInit)
	if is(t, a, "!too_many_frames"); step != serverconn.Rejects {
		t.Error(step)
	}
	step, a = h.Invalid(start, &c, cfg, nil, 10)
	if is(t, a, "!too_many_frames"); step != serverconn.Rejects {
		t.Error(step)
	}
	if step, _ = h.Frame(start, &c, cfg, system(protocol.EventDisconnect), 10, protocol.EventConnectionInit); step != serverconn.Leaves {
		t.Error(step)
	}
}
