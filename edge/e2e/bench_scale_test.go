//go:build !js

package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A crowd in one workerd: five documents for each user, a hundred users on each document.
const (
	scaleDocuments = 5
	scaleCrowd     = 100
	scaleAtOnce    = 16 // dials
)

// scaleSockets is how many sockets BenchmarkScale opens: HOLDFAST_SOCKETS, a multiple of 500. shared/SCALE.md has
// what 10,000 came to.
func scaleSockets() int {
	if n, err := strconv.Atoi(os.Getenv("HOLDFAST_SOCKETS")); err == nil && n >= 500 {
		return n / 500 * 500
	}
	return 1000
}

// scale is a crowd and what it came to. lines are by document and place.
type scale struct {
	*rig
	b                *testing.B
	users, documents int
	lines            [][]*scaleLine
	received         atomic.Int64
	memory           int
}

// scaleLine is a socket that says how many ops it has received.
type scaleLine struct {
	*peerLine
	place   place
	version atomic.Int64
	over    chan struct{}
}

// BenchmarkScale opens all sockets while objects fall asleep, wakes each document by one op that everybody receives,
// and then drops all at once: each comes back and has what it missed.
func BenchmarkScale(b *testing.B) {
	sockets := scaleSockets()
	s := &scale{b: b, users: sockets / scaleDocuments, documents: sockets / scaleCrowd}
	s.rig = startRigOf(b, s.users, s.documents)
	s.warmUpOne()
	s.memory = s.resident()
	s.lines = make([][]*scaleLine, s.documents)

	s.timed("connect", sockets, func() {
		for d := range s.documents {
			s.lines[d] = make([]*scaleLine, scaleCrowd)
			s.together(scaleCrowd, func(i int) { s.lines[d][i] = s.join(s.at(d, i)) })
			s.sleep(d)
		}
	})
	s.weigh("asleep", sockets)
	for _, name := range []string{"op-of-sleeping", "op-of-waking"} {
		s.timed(name, sockets-s.documents, func() { s.write() })
	}
	s.weigh("documents-awake", sockets)
	var resumed atomic.Int64
	s.timed("reconnect", sockets, func() {
		for _, crowd := range s.lines {
			for _, l := range crowd {
				l.drop()
			}
		}
		s.together(sockets, func(n int) {
			d, i := n/scaleCrowd, n%scaleCrowd
			p := s.lines[d][i].place
			p.session, p.version = s.lines[d][i].session(), int(s.lines[d][i].version.Load())
			sent := s.lines[d][i].sent
			s.lines[d][i] = s.join(p)
			s.lines[d][i].sent = sent
			var ack frame
			check(json.Unmarshal(s.lines[d][i].ack, &ack))
			if ack.Data["resumed"] == true {
				resumed.Add(1)
			}
		})
	})
	b.ReportMetric(float64(resumed.Load()), "resumed")
	s.timed("op-after", sockets-s.documents, func() { s.write() })
	s.weigh("all-awake", sockets)
	b.ReportMetric(0, "ns/op")
	s.hangUp()
}

// at is where a document's i-th user connects.
func (s *scale) at(document, i int) place {
	return place{contestant: s.holdfast(), document: fmt.Sprint("bench-", document), user: (document/scaleDocuments*scaleCrowd + i) % s.users}
}

func (s *scale) holdfast() *contestant { return s.all[len(s.all)-1] }

// warmUpOne has V8 compile what everybody runs.
func (s *scale) warmUpOne() {
	for u := range s.users {
		s.token(u)
	}
	s.dial(place{contestant: s.holdfast(), document: "bench-0"}).ops(2000, 64, 0)
	s.hangUp()
}

// together does n things, some at a time.
func (s *scale) together(n int, do func(i int)) {
	var all sync.WaitGroup
	var next atomic.Int64
	for range scaleAtOnce {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	all.Wait()
}

// join connects, and follows what comes.
func (s *scale) join(p place) *scaleLine {
	l := &scaleLine{peerLine: s.dial(p), place: p, over: make(chan struct{})}
	l.version.Store(int64(p.version))
	go func() {
		defer close(l.over)
		for {
			text, err := l.read()
			if err != nil {
				return
			}
			var f frame
			switch {
			case is(text, "operation_ack"):
				check(json.Unmarshal(text, &f))
				l.version.Store(int64(f.number("document_version")))
			case is(text, "op"):
				check(json.Unmarshal(text, &f))
				l.version.Store(int64(f.Seq))
				s.received.Add(1)
			}
		}
	}()
	return l
}

// drop ends a connection without a close frame.
func (l *scaleLine) drop() {
	l.ws.CloseNow()
	<-l.over
}

// sleep evicts a document and its users, and keeps their sockets.
func (s *scale) sleep(document int) {
	s.evictObject(s.holdfast(), fmt.Sprint("bench-", document))
	for i := range scaleCrowd {
		s.Do(map[string]string{"do": "evict", "worker": "holdfast", "class": "UserSession", "name": fmt.Sprint("bench-", s.at(document, i).user)}, nil)
	}
}

// write has one in each document write, and waits until everybody else has it.
func (s *scale) write() {
	want := s.received.Load() + int64(s.documents*(scaleCrowd-1))
	s.together(s.documents, func(d int) { s.lines[d][0].send() })
	for deadline := time.Now().Add(2 * time.Minute); s.received.Load() < want; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			s.b.Fatalf("%d of %d received an op", s.received.Load(), want)
		}
	}
}

// timed reports how many of n a second, and what CPU of workerd each takes.
func (s *scale) timed(what string, n int, do func()) {
	began, before := time.Now(), s.cpu()
	do()
	took := time.Since(began)
	s.b.ReportMetric(float64(n)/took.Seconds(), what+"/s")
	s.b.ReportMetric(float64((s.cpu()-before).Microseconds())/float64(n), what+"-µs-CPU")
	s.b.Logf("%s: %d in %v, %.0f a second", what, n, took.Round(time.Millisecond), float64(n)/took.Seconds())
}

// weigh reports how many KiB workerd has for each socket beyond what it had before.
func (s *scale) weigh(what string, sockets int) {
	time.Sleep(time.Second)
	kib := float64(s.resident()-s.memory) / 1024 / float64(sockets)
	s.b.ReportMetric(kib, what+"-KiB/socket")
	s.b.Logf("%s: %.0f MiB, %.1f KiB a socket", what, float64(s.resident())/(1<<20), kib)
}
