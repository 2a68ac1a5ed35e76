package document

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/rows"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// Document is the core of one document. It is not safe for concurrent use.
type Document struct {
	cfg      Config
	id       string
	version  uint64
	now      time.Time // of this Step
	clock    serverconn.Clock
	portions int                // members this Step has given more of the log to
	members  []*member          // by user and client id
	conns    map[ConnID]*member // current connections only; never ranged over
	state    State
	sections []Section // by name
	upload   Upload
	comments int    // that are open
	total    uint64 // bytes of all entries there ever were
	fresh    string // the next generation, where the log has none
	term     uint64 // under which entries are written
	lastTerm uint64 // the newest entry's, 0 for none
	probes   serverconn.Probes
	// guestTiming is cfg.Channel of guests.
	guestTiming channel.Config
	posters     []*poster // who has posted without a connection, the newest last
	writers     []string  // in whose name whom has posted, of those with a line about it
	full        []*member // whom this Step has sent more than may be under way
	told        delivery.Queue
	crowd       crowd

	deadlines
	output
}

// New returns a document nobody has touched.
func New(cfg Config, documentID string) *Document {
	d := &Document{cfg: cfg.WithDefaults(), id: documentID, conns: map[ConnID]*member{}, probes: serverconn.NewProbes(cfg.Conn.Secret)}
	d.guestTiming = d.cfg.Channel
	d.guestTiming.ReadOnly = guestReadOnly
	d.told = delivery.Restore(d.cfg.Events, teller{d}, delivery.Snapshot{}, d.cfg.Random)
	return d
}

// Restore returns the document a snapshot was taken from. It fails on a
// snapshot no document can have made, and then there is nothing to run.
func Restore(cfg Config, s Snapshot) (*Document, error) {
	d := New(cfg, s.DocumentID)
	d.version = s.Version
	if err := d.restoreState(s); err != nil {
		return nil, err
	}
	for i, row := range s.Channels {
		if row.Channel.Conn != "" && row.Term > 0 && s.Open[row.Channel.Conn] {
			d.term = row.Term // the object has only slept
		}
		m, err := d.restoreMember(row)
		if err != nil {
			return nil, err
		}
		if len(s.Live) == len(s.Channels) {
			m.live = s.Live[i].live
		} else {
			m.restoreShown(s.Shown[m.self[0]])
		}
		if i < len(s.Receipts) {
			d.remember(m, s.Receipts[i])
		} else {
			d.remember(m, nil)
			m.forgot = d.version > 0
		}
		d.members = append(d.members, m)
	}
	for _, p := range s.Posters {
		d.posters = append(d.posters, d.newPoster(p.Key, p.Receipts))
	}
	d.writers = append(d.writers, s.Writers...)
	if s.Probes != (serverconn.Probes{}) {
		d.probes = s.Probes
	}
	if rows.Ascending(d.members, keyOf); rows.Repeated(d.members, keyOf) {
		return nil, errors.New("document: two rows of one client")
	}
	d.clock = serverconn.Starting(d.known())
	d.crowd.said = d.readers(true)
	d.told = delivery.Restore(d.cfg.Events, teller{d}, s.Events, d.cfg.Random)
	d.told.Restored(d.version, d.Generation())
	return d, nil
}

func (d *Document) restoreMember(row Row) (*member, error) {
	ch, err := channel.Restore(d.timing(row.Channel.UserID), row.Channel)
	switch {
	case err != nil:
		return nil, err
	case row.Notifying && ch.State() != channel.Gone:
		return nil, errors.New("document: a notification of a channel that is not gone")
	case row.Grant.UserID != row.Channel.UserID:
		return nil, errors.New("document: a grant of another user")
	case row.Channel.Acked > d.version:
		return nil, errors.New("document: acknowledged beyond the log")
	case row.Behind && row.Pushed >= d.version || row.Pushed > 0 && !row.Behind:
		return nil, errors.New("document: behind nothing")
	case (row.Behind || !row.DrySince.IsZero()) && ch.State() != channel.Active:
		return nil, errors.New("document: room on no connection")
	}
	m := &member{
		ch: ch, grant: row.Grant, notifying: row.Notifying, reason: row.Reason,
		notifyNext: row.NotifyNext, tries: row.Tries, fence: row.Fence, saved: row.Channel.Acked,
		behind: row.Behind, pushed: row.Pushed, drySince: row.DrySince, confirms: row.Confirms, trusted: row.Trusted, term: row.Term, called: row.Called, unlisted: row.Unlisted,
	}
	if c := ch.Conn(); c != "" {
		if d.conns[c] != nil {
			return nil, errors.New("document: one connection in two rows")
		}
		d.attach(m, c)
		if m.behind && m.drySince.IsZero() {
			m.historyAt = row.Channel.ConnectedAt // it waited for its turn, and that is now
		}
	}
	return m, nil
}

