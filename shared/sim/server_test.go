package sim_test

import (
	"fmt"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// server posts to documents by HTTP, among the sockets: its own entries, or in a user's name. An
// answer may be lost, and then it sends all of it again until one comes.
type server struct {
	w    *world
	doc  *docObject
	name string
	next int
	sent []string // what is under way
	// known are the versions that were answered, by log, user and message id.
	known map[string]uint64
}

// serve has a server at work for as long as there are faults.
func (w *world) serve() {
	s := &server{w: w, doc: w.docs[w.rng.IntN(len(w.docs))], name: "server" + strconv.Itoa(w.rng.IntN(2)), known: map[string]uint64{}}
	w.servers = append(w.servers, s)
	w.After(w.rng.Between(0, 20*time.Second), s.act)
}

func (s *server) act() {
	w := s.w
	if w.quiet {
		return
	}
	again := func() { w.After(w.rng.Between(100*time.Millisecond, 20*time.Second), s.act) }
	if len(s.sent) == 0 {
		for range 1 + w.rng.IntN(3) {
			s.next++
			s.sent = append(s.sent, s.compose())
		}
	}
	e := document.Post{ClientID: s.name, By: "olive"}
	if w.rng.Chance(0.3) {
		e.HasIf, e.IfVersion = true, s.doc.core.Version()
		if w.rng.Chance(0.3) {
			e.IfVersion++
		}
	}
	if w.rng.Chance(0.5) {
		s.post(e)
		again()
		return
	}
	u := w.users[w.rng.IntN(len(w.users))]
	u.admit(session.Admit{Channel: s.doc.id, Look: true, Access: s.doc.core.Access(), Claims: session.Claims{UserID: u.id}}, func(a session.Answer) {
		if a.Err == nil {
			grant := docGrant(a.Grant)
			e.UserID, e.Grant = u.id, &grant
			s.post(e)
		}
		again()
	})
}

func (s *server) compose() string {
	id := s.name + "-" + strconv.Itoa(s.next)
	s.w.ids++
	switch s.w.rng.IntN(5) {
	case 0:
		return `{"type":"comment","event":"create","message_id":"` + id + `","data":{"body":"` + fmt.Sprintf("said-%d.", s.w.ids) + `"}}`
	case 1:
		if least := s.leastOpen(); least > 0 {
			return `{"type":"comment","event":"resolve","message_id":"` + id + `","data":{"comment_id":"` + strconv.FormatUint(least, 10) + `"}}`
		}
	}
	section := sections[s.w.rng.IntN(len(sections))]
	more := ""
	if section != "" {
		more = `,"section":"` + section + `"`
	}
	return `{"type":"operation","event":"op","message_id":"` + id + `","data":{"op":{"by":"` + s.name + `","n":` + strconv.Itoa(s.next) + `,"in":"` + section + `"}` + more + `}}`
}

func (s *server) leastOpen() (least uint64) {
	for id, resolved := range s.doc.store.Comments {
		if resolved == 0 && (least == 0 || id < least) {
			least = id
		}
	}
	return least
}

// post steps it and holds the answer to what is in the log.
func (s *server) post(e document.Post) {
	w, d := s.w, s.doc
	for _, text := range s.sent {
		f, err := protocol.Decode([]byte(text), protocol.DefaultLimits)
		if err != nil {
			w.fail("%s: %v", text, err)
		}
		r := d.store.Received("", e.UserID, f, len(text))
		e.Frames = append(e.Frames, document.PostedFrame{Frame: f, CommentOpen: r.CommentOpen, Share: r.Share})
	}
	if !d.core.KnowsPoster(e.UserID, e.ClientID) {
		e.Receipts = d.store.Receipts(e.UserID, e.ClientID, w.docCfg.Unacknowledged)
	}
	before := d.store.Version()
	log := d.log
	d.posting, d.answered = &e, nil
	d.step(e)
	d.posting = nil
	a := d.answered
	switch {
	case a == nil:
		w.fail("%s: a post without an answer: %+v", d.id, e)
	case a.Err != nil:
		w.counts.PostRefused++
		if d.store.Version() != before {
			w.fail("%s: refused with %v, and version %d became %d", d.id, a.Err, before, d.store.Version())
		}
		if a.At >= 0 && w.rng.Chance(0.5) { // it may be refused for good
			s.sent = nil
		}
		return
	case len(a.Entries) != len(e.Frames):
		w.fail("%s: %d answers to %d frames", d.id, len(a.Entries), len(e.Frames))
	}
	for i, p := range a.Entries {
		key := fmt.Sprintf("%p %s %s", log, e.UserID, p.MessageID)
		if was, known := s.known[key]; known && !log.undone[was] && (was != p.Version || !p.Repeated) {
			w.fail("%s: %s was version %d, and is %+v", d.id, key, was, p)
		}
		s.known[key] = p.Version
		entry := log.all[p.Version-1]
		if entry.MessageID != e.Frames[i].Frame.MessageID || entry.UserID != e.UserID || entry.ClientID != e.ClientID {
			w.fail("%s: answered with %d, where %+v is", d.id, p.Version, entry)
		}
		if p.Repeated {
			w.counts.PostRepeated++
		} else {
			w.counts.Posted++
		}
	}
	if w.rng.Chance(0.7) { // else the answer is lost, and it comes again
		s.sent = nil
	}
}

// served is what a server posts, and how that was answered.
type served struct {
	posting  *document.Post // that is being stepped
	answered *document.Posted
}

// postedAs holds an entry that was posted in a user's name to what that user may do. It reports
// whether it was posted.
func (d *docObject) postedAs(e document.Entry) bool {
	w := d.w
	if d.posting == nil {
		return false
	}
	if f := d.gone.users[e.UserID]; f != nil && !f.back {
		if erasure := w.user(e.UserID).erasure; erasure != nil && !erasure.elsewhere {
			w.fail("%s: posted for %s, who was erased: %+v", d.id, e.UserID, e)
		}
		f.back = true // by whoever posts in that name, of whom the source still knows
	}
	needs := permission.Write
	if e.Kind != document.KindOp {
		needs = permission.Comment
	}
	u := w.user(e.UserID)
	if may, _ := permission.Resolve(w.source[e.UserID]); u.op.settled == u.op.version && !w.down && !may.Has(needs) {
		w.fail("%s: posted for %s, who may %v, and it was confirmed", d.id, e.UserID, may.Names())
	}
	if e.Kind == document.KindOp && d.store.State.Lock.On {
		w.fail("%s: posted for %s while it is locked", d.id, e.UserID)
	}
	return true
}
