package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// documentObject is the shell of a Document object.
type documentObject struct {
	host   Host
	store  store
	core   *document.Document
	name   string
	cfg    document.Config
	alarm  alarm
	asks   asks[ask]
	audit  auditLog
	told   backend
	now    time.Time        // the event's
	events []document.Event // still to step, those that effects came back as

	// lists says who lives by the list of opened documents, listing in which workspace's the
	// document is being put.
	lists   listFor
	listing string
	// connecting is the upgrade that is being answered.
	connecting connectRequest
	ask        uint32
	// rows and bytes are what there was when all was erased, forgotten the rows of a user.
	rows      []byte
	bytes     uint64
	aging     aging
	forgotten jsonscan.Writer
}

// NewDocument makes a Document object from what its storage holds, which is
// nothing the first time.
func NewDocument(h Host, now time.Time) (Object, error) {
	o := &documentObject{host: h, store: store{host: h}, name: h.Name(), audit: newAuditLog(h), cfg: documentConfig(settings{h}, newSecret(h)), told: newBackend(h, "document")}
	o.cfg.Random = newSeed(h, &o.cfg.Events)
	o.lists = listsFor(settings{h})
	if err := o.store.open(&documentSchema); err != nil {
		return unopened(h, err)
	}
	snap := document.Snapshot{DocumentID: o.name, Channels: o.store.channels(), Fresh: newGeneration(h), Term: newTerm(h), Open: map[ConnID]bool{}}
	o.store.document(&snap)
	snap.Events = o.store.events(&o.cfg.Events)
	o.store.listed(snap.Version, o.cfg.Unacknowledged)
	if o.store.err != nil {
		return nil, o.store.err
	}
	snap.Shown = map[ConnID][]byte{}
	h.Attached(func(conn ConnID, text []byte) { snap.Shown[conn] = append([]byte(nil), text...) })
	h.Sockets(func(conn ConnID, _ time.Time) { snap.Open[conn] = true })
	core, err := document.Restore(o.cfg, snap)
	if err != nil {
		return nil, err
	}
	o.core = core
	o.audit.open(&o.store)
	if o.cfg.LogAge > 0 && core.Kept() > 0 {
		o.store.trimGone(0) // what was left before LOG_DAYS was set
	}
	h.AutoResponse(protocol.PingText, protocol.PongText)
	o.lose(snap.Channels, snap.Open)
	err = o.run(now)
	_, o.alarm.stored = o.deadline(now)
	return o, err
}

// lose finds the connections that ended while nobody was looking: a crash or a
// deploy takes every socket with it, and the runtime reports no close of them.
func (o *documentObject) lose(rows []document.Row, open map[ConnID]bool) {
	for _, row := range rows {
		if conn := row.Channel.Conn; conn != "" && !open[conn] {
			o.events = append(o.events, document.Disconnected{Conn: conn, Code: 1006})
		}
	}
}

// Handle implements Object.
func (o *documentObject) Handle(now time.Time, in Input) error {
	o.store.slots.begin()
	if in.Kind == Alarm {
		o.alarm.rang()
	}
	if in.Kind != Alarm && o.core.Unjudged(now, in.Kind == Connect) {
		o.events = append(o.events, o.woken())
		if err := o.run(now); err != nil {
			return err
		}
	}
	if in.Kind == Message {
		o.recall(o.core.User(in.Conn))
	}
	if ev := o.event(now, in); ev != nil {
		o.events = append(o.events, ev)
	}
	if in.Kind == Alarm {
		o.aged(now)
	}
	if err := o.run(now); err != nil {
		return err
	}
	deadline, ok := o.deadline(now)
	o.alarm.follow(o.host, now, deadline, ok)
	return nil
}

// woken is the runtime's record of answered pings.
func (o *documentObject) woken() document.Event {
	var seen []document.Seen
	o.host.Sockets(func(conn ConnID, at time.Time) {
		if !at.IsZero() {
			seen = append(seen, document.Seen{Conn: conn, At: at})
		}
	})
	return document.Woken{Seen: seen}
}

// run steps the core through everything there is.
func (o *documentObject) run(now time.Time) error {
	o.now = now
	o.audit.settle(&o.store, now)
	for i := 0; i < len(o.events) && o.store.err == nil; i++ {
		for _, e := range o.core.Step(now, o.events[i]) {
			o.carryOut(e)
		}
		o.events[i] = nil
	}
	o.events = o.events[:0]
	if o.store.err != nil {
		return o.store.err
	}
	o.store.ended()
	return nil
}

// deadline is when the object has something to do.
func (o *documentObject) deadline(now time.Time) (time.Time, bool) {
	deadline, ok := o.core.Deadline()
	at, due := o.audit.due()
	deadline, ok = sooner(deadline, ok, at, due)
	at, due = o.agingDue(now)
	return sooner(deadline, ok, at, due)
}