// Snapshot returns everything Restore needs. It copies all of it: an object that runs asks for what it wants by name.
func (d *Document) Snapshot() Snapshot {
	s := Snapshot{
		DocumentID: d.id, Version: d.version, Total: d.total, Fresh: d.fresh, Term: d.term, LastTerm: d.lastTerm, State: d.state, Sections: append([]Section(nil), d.sections...),
		Upload: d.upload, Comments: d.comments, Probes: d.probes, Events: d.told.Snapshot(),
	}
	for _, m := range d.members {
		s.Channels = append(s.Channels, m.row())
		s.Live = append(s.Live, Live{m.live.clone()})
		s.Receipts = append(s.Receipts, m.remembered())
	}
	s.Writers = append(s.Writers, d.writers...)
	for _, p := range d.posters {
		s.Posters = append(s.Posters, Poster{p.key, receiptsOf(&p.receipts)})
	}
	return s
}

// Step takes one event and returns what is to be done about it, in order. The
// effects are valid until the next Step.
func (d *Document) Step(now time.Time, ev Event) []Effect {
	now = now.UTC().Truncate(time.Millisecond)
	d.begin()
	d.now, d.portions, d.full = now, 0, d.full[:0]
	if _, connect := ev.(Connect); !connect { // whose answer is the first effect
		d.turnBack(now)
	}
	d.step(now, ev)
	d.settleFull(now)
	d.endFull(now)
	d.told.Settle(now)
	return d.effects
}

func (d *Document) step(now time.Time, ev Event) {
	switch e := ev.(type) { // those that settle what is due in their own place
	case Connect:
		d.connect(now, e)
		return
	case Woken:
		d.woken(now, e)
		return
	case Recalled:
		if m := d.find(e.UserID, e.ClientID); m != nil && m.forgot {
			d.remember(m, e.Receipts)
		}
		return
	case Disconnected:
		d.disconnected(now, e)
	case SendFailed:
		d.sendFailed(now, e)
	}
	d.awake(now)
	d.settleDue(now)
	switch e := ev.(type) {
	case FrameReceived:
		if m := d.conns[e.Conn]; m != nil {
			d.frame(now, m, e)
		}
	case FrameInvalid:
		if m := d.conns[e.Conn]; m != nil {
			d.invalid(now, m, e.Err, e.Size)
		}
	case TokenVerified:
		if m := d.conns[e.Conn]; m != nil {
			d.tokenVerified(now, m, e.Grant)
		}
	case TokenRefused:
		if m := d.conns[e.Conn]; m != nil {
			d.tokenRefused(now, m, e.Err)
		}
	case GrantChanged:
		d.grantPushed(now, e)
	case End:
		d.endChannel(now, e)
	case Delivered:
		if m := d.conns[e.Conn]; m != nil {
			d.delivered(m, e)
		}
	case Notified:
		d.notified(now, e)
	case LockRequested:
		d.lockRequested(now, e)
	case AccessChanged:
		d.accessChanged(now)
	case Listed:
		d.listed(now, e)
	case EventsSent:
		d.told.Sent(now, e.Sent)
	case EventsBuried:
		d.told.Buried(now, e.Buried)
	case Deliver:
		d.deliver(e)
	case Erase:
		d.erase(now, e)
	case CommentErasure:
		d.eraseComment(now, e)
	case Forget:
		d.forget(now, e)
	case RestoreRequested:
		d.restoreRequested(now, e)
	case ResolveRequested:
		d.resolveRequested(now, e)
	case Post:
		d.post(now, e)
	case LogAged:
		d.logAged(now, &e.Posting)
	}
}

