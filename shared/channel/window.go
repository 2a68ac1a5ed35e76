package channel

// Window is how much went out to a connection, and how much of it the other side is known
// to have read: by its answer to a ping. An acknowledgement proves nothing, for a seq can
// be guessed. It is not stored; a Window that is lost forgives. The zero value has sent
// nothing.
type Window struct{ sent, probed, confirmed, probe uint64 }

// Sent notes that n bytes went out.
func (w *Window) Sent(n int) { w.sent += uint64(n) }

// Probe returns the id of a ping that goes out now: its answer confirms everything before
// it. While one is open it is that one again.
func (w *Window) Probe(p *Probes) (id string) {
	if w.probe == 0 {
		w.probed, w.probe = w.sent, p.Next()
	}
	return p.ID(w.probe)
}

// Probing reports whether a ping has no answer yet.
func (w *Window) Probing() bool { return w.probe > 0 }

// Answered takes a pong, and reports whether it was the answer to the ping.
func (w *Window) Answered(p *Probes, id string) bool {
	if w.probe == 0 || id != p.ID(w.probe) {
		return false
	}
	w.confirmed, w.probe = w.probed, 0
	return true
}

// UnderWay is how much is not known to have been read.
func (w *Window) UnderWay() int { return int(w.sent - w.confirmed) }
