//go:build !js

package native

import (
	"context"
	"fmt"
	"iter"
	"sync"
	"time"
)

// feed is what all kinds of session here share: the events that are not read yet, how long
// the connection waits for a reader, and the end.
type feed struct {
	alive context.Context // ends with the session, and with it a Token call
	sleep context.CancelFunc
	torn  context.Context // ends when the connections have to close at once
	tear  context.CancelFunc

	done     chan struct{}  // closed when the session is over
	finished chan struct{}  // closed when the core is done
	gone     chan struct{}  // closed when all that ran for the session has ended
	running  sync.WaitGroup // the connections and the timer
	keeper   chan struct{}  // holds one token when the keeper has something to check

	mu      sync.Mutex
	changed chan struct{} // closed at the next change; nil while nobody watches
	buffer  buffer
	waiting int  // calls under way that wait for the server's answer
	held    bool // disconnected until there is room
	over    bool
	last    error // the failure that was reported last
	err     error // the failure that ended the session
}

// begin makes a feed whose buffer has this bound.
func (f *feed) begin(bufferBytes int) {
	f.done, f.finished, f.gone = make(chan struct{}), make(chan struct{}), make(chan struct{})
	f.keeper = make(chan struct{}, 1)
	f.buffer.limit = bufferBytes
	f.alive, f.sleep = context.WithCancel(context.Background())
	f.torn, f.tear = context.WithCancel(context.Background())
}

// push keeps an event for a reader; the caller holds the lock.
func (f *feed) push(ev Event, size int) {
	full := f.buffer.full
	f.buffer.push(ev, size)
	if !full && f.buffer.full {
		f.wakeKeeper()
	}
}

// Next returns the next event, and waits for one. After the last event it returns the error of
// a call on a closed session, which is ErrClosed.
func (f *feed) Next(ctx context.Context) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		f.mu.Lock()
		if len(f.buffer.events) > 0 {
			full := f.buffer.full
			ev := f.buffer.pop()
			if full && !f.buffer.full {
				f.changes()
				f.wakeKeeper()
			}
			f.mu.Unlock()
			return ev, nil
		}
		if f.over {
			defer f.mu.Unlock()
			return nil, f.closedError()
		}
		changed := f.watch()
		f.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// Events is a loop over Next. It ends with the context, and after the last event of a session
// that has ended. Breaking out of it loses nothing. Each event goes to one loop, so there
// should be only one.
func (f *feed) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			ev, err := f.Next(ctx)
			if err != nil || !yield(ev) {
				return
			}
		}
	}
}

// Done is closed when the session is over.
func (f *feed) Done() <-chan struct{} { return f.done }

func (f *feed) isOver() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.over
}

// Err returns the error that ended the session: nil while it lasts, and after Close.
func (f *feed) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// awaitGone returns when nothing of the session is left. If the context ends first it cuts
// the connection.
func (f *feed) awaitGone(ctx context.Context) error {
	select {
	case <-f.gone:
		return nil
	case <-ctx.Done():
		f.tear()
		return ctx.Err()
	}
}

// awaitRoom returns when the connection may be read again, or has ended.
func (f *feed) awaitRoom(ended <-chan struct{}) {
	for {
		f.mu.Lock()
		if !f.buffer.full || f.waiting > 0 || f.over {
			f.mu.Unlock()
			return
		}
		changed := f.watch()
		f.mu.Unlock()
		select {
		case <-changed:
		case <-ended:
			return
		case <-f.torn.Done():
			return
		}
	}
}

// keeping is what keep does by way of the core.
type keeping struct {
	holdAfter              time.Duration
	putDown, takeUp, close func()
	// clear is called when everything that ran has ended.
	clear func()
}

// keep does what the core's own calls may not. It disconnects when nobody reads, connects
// again later, and clears up when the session is over.
func (f *feed) keep(by keeping) {
	defer close(f.gone)
	patience := time.NewTimer(by.holdAfter)
	patience.Stop()
	counting := false
	for {
		f.mu.Lock()
		stuck, held, over := f.buffer.full && f.waiting == 0, f.held, f.over
		f.mu.Unlock()
		switch {
		case over:
			// Nothing must be left after a final error either, though nobody calls Close.
			by.close()
		case stuck && !held && !counting:
			counting = true
			patience.Reset(by.holdAfter)
		case !stuck && counting:
			counting = false
			patience.Stop()
		case !stuck && held:
			by.takeUp()
			f.wakeKeeper()
		}
		select {
		case <-f.keeper:
		case <-patience.C:
			if counting {
				counting = false
				by.putDown()
				f.wakeKeeper() // a reader may have come
			}
		case <-f.finished:
			patience.Stop()
			f.sleep()
			f.running.Wait()
			f.tear()
			by.clear()
			return
		}
	}
}

func (f *feed) wakeKeeper() {
	select {
	case f.keeper <- struct{}{}:
	default:
	}
}

// watch returns a channel that is closed at the next change; the caller holds the lock.
func (f *feed) watch() <-chan struct{} {
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

// changes notifies the watchers; the caller holds the lock.
func (f *feed) changes() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// waits counts the calls under way: while there is one the session stays connected.
func (f *feed) waits(by int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.waiting += by
	if f.buffer.full {
		f.changes()
		f.wakeKeeper()
	}
}

func (f *feed) ended() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.closedError()
}

// closedError returns the error of a call on an ended session; the caller holds the lock.
func (f *feed) closedError() error {
	if f.err != nil {
		return fmt.Errorf("%w: %w", ErrClosed, f.err)
	}
	return ErrClosed
}
