package admin

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// detachedAtOnce is how many sessions are asked before their answers are stored. A
	// Worker may ask 1,000 things for one request, 50 on the free plan
	// (developers.cloudflare.com/workers/platform/limits, 2026-11-21): when it may ask no
	// more, a repeat goes on where it stood.
	detachedAtOnce = 32
	// maxDetached is how many sessions one call asks.
	maxDetached = 24 * detachedAtOnce
)

// detached is what came of ending an app's connections.
type detached struct {
	began time.Time
	// asked is how many sessions were, closed the users on whose a connection was ended.
	asked  int
	closed []string
}

// detach has all sessions that a key of the app's let it into, or any key that is gone,
// end the app there. One that cannot be reached does not keep the others from being asked; it is
// found again by a repeat.
func (c *request) detach(reason string) (detached, *protocol.Error) {
	out := detached{began: c.cfg.Now(), closed: []string{}}
	r := call.AppKey{Package: c.app, KeyID: c.key, Reason: c.why(reason), By: c.by}
	var refused *protocol.Error
	for after := ""; ; {
		users, err := c.store.AppUsers(c.ctx, c.app, c.key, after, detachedAtOnce)
		switch {
		case err != nil:
			return out, storeError(err, noApp)
		case len(users) == 0:
			return out, refused
		case out.asked == maxDetached:
			return out, rest.Unavailable("not_told")
		}
		if err := c.detachFrom(&out, users, r.Message()); err != nil {
			refused = err
		}
		after = users[len(users)-1]
	}
}

// detachFrom asks these users' sessions, and forgets the connections of those that have
// acted on it. It returns what went wrong with one of the others.
func (c *request) detachFrom(out *detached, users []string, m call.Message) (refused *protocol.Error) {
	receipts, failed := make([][]byte, len(users)), make([]*protocol.Error, len(users))
	each(len(users), func(i int) { receipts[i], failed[i] = c.ask(c.ctx, users[i], m) })
	var done []string
	for i, user := range users {
		receipt := call.ParseAppReceipt(receipts[i])
		switch {
		case failed[i] != nil:
			refused = failed[i]
		case receipt.Closed == nil:
			refused = badAnswer()
		default:
			done = append(done, user)
			if len(receipt.Closed) > 0 {
				out.closed = append(out.closed, user)
			}
		}
	}
	out.asked += len(users)
	if len(done) > 0 {
		if err := c.store.ForgetAppSessions(c.ctx, c.app, c.key, done); err != nil {
			return rest.Unavailable("database_unavailable")
		}
	}
	return refused
}

// answer is the receipt.
func (d detached) answer(c *request) answer {
	w := jsonscan.NewObject(nil)
	w.Bool("stored", true)
	w.Open("receipt")
	w.Str("package", c.app)
	if c.key != "" {
		w.Str("key_id", c.key)
	}
	w.Strs("closed", d.closed)
	w.Int("took_ms", c.cfg.Now().Sub(d.began).Milliseconds())
	w.Close()
	return ok(w.End())
}
