//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"
)

// checker receives from every client what it sent, what was acknowledged and what it
// received, and reports what does not fit together: lost, twice, out of order. An op is
// known by its message id, which is in its text too.
type checker struct {
	mu        sync.Mutex
	news      *sync.Cond
	documents map[string]*history
	faults    []string
}

// history is what is known of one document.
type history struct {
	sent    map[string][]string // by writer, in the order sent
	acked   map[string]int      // message id -> version
	ids     map[int]string      // version -> message id, as anybody received it first
	version map[string]int      // and the other way round
	readers map[string]*reader
	log     []string // what the document itself has stored
}

// reader is one client's history: received[i] is version i+1. A client that is catching up may
// receive what comes after its gap before what is in it; a well-behaved one keeps that back
// until the gap is closed.
type reader struct {
	received []string
	kept     map[int]string
	catching bool
}

func newChecker() *checker {
	k := &checker{documents: map[string]*history{}}
	k.news = sync.NewCond(&k.mu)
	return k
}

func (k *checker) of(document string) *history {
	h := k.documents[document]
	if h == nil {
		h = &history{sent: map[string][]string{}, acked: map[string]int{}, ids: map[int]string{}, version: map[string]int{}, readers: map[string]*reader{}}
		k.documents[document] = h
	}
	return h
}

func (h *history) reader(who string) *reader {
	r := h.readers[who]
	if r == nil {
		r = &reader{kept: map[int]string{}}
		h.readers[who] = r
	}
	return r
}

func (k *checker) fault(format string, args ...any) {
	if len(k.faults) < 40 { // one fault draws others after it
		k.faults = append(k.faults, fmt.Sprintf(format, args...))
	}
}

// wrong is a fault that a client has found itself.
func (k *checker) wrong(format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.fault(format, args...)
}

// sends is an op on its way for the first time.
func (k *checker) sends(document, writer, id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.of(document)
	h.sent[writer] = append(h.sent[writer], id)
}

// acknowledged records the server's acknowledgement that an op is stored, which counts as received by its writer.
func (k *checker) acknowledged(document, writer, id string, version int) {
	k.mu.Lock()
	h := k.of(document)
	if was, ok := h.acked[id]; ok && was != version {
		k.fault("twice: %s acknowledged at %d and at %d", id, was, version)
	}
	h.acked[id] = version
	k.mu.Unlock()
	k.receives(document, writer, id, version)
}

// receives records a version that a reader received, by an op, an acknowledgement or a sync.
func (k *checker) receives(document, who, id string, version int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	defer k.news.Broadcast()
	h := k.of(document)
	r := h.reader(who)
	k.fits(document, who, h, id, version)
	switch next := len(r.received) + 1; {
	case version < next:
		if r.received[version-1] != id {
			k.fault("twice: %s/%s received version %d as %s and as %s", document, who, version, r.received[version-1], id)
		}
	case version > next && !r.catching:
		k.fault("out of order: %s/%s received version %d after %d", document, who, version, next-1)
		fallthrough
	case version > next:
		r.kept[version] = id
	default:
		r.received = append(r.received, id)
		for id, ok := r.kept[len(r.received)+1]; ok; id, ok = r.kept[len(r.received)+1] {
			delete(r.kept, len(r.received)+1)
			r.received = append(r.received, id)
		}
	}
}

// fits compares a version with what others received of it, or of the op before.
func (k *checker) fits(document, who string, h *history, id string, version int) {
	if was, ok := h.ids[version]; ok && was != id {
		k.fault("twice: version %d of %s is %s and, to %s, %s", version, document, was, who, id)
		return
	}
	if was, ok := h.version[id]; ok && was != version {
		k.fault("twice: %s is version %d of %s and, to %s, %d", id, was, document, who, version)
		return
	}
	h.ids[version], h.version[id] = id, version
}

// catchesUp records whether a reader is filling a gap.
func (k *checker) catchesUp(document, who string, catching bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.of(document).reader(who)
	r.catching = catching
	if !catching && len(r.kept) > 0 {
		k.fault("lost: %s/%s has caught up to %d and still waits for %d", document, who, len(r.received), len(r.received)+1)
	}
}

// begins records a new connection of a reader. The reader forgets what it kept back, because it
// asks for everything after the version that begins returns.
func (k *checker) begins(document, who string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := k.of(document).reader(who)
	r.catching = false
	clear(r.kept)
	return len(r.received)
}

// last returns the version up to which a reader has received everything.
func (k *checker) last(document, who string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.of(document).reader(who).received)
}

// logged is the document's own log, from version 1 on.
func (k *checker) logged(document, id string, version int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.of(document)
	if version != len(h.log)+1 {
		k.fault("out of order: the log of %s has %d after %d", document, version, len(h.log))
	}
	k.fits(document, "the log", h, id, version)
	h.log = append(h.log, id)
}

// until waits until so holds for what was recorded, and returns whether it did.
func (k *checker) until(patience time.Duration, so func() bool) bool {
	deadline := time.Now().Add(patience)
	alarm := time.AfterFunc(patience, k.news.Broadcast)
	defer alarm.Stop()
	k.mu.Lock()
	defer k.mu.Unlock()
	for !so() {
		if !time.Now().Before(deadline) {
			return false
		}
		k.news.Wait()
	}
	return true
}

// quiet waits until all that was sent is acknowledged, and received by everybody.
func (k *checker) quiet(t testing.TB, patience time.Duration) {
	t.Helper()
	var waits string
	settled := func() bool {
		for document, h := range k.documents {
			sent := 0
			for _, ids := range h.sent {
				sent += len(ids)
			}
			if len(h.acked) < sent {
				waits = fmt.Sprintf("%s: %d ops sent, %d acknowledged", document, sent, len(h.acked))
				return false
			}
			for who, r := range h.readers {
				if len(r.received) < len(h.ids) {
					waits = fmt.Sprintf("%s/%s has received %d of %d versions", document, who, len(r.received), len(h.ids))
					return false
				}
			}
		}
		return true
	}
	if !k.until(patience, settled) {
		t.Errorf("not quiet after %v: %s", patience, waits)
	}
}

// verdict is everything that does not fit, once the logs have been read.
func (k *checker) verdict() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	for document, h := range k.documents {
		for id, version := range h.acked {
			if version > len(h.log) || h.log[version-1] != id {
				k.fault("lost: %s, acknowledged as version %d, is not there in the log of %s", id, version, document)
			}
		}
		for writer, sent := range h.sent {
			before := 0
			for _, id := range sent {
				version := h.version[id]
				switch {
				case h.acked[id] == 0:
					k.fault("lost: %s was never acknowledged", id)
				case version < before:
					k.fault("out of order: %s of %s is version %d, an earlier one %d", id, writer, version, before)
				}
				before = max(before, version)
			}
		}
		for who, r := range h.readers {
			if !slices.Equal(r.received, h.log) {
				k.fault("lost: %s/%s has received %d of %d versions, or others", document, who, len(r.received), len(h.log))
			}
		}
	}
	return k.faults
}

// unread records that a document has a history and that its log was not read.
func (k *checker) unread(document string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	h := k.of(document)
	return len(h.ids) > 0 && len(h.log) == 0
}
