package serverconn

// Flow is how many bytes went out, and how many of them the client is known to have read.
// The zero value has sent nothing.
type Flow struct{ sent, probed, confirmed uint64 }

// Sent notes that n bytes went out.
func (f *Flow) Sent(n int) { f.sent += uint64(n) }

// UnderWay is how much is not known to have been read.
func (f *Flow) UnderWay() int { return int(f.sent - f.confirmed) }

// Forgive takes everything for read.
func (f *Flow) Forgive() { f.confirmed = f.sent }

// Mark notes that a ping goes out now, which asks about everything before it.
func (f *Flow) Mark() { f.probed = f.sent }

// Confirm takes everything before the ping for read.
func (f *Flow) Confirm() { f.confirmed = max(f.confirmed, f.probed) }

// Window is the Flow to one connection, and the ping that asks how much of it was read. An
// acknowledgement proves nothing, for a seq can be guessed. It is not stored; a Window that
// is lost forgives.
type Window struct {
	Flow
	probe uint64 // the number of the ping that is not answered; 0 for none
}

// Credit reports whether there is room in a window of so many bytes for what can wait.
func (w *Window) Credit(size int) bool { return w.UnderWay() < size }

// Room is how much room there is: at least one byte, for one frame always goes.
func (w *Window) Room(size int) int {
	return max(1, size-w.UnderWay())
}

// Overfull reports whether even what cannot wait, an answer, has piled up to another whole
// window: a client that does not read is sent nothing more.
func (w *Window) Overfull(size int) bool { return w.UnderWay()/2 >= size }

// Asks reports whether it is time for a ping: half the window is under way, and none is
// open.
func (w *Window) Asks(size int) bool { return w.probe == 0 && w.UnderWay() >= size/2 }

// Probing reports whether a ping has no answer yet.
func (w *Window) Probing() bool { return w.probe > 0 }

// Probe returns the id of a ping that goes out now: its answer confirms everything before
// it. While one is open it is that one again.
func (w *Window) Probe(p *Probes) (id string) {
	if w.probe == 0 {
		w.Mark()
		w.probe = p.Next()
	}
	return p.ID(w.probe)
}

// Answered takes a pong, and reports whether it was the answer to the ping. Any other
// confirms nothing.
func (w *Window) Answered(p *Probes, id string) bool {
	if w.probe == 0 || id != p.ID(w.probe) {
		return false
	}
	w.Confirm()
	w.probe = 0
	return true
}

// Forgive takes everything for read, and waits for no answer.
func (w *Window) Forgive() {
	w.Flow.Forgive()
	w.probe = 0
}
