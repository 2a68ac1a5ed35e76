//go:build !js

package e2e

import (
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// scenarios are what is counted. Each has a Worker of its own.
var scenarios = map[string]func(*testing.T){
	"op": costOfOps, "connect": costOfConnects, "readers": costOfReaders, "idle document": costOfIdleDocuments, "idle device": costOfIdleDevices, "sign-in": costOfSigningIn,
}

// Times are five times as short here as by default, so that a minute passes in twelve seconds.
const (
	costHeartbeat = 2 * time.Second
	costMinute    = 6 * costHeartbeat
	costSettled   = 8 * time.Second // longer than the grace period, and than a silence
)

var costTimes = map[string]string{"HEARTBEAT_MS": "2000", "HEARTBEAT_TIMEOUT_MS": "5000", "GRACE_PERIOD_MS": "6000"}

// costOfOps writes for long enough that everything is trimmed that will be: snapshots replace
// entries, and what they replaced is kept for a second.
func costOfOps(t *testing.T) {
	const ops, each = 3000, 500
	s := startCounted(t, map[string]string{
		"KEEP_OPS": "100", "KEEP_REPLACED_S": "1", "MESSAGES_PER_S": "100000", "SNAPSHOT_CONFIRM_MS": "1",
		"WINDOW_BYTES": "100000000", "LOG_LEVEL": "warn",
	})
	c := s.connect(dialling{document: "welcome", clientID: "a", token: s.Login("owner")})
	filling := strings.Repeat("x", 100)
	version := 0
	write := func(ops int) {
		for end := version + ops; version < end; {
			const flight = 50
			for i := range flight {
				c.send(fmt.Sprintf(`{"type":"operation","event":"op","message_id":"m%d","data":{"op":%q}}`, version+i, filling))
			}
			for range flight {
				version = c.expect("operation", "operation_ack").number("document_version")
			}
			c.send(fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, version))
			if version%each == 0 {
				time.Sleep(1100 * time.Millisecond) // what the last snapshot replaced is kept for so long
				if f := c.snapshot(fmt.Sprint("s", version), version, base64.StdEncoding.EncodeToString([]byte("…"))); f.Event != "snapshot_ack" {
					t.Fatalf("%+v", f)
				}
			}
		}
	}
	write(2 * each) // the first is not typical
	used, _ := s.cost(func() { write(ops) })
	t.Logf("%+v", used)
	costs(t, "op: rows", float64(used.Written)/ops)
	costs(t, "op: alarms set, of 1,000", float64(used.Set)*1000/ops)
}

// settled waits until nothing is due any more: whatever ends has ended by then.
func (s *server) settled() { time.Sleep(costSettled) }

func (c *conn) leave() {
	c.send(`{"type":"system","event":"disconnect"}`)
	c.expectClose()
}

func costOfConnects(t *testing.T) {
	s := startCounted(t, costTimes)
	d := dialling{document: "welcome", clientID: "a", token: s.Login("owner")}
	other := s.connect(dialling{document: "welcome", clientID: "b", token: s.Login("editor")})
	other.leave()
	s.connect(d).leave() // the first makes the tables
	s.settled()
	used, d1 := s.cost(func() {
		s.connect(d).leave()
		s.settled()
	})
	t.Logf("connect and leave: %+v", used)
	costs(t, "connect and leave: rows", float64(used.Written))
	costs(t, "connect and leave: alarms set", float64(used.Set))
	costs(t, "connect and leave: requests to objects", float64(used.Calls+used.Upgrades))
	costs(t, "connect and leave: D1 rows read", float64(d1.Read))

	c := s.connect(d)
	c.op("m1", 1)
	used, _ = s.cost(func() {
		c.reset()
		again := d
		again.sessionID, again.lastSeq = c.ack.text("session_id"), 1
		for again := s.connect(again); again.ack.Data["resumed"] != true; {
			t.Fatalf("%+v", again.ack)
		}
		s.settled()
	})
	t.Logf("resume in grace: %+v", used)
	costs(t, "resume in grace: rows", float64(used.Written))
	costs(t, "resume in grace: alarms set", float64(used.Set))
}

