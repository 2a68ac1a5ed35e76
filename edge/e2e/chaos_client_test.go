//go:build !js

package e2e

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// window is how many ops a client has under way at most, ackEvery after how many
// received versions it acknowledges.
const (
	window   = 32
	ackEvery = 8
)

// resumer is a well-behaved client: it resumes after any drop, repeats what was not
// acknowledged, and reports everything to the checker. One goroutine runs it.
type resumer struct {
	world  *world
	to     dialling
	think  time.Duration // the mean pause between two ops; 0 for a reader
	random *rand.Rand
	orders chan order
	silent atomic.Bool // no new ops

	// Hooks of a test; the client's goroutine calls them.
	onAck   func(frame)
	onFrame func(frame)

	unacked []string
	made    int
	dropped time.Time // when the last socket ended; zero before the first
	fails   int       // dials in a row that came to nothing

	// The state of the current connection.
	newest   int              // the highest seq of an op
	said     int              // the last seq acknowledged
	syncing  bool             // a sync_request is under way
	unponged int              // pings in a row without an answer
	held     <-chan time.Time // nothing is sent before; nil for at once
}

// order is a drop on command: back, when not nil, keeps the client away until it
// is closed.
type order struct {
	ending ending
	back   <-chan struct{}
}

// opOf returns the op of a message id, of a size that the id decides: every receiver can
// check that nothing of it was changed.
func opOf(id string) string {
	sum := uint32(0)
	for _, c := range id {
		sum = sum*31 + uint32(c)
	}
	return id + " " + strings.Repeat("·", int(sum%400))
}

func (r *resumer) name() string { return r.to.clientID }

func (r *resumer) run(ctx context.Context) {
	for ctx.Err() == nil {
		back := r.connectAndLive(ctx)
		var wait <-chan struct{}
		pause := time.Duration(0)
		if r.fails > 0 { // with jitter: a restarted server is not stormed
			top := min(2*time.Second, 50*time.Millisecond<<min(r.fails, 6))
			pause = top/2 + time.Duration(r.random.Int64N(int64(top/2)))
		}
		if back != nil {
			wait = back
		} else {
			done := make(chan struct{})
			time.AfterFunc(pause, func() { close(done) })
			wait = done
		}
		select {
		case <-wait:
		case <-ctx.Done():
		}
	}
}

// connectAndLive runs one connection from dial to end.
func (r *resumer) connectAndLive(ctx context.Context) (back <-chan struct{}) {
	r.fails++
	r.to.lastSeq = r.world.checker.begins(r.to.document, r.name())
	l, err := dialSocket(ctx, r.world.server, r.to, &r.world.holes)
	if err != nil {
		r.world.count("failed dials")
		if errors.Is(err, context.DeadlineExceeded) {
			r.world.checker.wrong("hung: %s: a dial took more than %v", r.name(), patience)
		}
		return nil
	}
	defer l.abandon()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case f, more := <-l.frames:
		if !more || !r.admitted(l, f) {
			return nil
		}
	case <-late.C:
		r.world.checker.wrong("hung: %s: no connection_ack after %v", r.name(), patience)
		return nil
	case <-ctx.Done():
		return nil
	}
	r.fails = 0
	back = r.live(ctx, l)
	r.dropped = time.Now()
	return back
}

// live runs while the connection holds.
func (r *resumer) live(ctx context.Context, l *socket) (back <-chan struct{}) {
	pings := time.NewTicker(r.world.heartbeat)
	defer pings.Stop()
	think := time.NewTimer(r.pause())
	defer think.Stop()
	for {
		select {
		case f, more := <-l.frames:
			if !more {
				r.world.ended(l.why)
				return nil
			}
			r.take(l, f)
		case <-think.C:
			if r.think > 0 && !r.silent.Load() && len(r.unacked) < window {
				r.write(l)
			}
			think.Reset(r.pause())
		case <-pings.C:
			if r.unponged >= 2 {
				r.world.count("half-open sockets noticed")
				return nil
			}
			l.send(protocol.PingText)
			r.unponged++
		case <-r.held:
			r.held = nil
			r.resend(l)
		case o := <-r.orders:
			if l.tcp.hole.Load() { // it has ended already, only not noticed
				continue
			}
			r.world.count("drop: " + o.ending.name)
			if err := o.ending.end(l); err != nil {
				r.world.checker.wrong("hung: %s: %s: %v", r.name(), o.ending.name, err)
			}
			if o.ending.unnoticed {
				continue
			}
			return o.back
		case <-ctx.Done():
			return nil
		}
	}
}

func (r *resumer) pause() time.Duration {
	return time.Duration((0.5 + r.random.Float64()) * float64(max(r.think, time.Millisecond)))
}

// write sends a new op.
func (r *resumer) write(l *socket) {
	if r.held != nil {
		return
	}
	r.made++
	id := fmt.Sprintf("%s-%d", r.name(), r.made)
	r.world.checker.sends(r.to.document, r.name(), id)
	r.unacked = append(r.unacked, id)
	sendOp(l, id)
}

func sendOp(l *socket, id string) {
	l.send(fmt.Sprintf(`{"type":"operation","event":"op","message_id":%q,"data":{"op":%q}}`, id, opOf(id)))
}

// resend repeats in order what was not acknowledged.
func (r *resumer) resend(l *socket) {
	for _, id := range r.unacked {
		r.world.count("ops sent again")
		sendOp(l, id)
	}
}