// Knows reports whether the document remembers what this user's client has sent: a
// Connect that is stepped next needs no Receipts then. A live channel may end in
// that very step, but it is not forgotten in it.
func (d *Document) Knows(userID, clientID string) bool {
	m := d.find(userID, clientID)
	return d.version == 0 || m != nil && m.ch.Live() && !m.forgot
}

// Forgotten are the clients of a user of which the document does not remember what they have sent: a
// frame of theirs, and an End, wait for it (Recalled).
func (d *Document) Forgotten(userID string) (clients []string) {
	for _, m := range d.of(userID) {
		if m.forgot {
			clients = append(clients, m.ch.ClientID())
		}
	}
	return clients
}

// Deserted reports whether nobody is in the document, or may come back to a channel.
func (d *Document) Deserted() bool { return alive(d.members) == 0 }

// Version is the newest entry's, 0 for none.
func (d *Document) Version() uint64 { return d.version }

// Floor is how far readers' log is trimmed, and Kept how far entries are gone for good.
func (d *Document) Floor() uint64 { return d.state.Floor }
func (d *Document) Kept() uint64  { return d.state.Kept }

// State is what is stored of the document as a whole.
func (d *Document) State() State { return d.state }

// Rows are the members' channels, as they are stored.
func (d *Document) Rows(each func(Row)) {
	for _, m := range d.members {
		each(m.row())
	}
}

// Sections are those that are locked. They are not the caller's to change.
func (d *Document) Sections() []Section { return d.sections }

// OpenComments is how many comments are open.
func (d *Document) OpenComments() int { return d.comments }

// SnapshotVersion is the version of the snapshot, 0 for none.
func (d *Document) SnapshotVersion() uint64 { return d.state.Snapshot }

// Current returns the user's connections, one of each client.
func (d *Document) Current(userID string) (conns []ConnID) {
	for _, m := range d.of(userID) {
		if m.active() {
			conns = append(conns, m.self[0])
		}
	}
	return conns
}

// User returns whose connection it is, "" for none that is current.
func (d *Document) User(conn ConnID) string {
	if m := d.conns[conn]; m != nil {
		return m.userID()
	}
	return ""
}

// find returns the member of a user's client, nil for none.
func (d *Document) find(userID, clientID string) *member {
	return d.named(memberKey(userID, clientID))
}

func (d *Document) named(key string) *member {
	if i, ok := d.place(key); ok {
		return d.members[i]
	}
	return nil
}

// of returns the user's members, one of each client. They are the document's own list.
func (d *Document) of(userID string) []*member {
	i, _ := d.place(memberKey(userID, ""))
	n := 0
	for i+n < len(d.members) && d.members[i+n].userID() == userID {
		n++
	}
	return d.members[i : i+n]
}

// place returns where the member of a key is or would be, and whether it is.
func (d *Document) place(key string) (int, bool) { return rows.Find(d.members, keyOf, key) }

func keyOf(m **member) string { return (*m).key() }

func (d *Document) insert(m *member) {
	i, _ := d.place(m.key())
	d.members = rows.Insert(d.members, i, m)
}

func (d *Document) remove(m *member) {
	i, _ := d.place(m.key())
	d.members = rows.Remove(d.members, i)
	d.stale = true
}

func (d *Document) attach(m *member, c ConnID) {
	m.self[0] = c
	d.conns[c] = m
	d.stale = true
}

// detach forgets the member's connection; the channel says so already or will.
func (d *Document) detach(m *member) {
	delete(d.conns, m.self[0])
	m.self[0] = ""
	m.conn.Renew()
	m.behind, m.pushed, m.drySince, m.trusted = false, 0, time.Time{}, 0
	m.passing, m.syncing, m.replaying, m.held = serverconn.Flow{}, false, false, ""
	m.historyAt, m.joined, m.received, m.looks = time.Time{}, 0, 0, looks{}
	d.stale = true
}

// alive counts the channels that are active or may be resumed.
func alive(members []*member) (n int) {
	for _, m := range members {
		if m.ch.Live() {
			n++
		}
	}
	return n
}
