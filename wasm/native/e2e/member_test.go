//go:build !js

package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/native"
)

// member is a session whose events are read all the time, and what came of that.
type member struct {
	*native.Session
	t      testing.TB
	who    string
	tokens atomic.Int32 // how often one was asked for
	pause  chan struct{}
	barred atomic.Bool // it reaches nobody

	mu       sync.Mutex
	received []string // version i+1 is the op received[i]
	acked    map[string]uint64
	sent     []string
	others   []native.Event // what is not an operation
	faults   []string
	news     chan struct{}
	conn     net.Conn
	dials    int
}

// prepare makes a member and its config; join opens it as well.
func (w *worker) prepare(account, document string) (*member, native.Config) {
	m := &member{t: w.T, who: account, acked: map[string]uint64{}, news: make(chan struct{}, 1), pause: make(chan struct{}, 1)}
	token := native.Account(w.URL, account+"@example.com", "holdfast-demo", nil)
	return m, native.Config{
		URL: w.URL, Document: document,
		Token: func(ctx context.Context) (string, error) {
			m.tokens.Add(1)
			return token(ctx)
		},
		HTTPClient: &http.Client{Transport: &http.Transport{DialContext: m.dial}},
	}
}

func (m *member) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if m.barred.Load() {
		return nil, errors.New("no way there")
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.conn = conn
	m.dials++
	return conn, err
}

func (w *worker) join(account, document string) *member {
	w.T.Helper()
	m, cfg := w.prepare(account, document)
	m.open(cfg)
	return m
}

func (m *member) open(cfg native.Config) {
	m.t.Helper()
	s, err := native.Connect(m.within(), cfg)
	if err != nil {
		m.t.Fatalf("%s: %v", m.who, err)
	}
	m.Session = s
	var reading sync.WaitGroup
	reading.Go(m.read)
	m.t.Cleanup(func() {
		if err := s.Close(m.within()); err != nil {
			m.t.Errorf("%s: close: %v", m.who, err)
		}
		reading.Wait()
		for _, fault := range m.faults {
			m.t.Errorf("%s: %s", m.who, fault)
		}
	})
}

func (m *member) within() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	m.t.Cleanup(cancel)
	return ctx
}

func (m *member) read() {
	for ev := range m.Events(context.Background()) {
		m.pause <- struct{}{}
		m.mu.Lock()
		switch e := ev.(type) {
		case native.Operation:
			var op string
			json.Unmarshal(e.Op, &op)
			if e.Version != uint64(len(m.received))+1 {
				m.faults = append(m.faults, fmt.Sprintf("received version %d (%s) after %d", e.Version, op, len(m.received)))
			}
			m.received = append(m.received, op)
		case native.Gap:
			if m.others = append(m.others, ev); e.Reason == protocol.Rewound {
				m.received = nil // what follows is all there is
				break
			}
			m.faults = append(m.faults, fmt.Sprintf("a gap: %+v", e))
		default:
			m.others = append(m.others, ev)
		}
		m.mu.Unlock()
		<-m.pause
		select {
		case m.news <- struct{}{}:
		default:
		}
	}
}

// until waits for something to be so of what was received.
func (m *member) until(what string, so func() bool) {
	m.t.Helper()
	late := time.After(patience)
	for {
		m.mu.Lock()
		is := so()
		m.mu.Unlock()
		if is {
			return
		}
		select {
		case <-m.news:
		case <-time.After(50 * time.Millisecond):
		case <-late:
			m.mu.Lock()
			defer m.mu.Unlock()
			m.t.Fatalf("%s: never %s; received %d versions and %+v", m.who, what, len(m.received), m.others)
		}
	}
}

// awaitEvent waits for an event of a kind for which fits is true.
func awaitEvent[E native.Event](m *member, what string, fits func(E) bool) {
	m.t.Helper()
	m.until("received "+what, func() bool {
		for _, ev := range m.others {
			if e, ok := ev.(E); ok && fits(e) {
				return true
			}
		}
		return false
	})
}

// ends waits for the session to be over.
func (m *member) ends() {
	m.t.Helper()
	select {
	case <-m.Done():
	case <-m.within().Done():
		m.t.Fatalf("%s: not over, but %s", m.who, m.State())
	}
}

// writes sends n ops one after the other; each has to be stored.
func (m *member) writes(n int) {
	for range n {
		m.mu.Lock()
		op := fmt.Sprintf("%s-%d", m.ClientID(), len(m.sent)+1)
		m.sent = append(m.sent, op)
		m.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
		version, err := m.Send(ctx, op)
		cancel()
		if err != nil {
			m.t.Errorf("%s: %s: %v", m.who, op, err)
			return
		}
		m.mu.Lock()
		m.acked[op] = version
		m.mu.Unlock()
	}
}

// reset cuts the connection the hard way: RST, no close frame. It reports whether there
// was one.
func (m *member) reset() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	tcp, ok := m.conn.(*net.TCPConn)
	if !ok {
		return false
	}
	tcp.SetLinger(0)
	m.conn = nil
	return tcp.Close() == nil
}

// agree checks that everybody has received the same, each op once and where the acknowledgement
// said, each sender's in its order.
func agree(t *testing.T, members ...*member) {
	t.Helper()
	total := 0
	for _, m := range members {
		total += len(m.sent)
	}
	for _, m := range members {
		m.until(fmt.Sprintf("received all %d", total), func() bool { return len(m.received) >= total })
	}
	log := members[0].received
	if len(log) != total {
		t.Errorf("%d versions of %d ops", len(log), total)
	}
	at := map[string]int{}
	for i, op := range log {
		if at[op] != 0 {
			t.Errorf("twice: %s is version %d and %d", op, at[op], i+1)
		}
		at[op] = i + 1
	}
	for _, m := range members {
		if fmt.Sprint(m.received) != fmt.Sprint(log) {
			t.Errorf("%s and %s received different things", m.who, members[0].who)
		}
		last := 0
		for _, op := range m.sent {
			if at[op] == 0 || uint64(at[op]) != m.acked[op] || at[op] <= last {
				t.Errorf("%s was acknowledged as %d and is %d, after %d", op, m.acked[op], at[op], last)
			}
			last = at[op]
		}
	}
}