// event turns an input into the core's event; nil when there is none.
func (o *documentObject) event(now time.Time, in Input) document.Event {
	switch in.Kind {
	case Message, Binary:
		frame, size, err := in.frame(o.cfg.Conn.Limits)
		if err != nil {
			return document.FrameInvalid{Conn: in.Conn, Err: err, Size: size}
		}
		received := document.FrameReceived{Conn: in.Conn, Frame: frame, Size: size}
		received.CommentOpen, received.Share = o.comments(frame, o.core.User(in.Conn))
		if version, last, ok := document.Posts(frame); ok {
			received.Posting = o.history(now, version, last)
		}
		return received
	case Closed:
		return document.Disconnected{Conn: in.Conn, Code: in.Code, Seen: o.host.LastSeen(in.Conn)}
	case SendFailed:
		return document.SendFailed{Conn: in.Conn, Seen: o.host.LastSeen(in.Conn)}
	case Alarm:
		return o.woken()
	case Connect:
		return o.connect(now, in)
	case Answered, Failed:
		return o.answered(now, in)
	case Request:
		return o.request(now, in)
	}
	return nil
}

// comments looks up what the core cannot know of the comment that a user's frame is about.
func (o *documentObject) comments(f protocol.Frame, user string) (open bool, share document.CommentShare) {
	id, named := document.Named(f)
	replies := 0
	if named {
		open, replies = o.store.comment(id)
	}
	if document.Shares(f) {
		share = o.store.share(user, id)
	}
	share.Replies = replies
	return open, share
}

// LongestText implements Object. A UTF-16 unit is at least one byte.
func (o *documentObject) LongestText() int { return o.cfg.Conn.Limits.FrameBytes }

// frame reads a message, and says what it counts for: as much as was sent, whatever of it
// there is to see.
func (in *Input) frame(lim protocol.Limits) (f protocol.Frame, size int, err *protocol.Error) {
	size = max(in.Length, len(in.Text))
	switch {
	case size > lim.FrameBytes:
		return f, size, protocol.TooLarge(lim)
	case in.Kind == Binary:
		return f, size, &protocol.Error{Code: protocol.MalformedMessage, Reason: "binary", Message: "Frames are text; this one was binary."}
	}
	f, err = protocol.Decode(in.Text, lim)
	return f, size, err
}

func (o *documentObject) connect(now time.Time, in Input) document.Event {
	c, err := parseConnect(in.Text)
	if err != 0 {
		refuseConnect(o.host, in.Ask, err)
		return nil
	}
	if o.list(now, &c.event.Grant, ask{dial: &c, dialled: in.Ask}) {
		return nil
	}
	return o.admitted(in.Ask, c)
}

// admitted makes an event of an admitted upgrade, with what is known of its client.
func (o *documentObject) admitted(ask uint32, c connectRequest) document.Event {
	c.event.Conn = newConn(o.host)
	user := c.event.Grant.UserID
	if c.event.Known = o.core.Knows(user, c.event.ClientID); !c.event.Known {
		c.event.Receipts = o.store.receipts(user, c.event.ClientID)
	}
	if p := &c.event.Position; p.Generation != "" {
		c.event.InTerm, c.event.AtBase = o.store.ofTerm(p.Term, c.event.LastSeq), o.store.ofTerm(p.BaseTerm, p.Base)
	}
	for _, current := range o.core.Current(user) {
		c.event.Seen = append(c.event.Seen, document.Seen{Conn: current, At: o.host.LastSeen(current)})
	}
	o.connecting, o.ask = c, ask
	return c.event
}

// newSecret draws what an object's probes are named by, for this boot.
func newSecret(h Host) (s serverconn.Secret) {
	h.Random(s[:])
	return s
}

// newGeneration names a log: 128 random bits.
func newGeneration(h Host) string { return randomHex(h, 16) }

// newTerm draws what this boot's entries are written under, if it holds no socket. It is never 0.
func newTerm(h Host) (term uint64) {
	var random [document.TermBits / 8]byte
	h.Random(random[:])
	for _, b := range random {
		term = term<<8 | uint64(b)
	}
	return max(term, 1)
}

// newConn names a new socket.
func newConn(h Host) ConnID { return ConnID(randomHex(h, 8)) }

// randomHex returns 2n hex digits.
func randomHex(h Host, n int) string {
	const digits = "0123456789abcdef"
	random := make([]byte, n)
	h.Random(random)
	out := make([]byte, 0, 2*n)
	for _, b := range random {
		out = append(out, digits[b>>4], digits[b&15])
	}
	return string(out)
}