// costOfReaders counts what readers cost whom nobody is shown: nothing while they read.
func costOfReaders(t *testing.T) {
	const ops = 320
	s := startCounted(t, map[string]string{
		"SHOWN_READERS": "1", "HEARTBEAT_MS": "2000", "HEARTBEAT_TIMEOUT_MS": "5000", "GRACE_PERIOD_MS": "6000", "MESSAGES_PER_S": "100000", "SNAPSHOT_CONFIRM_MS": "1",
	})
	all := s.populate(1, 5)
	s.database("UPDATE members SET role = 'viewer' WHERE user_id LIKE 'usr_0_%' AND user_id != 'usr_0_0'")
	writer := s.connect(all[0])
	s.connect(all[1]).pinging(costHeartbeat) // is shown
	readers := []*conn{s.connect(all[2]), s.connect(all[3])}
	s.connect(all[4]).leave() // the first makes the tables
	s.settled()
	used, _ := s.cost(func() {
		for i := range ops {
			writer.op(fmt.Sprint("m", i), i)
			for _, r := range readers {
				r.expect("operation", "op")
				if i%16 == 15 {
					r.send(fmt.Sprintf(`{"type":"system","event":"ack","data":{"seq":%d}}`, i+1))
				}
			}
		}
		for _, r := range readers {
			r.quiet()
		}
	})
	t.Logf("ops to readers: %+v", used)
	costs(t, "op to readers of a crowd: rows", float64(used.Written)/ops)
	s.settled()
	used, _ = s.cost(func() {
		s.connect(all[4]).leave()
		s.settled()
	})
	t.Logf("reader's connect and leave: %+v", used)
	costs(t, "reader of a crowd, connect and leave: rows", float64(used.Written))
}

// pinging answers and sends pings until the test ends.
func (c *conn) pinging(every time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	c.t.Cleanup(cancel)
	go func() {
		for {
			_, text, err := c.ws.Read(ctx)
			if err != nil {
				return
			}
			if strings.Contains(string(text), `"ping"`) {
				c.ws.Write(ctx, websocket.MessageText, []byte(`{"type":"system","event":"pong"}`))
			}
		}
	}()
	if every == 0 {
		return
	}
	go func() {
		for tick := time.NewTicker(every); ; {
			c.ws.Write(ctx, websocket.MessageText, []byte(`{"type":"system","event":"ping"}`))
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
}

func costOfIdleDocuments(t *testing.T) {
	for _, members := range []int{2, 100} {
		t.Run(fmt.Sprint(members), func(t *testing.T) {
			t.Parallel()
			s := startCounted(t, costTimes)
			all := s.populate(1, members)
			for _, d := range all {
				s.connect(d).pinging(costHeartbeat)
			}
			s.settled()
			if members == 100 {
				costs(t, "idle document of 100: KiB of Go's memory", s.memory("Document "+all[0].document))
				costs(t, "idle session: KiB of Go's memory", s.memory("UserSession usr_0_1"))
			}
			s.Do(map[string]string{"do": "evict", "class": "Document", "name": all[0].document, "attempt": "1"}, nil)
			used, _ := s.cost(func() { time.Sleep(costMinute) })
			t.Logf("%+v", used)
			name := fmt.Sprintf("idle document of %d, a minute: ", members)
			costs(t, name+"wake-ups", float64(max(used.Made, used.Alarms+used.Messages)))
			costs(t, name+"rows", float64(used.Written+used.Set))
			costs(t, name+"rows read", float64(used.Read))
		})
	}
}

func costOfIdleDevices(t *testing.T) {
	for who, name := range map[string]string{"server": "idle device that is pinged, a minute: ", "client": "idle device that pings, a minute: "} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			vars := map[string]string{"DEVICE_HEARTBEAT": who}
			maps.Copy(vars, costTimes)
			s := startCounted(t, vars)
			c := deviceDial{clientID: "phone", token: s.Login("owner")}.connect(s, "")
			every := costHeartbeat
			if who == "server" {
				every = 0
			}
			c.pinging(every)
			time.Sleep(costMinute)
			used, _ := s.cost(func() { time.Sleep(costMinute) })
			t.Logf("%+v", used)
			if who == "server" {
				costs(t, name+"alarms", float64(used.Alarms))
			} else {
				costs(t, name+"wake-ups and alarms", float64(used.Alarms+used.Made))
			}
			costs(t, name+"rows", float64(used.Written+used.Set))
		})
	}
}

func costOfSigningIn(t *testing.T) {
	s := startCounted(t, nil)
	s.Login("owner")
	var in answered
	_, d1 := s.cost(func() { in = s.password("", "owner", "holdfast-demo") })
	costs(t, "login: D1 rows written", float64(d1.Written))
	costs(t, "login: D1 rows read", float64(d1.Read))
	_, d1 = s.cost(func() { in = s.visit(visit{path: "/auth/refresh", cookie: in.cookie}) })
	if in.status != 200 {
		t.Fatalf("HTTP %d", in.status)
	}
	costs(t, "refresh: D1 rows written", float64(d1.Written))
	costs(t, "refresh: D1 rows read", float64(d1.Read))
}
