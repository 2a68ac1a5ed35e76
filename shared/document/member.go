package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// member is one user's channel and what the document knows beside it.
type member struct {
	ch       *channel.Channel
	grant    Grant
	receipts receipts
	self     [1]ConnID // the current connection, in the form Send wants it

	telling  bool
	reason   string
	tellNext time.Time
	tries    int
	fence    uint64 // grants of an older epoch are not let in

	// behind says that the entries after pushed wait in the log: the connection has
	// no room for them, or they are being replayed.
	behind   bool
	pushed   uint64
	drySince time.Time // when credit ran out; zero while there is some
	confirms bool      // the client answers probes
	trusted  int       // windows given unconfirmed

	live
	saved uint64 // Acked as last stored
}

// live is what a member knows that need not be stored: losing it forgives, or has
// the client ask again.
type live struct {
	conn    serverconn.Conn
	passing serverconn.Flow // of conn's, what is worth nothing once a newer one has come
	// syncing is whether a sync_request waits for credit, from syncFrom.
	syncing   bool
	replaying bool // a Replay has no Delivered yet
	syncFrom  protocol.SyncRequest
	// turned is how often in a row the document was full for the user, turnedFor for
	// how long it was sent away.
	turned    int
	turnedFor time.Duration
	// history is what the user was sent of the log as it was before; historyAt when
	// there is room for more, zero when nothing waits for it; joined is the version the
	// connection began at.
	history   rate.Bucket
	historyAt time.Time
	joined    uint64
	shows     rate.Bucket // how often its presence was passed on
	showFlood rate.Flood  // its presence frames, that were not passed on too
	// heard is the newest version that the client has said it has, on this connection.
	heard uint64
	looks
	// held is the op that was refused for a while: until it comes again, or
	// heldUntil, those sent behind it may not overtake it.
	held      string
	heldUntil time.Time
	// behindHeld is the first that was refused behind it, and takes its place when that time
	// is over: what was sent behind that one may not overtake it either.
	behindHeld string
}

func (l live) clone() live {
	l.shown = append([]byte(nil), l.shown...)
	l.unseen = append([]string(nil), l.unseen...)
	return l
}

func (m *member) userID() string { return m.grant.UserID }

func (m *member) row() Row {
	grant := m.grant
	grant.AccessAt, grant.Access = time.Time{}, 0 // of use on the way in, and for State.Lock
	return Row{
		Channel: m.ch.Row(), Grant: grant, Telling: m.telling, Reason: m.reason,
		TellNext: m.tellNext, Tries: m.tries, Fence: m.fence, Behind: m.behind, Pushed: m.pushed, DrySince: m.drySince,
		Confirms: m.confirms, Trusted: m.trusted,
	}
}

// active reports whether the member has a live connection.
func (m *member) active() bool { return m.self[0] != "" }

// receipts is a ring of the newest ops and comments of one client. A repeat is looked for on
// every op, so the ids' hashes lie side by side and strings are compared on a
// match only.
type receipts struct {
	hashes []uint32
	items  []Receipt
	next   int // where the next one goes
	max    int
}

// reset takes the newest of list, oldest first. Entries beyond the log's newest
// version cannot be and are left out.
func (r *receipts) reset(list []Receipt, max int, version uint64) {
	r.hashes, r.items, r.next, r.max = r.hashes[:0], r.items[:0], 0, max
	if len(list) > max {
		list = list[len(list)-max:]
	}
	for _, rec := range list {
		if rec.Version <= version {
			r.add(rec)
		}
	}
}

func (r *receipts) add(rec Receipt) {
	if len(r.items) < r.max {
		r.hashes, r.items = append(r.hashes, hash(rec.MessageID)), append(r.items, rec)
		r.next = len(r.items) % r.max
		return
	}
	if r.max == 0 {
		return
	}
	r.hashes[r.next], r.items[r.next] = hash(rec.MessageID), rec
	r.next = (r.next + 1) % r.max
}

func (r *receipts) find(messageID string) (version uint64, ok bool) {
	h := hash(messageID)
	for i, x := range r.hashes {
		if x == h && r.items[i].MessageID == messageID {
			return r.items[i].Version, true
		}
	}
	return 0, false
}

// newest returns the last id added, "" for none.
func (r *receipts) newest() string {
	if len(r.items) == 0 {
		return ""
	}
	return r.items[(r.next+len(r.items)-1)%len(r.items)].MessageID
}

// list returns a copy, oldest first.
func (r *receipts) list() []Receipt {
	if len(r.items) < r.max {
		return append([]Receipt(nil), r.items...)
	}
	return append(append([]Receipt(nil), r.items[r.next:]...), r.items[:r.next]...)
}

// hash is FNV-1a: good enough to tell ids apart, and no import.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return h
}
