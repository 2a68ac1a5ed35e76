package channel

// Window is how much went out to a connection, and how much of it the other side is known
// to have read: by its answer to a ping, or by what it acknowledged. It is not stored; a
// Window that is lost forgives. The zero value has sent nothing.
type Window struct{ sent, probed, confirmed uint64 }

// Sent notes that n bytes went out.
func (w *Window) Sent(n int) { w.sent += uint64(n) }

// Probe notes that a ping went out: its answer confirms everything before it.
func (w *Window) Probe() { w.probed = w.sent }

// Probing reports whether a ping is on its way that would confirm something.
func (w *Window) Probing() bool { return w.probed > w.confirmed }

// Answered takes the answer to the newest ping.
func (w *Window) Answered() { w.confirmed = max(w.confirmed, w.probed) }

// Kept takes an acknowledgement that leaves n bytes without one. What is kept no more has
// been read, and all that went before it.
func (w *Window) Kept(n int) {
	if kept := uint64(n); w.sent > kept {
		w.confirmed = max(w.confirmed, w.sent-kept)
	}
}

// UnderWay is how much is not known to have been read.
func (w *Window) UnderWay() int { return int(w.sent - w.confirmed) }
