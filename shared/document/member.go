package document

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rate"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// member is the channel of one client of a user's and what the document knows beside it.
type member struct {
	ch       *channel.Channel
	name     string // its key, made once
	grant    Grant
	receipts channel.Receipts
	self     [1]ConnID // the current connection, in the form Send wants it

	notifying  bool
	reason     string
	notifyNext time.Time
	tries      int
	fence      uint64 // grants of an older epoch are not let in

	// behind says that the entries after pushed wait in the log: the connection has
	// no room for them, or they are being replayed.
	behind   bool
	pushed   uint64
	drySince time.Time // when credit ran out; zero while there is some
	confirms bool      // the client answers probes
	trusted  int       // windows given unconfirmed

	live
	saved uint64 // Acked as last stored
	// forgot says that what its client had accepted is not known: the object has slept, or that is not in the
	// log any more, or not all.
	forgot bool
	term   uint64 // of the document's, when the connection began
	called bool   // its user's object has something for its client
	// unlisted says that the others are not shown its connection, a reader's beyond Config.ShownReaders.
	unlisted bool
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
	asking    bool // the notification is on its way, to an answer or a failure
	// rejected is how often in a row the document was full for the user, rejectedFor for
	// how long it has to wait.
	rejected    int
	rejectedFor time.Duration
	// resumes is how often it has come back without its user's object being asked.
	resumes rate.Bucket
	// history is what the user was sent of the log as it was before; historyAt when
	// there is room for more, zero when nothing waits for it; joined is the version the
	// connection began at.
	history   rate.Bucket
	historyAt time.Time
	joined    uint64
	shows     rate.Bucket // how often its presence was passed on
	showFlood rate.Flood  // its presence frames, that were not passed on too
	// received is the newest version that the client has said it has, on this connection.
	received uint64
	// unheard are the ids of the messages that the connection has yet to acknowledge.
	unheard []string
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
	l.unheard = append([]string(nil), l.unheard...)
	return l
}

func (m *member) userID() string { return m.grant.UserID }

// guest reports whether the member came by a link.
func (m *member) guest() bool { return protocol.IsGuest(m.userID()) }

// key is by what members are ordered: the user, then the client. A client with no name has no
// connection: it stands for all that may come.
func (m *member) key() string {
	if m.name == "" {
		m.name = memberKey(m.userID(), m.ch.ClientID())
	}
	return m.name
}

// memberKey joins what no id has in it.
func memberKey(userID, clientID string) string { return userID + "\x00" + clientID }

func (m *member) row() Row {
	grant := m.grant
	grant.AccessAt = time.Time{} // of use on the way in, and for State.Lock
	return Row{
		Channel: m.ch.Row(), Grant: grant, Notifying: m.notifying, Reason: m.reason,
		NotifyNext: m.notifyNext, Tries: m.tries, Fence: m.fence, Behind: m.behind, Pushed: m.pushed, DrySince: m.drySince,
		Confirms: m.confirms, Trusted: m.trusted, Term: m.term, Called: m.called, Unlisted: m.unlisted,
	}
}

// active reports whether the member has a live connection.
func (m *member) active() bool { return m.self[0] != "" }

// remember takes the newest of what a client has had accepted, oldest first, in place of all
// else. Entries beyond the log's newest version cannot be and are left out.
func (d *Document) remember(m *member, list []Receipt) {
	m.receipts.Reset(d.cfg.Unacknowledged)
	m.forgot = false
	for _, rec := range list {
		if rec.Version <= d.version {
			m.receipts.Add("", rec.MessageID, rec.Version)
		}
	}
}

// remembered is the same for a snapshot.
func (m *member) remembered() []Receipt { return receiptsOf(&m.receipts) }

func receiptsOf(receipts *channel.Receipts) (list []Receipt) {
	for _, r := range receipts.List() {
		list = append(list, Receipt{MessageID: r.MessageID, Version: r.Seq})
	}
	return list
}
