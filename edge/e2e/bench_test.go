//go:build !js

package e2e

import (
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// BenchmarkPeers compares Holdfast with its peers (edge/bench/peers.mjs): all of
// them in one workerd process, each with a socket of its own into it, in turns.
// One iteration is one round, so -benchtime 15x is fifteen of them.
//
// Bare and stored check no token and no right; partyserver checks the token; Holdfast
// both, and it keeps a session and recognises a repeated op.
func BenchmarkPeers(b *testing.B) {
	r := startRig(b)
	stored := slices.DeleteFunc(slices.Clone(r.all), func(c *contestant) bool { return !c.log })
	b.Run("op", func(b *testing.B) {
		r.interleave(b, "One op at a time, to its acknowledgement", r.all, r.oneAtATime)
	})
	b.Run("flight", func(b *testing.B) {
		r.interleave(b, "64 ops in flight, 16 on each of 4 sockets that all receive them", r.all, r.inFlight)
	})
	b.Run("delivery", func(b *testing.B) {
		r.interleave(b, "One op to the last of 50 readers", r.all, r.delivery(50))
	})
	b.Run("connect", func(b *testing.B) {
		r.interleave(b, "Connect, to connection_ack", r.all, r.connects)
	})
	b.Run("first", func(b *testing.B) {
		r.interleave(b, "First connect of a user, to connection_ack", r.all, r.firsts)
	})
	b.Run("grace", func(b *testing.B) {
		r.interleave(b, "Resume in grace with the same token, to connection_ack", r.all, r.returns)
	})
	b.Run("resume", func(b *testing.B) {
		r.interleave(b, "Reconnect, to the last of 100 missed ops", stored, r.resumes)
	})
	b.Run("wake", func(b *testing.B) {
		r.interleave(b, "One op to an object that hibernates", r.all, r.wakes)
	})
	b.Run("login", func(b *testing.B) {
		r.interleave(b, "A login by e-mail and password; bare is its hash, a token and two statements in JavaScript", r.issuers(), r.logins)
	})
	b.Run("refresh", func(b *testing.B) {
		r.interleave(b, "A refresh of a sign-in; bare is a token, a statement and a batch of two in JavaScript", r.issuers(), r.refreshes)
	})
	b.Run("memory", func(b *testing.B) {
		for i, c := range r.all {
			b.Run(c.name, func(b *testing.B) {
				if len(r.table.memory) <= i { // asked for more rounds, it would find the same again
					r.table.memory = append(r.table.memory, idleMemory(b, i))
				}
				r.table.memory[i].report(b)
			})
		}
	})
	b.Run("crowd", func(b *testing.B) {
		table := &r.table
		r := startRig(b) // to no other object has anybody here more than reader's rights
		defer func() { table.figures = append(table.figures, r.table.figures...) }()
		r.database("UPDATE members SET role = 'viewer' WHERE user_id LIKE 'bench-%' AND user_id != 'bench-0'")
		r.interleave(b, "One op to the last of 999 who may only read", r.all, r.delivery(999))
	})
	r.table.print(os.Stdout)
}

func (r *rig) oneAtATime(c *contestant) func() sample {
	l := r.dial(place{contestant: c, document: r.document()})
	return func() sample {
		return each(100, func() time.Duration {
			began := time.Now()
			l.op()
			return time.Since(began)
		})
	}
}

func (r *rig) inFlight(c *contestant) func() sample {
	const sockets, each, ops = 4, 16, 150
	document := r.document()
	lines := make([]*peerLine, sockets)
	for i := range lines {
		lines[i] = r.dial(place{contestant: c, document: document, user: i})
	}
	return func() sample {
		began := time.Now()
		var all sync.WaitGroup
		for _, l := range lines {
			all.Go(func() { l.ops(ops, each, (sockets-1)*ops) })
		}
		all.Wait()
		return sample{ops: sockets * ops, elapsed: time.Since(began)}
	}
}

func (r *rig) delivery(readers int) func(c *contestant) func() sample {
	return func(c *contestant) func() sample {
		document := r.document()
		writer := r.dial(place{contestant: c, document: document})
		last := make(chan time.Time, 1)
		var received atomic.Int64
		for _, l := range r.crowd(place{contestant: c, document: document}, 1, 1+readers) {
			go func() {
				for {
					text, err := l.read()
					if err != nil {
						return
					}
					if is(text, "op") && received.Add(1)%int64(readers) == 0 {
						last <- time.Now()
					}
				}
			}()
		}
		return func() sample {
			return each(10, func() time.Duration {
				began := time.Now()
				writer.op()
				return (<-last).Sub(began)
			})
		}
	}
}

// connects has twenty users come and go. The one before is gone before the next
// one's clock starts, and each begins a session anew.
func (r *rig) connects(c *contestant) func() sample {
	document, user := r.document(), 0
	return func() sample {
		return each(10, func() time.Duration {
			user = (user + 1) % 20
			address, options := r.dialled(place{contestant: c, document: document, user: user})
			began := time.Now()
			l := r.dialAddress(address, options)
			took := time.Since(began)
			l.ws.CloseNow()
			return took
		})
	}
}

// firsts has users come whom nobody has seen: with Holdfast each has an object that is new.
func (r *rig) firsts(c *contestant) func() sample {
	document := r.document()
	return func() sample {
		return each(5, func() time.Duration {
			r.newest++
			address, options := r.dialled(place{contestant: c, document: document, user: r.newest % benchUsers})
			began := time.Now()
			l := r.dialAddress(address, options)
			took := time.Since(began)
			l.ws.CloseNow()
			return took
		})
	}
}

// returns has a user come back to what they have just left, alone and with nothing missed: whoever
// else is there would be told, which peers do not do.
func (r *rig) returns(c *contestant) func() sample {
	p := place{contestant: c, document: r.document(), version: 1}
	l := r.dial(place{contestant: c, document: p.document})
	l.ops(1, 1, 0) // last_seq=0 would not be a resume
	if c.sessions {
		p.session = l.session()
	}
	return func() sample {
		return each(10, func() time.Duration {
			l.ws.CloseNow()
			address, options := r.dialled(p)
			began := time.Now()
			l = r.dialAddress(address, options)
			return time.Since(began)
		})
	}
}

func (r *rig) resumes(c *contestant) func() sample {
	const missed = 100
	document := r.document()
	writer := r.dial(place{contestant: c, document: document})
	back := place{contestant: c, document: document, user: 1}
	writer.ops(1, 1, 0) // last_seq=0 would not be a resume
	reader := r.dial(back)
	if c.sessions {
		back.session = reader.session()
	}
	return func() sample {
		s := each(3, func() time.Duration {
			reader.ws.CloseNow()
			back.version = writer.sent
			writer.ops(missed, 32, 0)
			address, options := r.dialled(back)
			began := time.Now()
			reader = r.dialAddress(address, options)
			for range missed {
				reader.await("op")
			}
			return time.Since(began)
		})
		s.more = true // the missed ops
		return s
	}
}

func (r *rig) wakes(c *contestant) func() sample {
	document := r.document()
	l := r.dial(place{contestant: c, document: document})
	return func() sample {
		s := each(5, func() time.Duration {
			r.evictObject(c, document)
			began := time.Now()
			l.op()
			return time.Since(began)
		})
		s.more = true // the evictions
		return s
	}
}
