package document

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

type (
	// Post adds what a server has sent to the log, in order: all of it or nothing. It bears a
	// user's name, with that user's rights, or nobody's (UserID is ""), which no token can
	// be of; who may do that, and what, its caller has made sure of. Frames that were added
	// before, by a socket of that user and client or by a Post, are not added again. The
	// answer is Posted.
	Post struct {
		UserID, ClientID string
		// Grant is what the user may do; a connection of the user's here knows it better.
		Grant *Grant
		// Force disregards what is locked.
		Force bool
		// IfVersion is what the document's version has to be, when HasIf, for something new.
		IfVersion uint64
		HasIf     bool
		// By is who asked for it: an operator, or the name of a key.
		By     string
		Frames []PostedFrame
		// Receipts are as in Connect; none are needed when KnowsPoster just said so.
		Receipts []Receipt
	}
	// PostedFrame is an op or a comment as it would come by a socket. CommentOpen and Share are as
	// in FrameReceived, as they were before the Post.
	PostedFrame struct {
		Frame       protocol.Frame
		CommentOpen bool
		Share       CommentShare
	}
	// Posted answers Post. With an Err nothing was added, and At is the frame that was
	// refused, -1 for none of them; Outdated says that the Grant was from before the
	// document's access version Access.
	Posted struct {
		Err      *protocol.Error
		At       int
		Outdated bool
		Access   uint64
		Version  uint64
		Entries  []PostedEntry
	}
	// PostedEntry is where a frame is in the log, and whether it was there before.
	PostedEntry struct {
		MessageID string
		Version   uint64
		Comment   bool // Version names the comment that it has created
		Repeated  bool
	}
)

func (Post) isEvent()    {}
func (Posted) isEffect() {}

const (
	// maxPosters is how many servers' message ids are in memory, of those who posted last.
	maxPosters = 8
	// maxWriters is of how many who posted it is remembered that there is a line of them.
	maxWriters = 16
)

// poster is who has posted without a connection.
type poster struct {
	key      string
	receipts channel.Receipts
}

// KnowsPoster reports whether the document remembers what was sent under this user's and
// client's names: a Post that is stepped next needs no Receipts then.
func (d *Document) KnowsPoster(userID, clientID string) bool {
	return d.Knows(userID, clientID) || d.posterAt(memberKey(userID, clientID)) >= 0
}

func (d *Document) posterAt(key string) int {
	for i := range d.posters {
		if d.posters[i].key == key {
			return i
		}
	}
	return -1
}

// forgetPoster has a connection remember alone what its client has sent.
func (d *Document) forgetPoster(key string) {
	if i := d.posterAt(key); i >= 0 {
		d.posters = append(d.posters[:i], d.posters[i+1:]...)
	}
}

// rememberedOf are the message ids of whoever posts, and the member that it is, if any is
// connected or may come back.
func (d *Document) rememberedOf(e *Post) (m *member, receipts *channel.Receipts) {
	key := memberKey(e.UserID, e.ClientID)
	if m = d.named(key); m != nil && m.ch.Live() {
		d.forgetPoster(key)
		if m.forgot { // by a restore: KnowsPoster has said so
			d.remember(m, e.Receipts)
		}
		return m, &m.receipts
	}
	var p *poster
	if i := d.posterAt(key); i >= 0 {
		p = d.posters[i]
		d.posters = append(d.posters[:i], d.posters[i+1:]...)
	} else {
		p = d.newPoster(key, e.Receipts)
		if len(d.posters) >= maxPosters {
			d.posters = append(d.posters[:0], d.posters[1:]...)
		}
	}
	d.posters = append(d.posters, p)
	return nil, &p.receipts
}

// wroteBefore reports whether the log of what was done has a line of whoever asked for a Post in
// this name, and remembers that it has.
func (d *Document) wroteBefore(e *Post) bool {
	who := memberKey(e.UserID, e.ClientID) + nobody + e.By
	if slices.Contains(d.writers, who) {
		return true
	}
	if len(d.writers) >= maxWriters {
		d.writers = slices.Delete(d.writers, 0, 1)
	}
	d.writers = append(d.writers, who)
	return false
}

func (d *Document) newPoster(key string, receipts []Receipt) *poster {
	p := &poster{key: key}
	p.receipts.Reset(d.cfg.Unacknowledged)
	for _, r := range receipts {
		p.receipts.Add("", r.MessageID, r.Version)
	}
	return p
}

// post looks at all of it first, and then adds all of it.
func (d *Document) post(now time.Time, e Post) {
	rights := permission.All
	if e.UserID != "" {
		if e.Grant == nil || e.Grant.UserID != e.UserID {
			return // no shell makes one
		}
		d.lockSaid(now, *e.Grant)
		if d.outdated(*e.Grant) {
			d.emit(Posted{Outdated: true, At: -1, Access: d.state.Access, Err: &protocol.Error{Code: protocol.ServiceUnavailable, Reason: "access_changed", RetryAfter: time.Second}})
			return
		}
		newest := e.Grant
		for _, o := range d.of(e.UserID) { // what was pushed here is newer than what was asked for
			if o.ch.Live() && o.grant.Epoch >= newest.Epoch {
				newest = &o.grant
			}
		}
		rights = newest.user() // also of a delegate, of which less counts for itself
	}
	m, receipts := d.rememberedOf(&e)
	p := posting{d: d, now: now, e: &e, rights: rights, receipts: receipts}
	for i := range e.Frames {
		if err := p.plan(&e.Frames[i]); err != nil {
			err.MessageID = e.Frames[i].Frame.MessageID
			d.emit(Posted{Err: err, At: i})
			return
		}
	}
	if len(p.entries) > 0 && e.HasIf && e.IfVersion != d.version {
		d.emit(Posted{At: -1, Err: &protocol.Error{Code: protocol.MalformedMessage, Reason: ReasonVersionChanged, Message: "The document is at another version: read what is new, and decide again."}})
		return
	}
	for i := range p.entries {
		d.addPosted(m, receipts, &p.entries[i])
	}
	if len(p.entries) > 0 && (!d.wroteBefore(&e) || e.Force) {
		entry := audit.Entry{At: now, Event: audit.ServerWrote, UserID: e.UserID, ClientID: e.ClientID, Document: d.id, By: e.By}
		if e.Force {
			entry.Reason = "forced"
		}
		d.emit(Record{Entry: entry})
	}
	d.emit(Posted{Version: d.version, Entries: p.answers})
}

// ReasonVersionChanged is the reason of a Post whose IfVersion is another.
const ReasonVersionChanged = "version_changed"

// addPosted puts a posted entry in the log and sends it to everybody: to a connection of
// the client in whose name it is as a replay would.
func (d *Document) addPosted(m *member, receipts *channel.Receipts, e *Entry) {
	receipts.Add("", e.MessageID, e.Version)
	d.stores(e)
	switch e.Kind {
	case KindCreate:
		d.comments++
	case KindResolve:
		d.comments--
	}
	if m != nil && m.active() {
		if m.behind || !d.credit(m) {
			d.waits(m, e.Version)
		} else {
			d.sendTo(m, replayFrame(e, m.userID(), m.ch.ClientID()))
		}
	}
	d.sendOthers(m, replayFrame(e, "", nobody))
}

// nobody is the name of no client.
const nobody = "\x00"
