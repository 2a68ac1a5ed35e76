package sim_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// erased is what of a document was erased while it stayed, and answered: from then on it is
// neither sent nor stored.
type erased struct {
	words map[string]bool       // that were said in comments
	users map[string]*forgotten // by id
	// under are the words of what is being erased, until it is answered.
	under   []string
	comment *document.CommentErased // the newest answer
	user    *document.Forgotten
}

// forgotten is a user of whom a document knows nothing any more.
type forgotten struct {
	log     *history
	version uint64 // up to which no entry names the user, but for
	names   bool   // where the names were to stay
	done    bool   // it was answered
	// back says that the user has come again, by a token that was made since.
	back bool
}

func newErased() erased { return erased{words: map[string]bool{}, users: map[string]*forgotten{}} }

// copy is what was erased when the storage was copied: the rest is undone by putting it back.
func (e *erased) copy() erased {
	c := newErased()
	maps.Copy(c.words, e.words)
	for id, f := range e.users {
		same := *f
		c.users[id] = &same
	}
	return c
}

// rewound is what was erased when a copy was made, once that is put back. What is known of users
// is not put back: who has come again since is there.
func (e *erased) rewound(then erased, log *history) erased {
	for id, f := range then.users {
		now := e.users[id]
		f.log, f.back = log, f.back || now == nil || now.back
	}
	return then
}

// eraseComment is an operator who erases what was said in a comment, and perhaps asks twice.
func (w *world) eraseComment() {
	d := w.docs[w.rng.IntN(len(w.docs))]
	ids := slices.Sorted(maps.Keys(d.store.Comments))
	for _, e := range d.store.Log { // also one that no reader gets any more
		if e.Kind == document.KindCreate && !slices.Contains(ids, e.Version) {
			ids = append(ids, e.Version)
		}
	}
	if len(ids) == 0 {
		return
	}
	id := ids[w.rng.IntN(len(ids))]
	for range 1 + w.rng.IntN(2) {
		d.gone.comment = nil
		ev := d.store.CommentErasure(id, "olive")
		version := d.store.Version()
		d.step(ev)
		switch a := d.gone.comment; {
		case a == nil:
			w.fail("%s: no answer to the erasure of comment %d", d.id, id)
		case (a.Err != nil) != (ev.Entries == 0):
			w.fail("%s: comment %d of %d entries: %+v", d.id, id, ev.Entries, a)
		case a.Err == nil && (a.Version > version) != (ev.Texts > 0):
			w.fail("%s: comment %d that says %d things: version %d, was %d", d.id, id, ev.Texts, a.Version, version)
		case ev.Texts > 0:
			w.counts.CommentsErased++
		}
	}
}

// erases keeps the whole history up with what is erased, and remembers what was said.
func (d *docObject) erases(e document.Effect) {
	g := &d.gone
	switch e := e.(type) {
	case document.EraseComment:
		g.under = d.log.silence(func(entry document.Entry) bool { return entry.Comment == e.ID }, false)
	case document.CommentErased:
		g.comment = &e
		d.erasureAnswered()
	case document.ForgetUser:
		if e.Texts {
			g.under = d.log.silence(func(entry document.Entry) bool { return entry.UserID == e.UserID }, true)
		}
		if !e.Names {
			d.log.rename(e.UserID, d.store.Log)
		}
		g.users[e.UserID] = &forgotten{log: d.log, names: e.Names}
		for _, c := range d.w.user(e.UserID).clients {
			delete(d.channels, c.key())
		}
		for _, s := range d.w.servers {
			maps.DeleteFunc(s.known, func(key string, _ uint64) bool { return strings.Contains(key, " "+e.UserID+" ") })
		}
	case document.Forgotten:
		g.user = &e
		d.erasureAnswered()
		for _, f := range g.users {
			if !f.done {
				f.version, f.done = d.store.Version(), true
			}
		}
	}
}

// erasureAnswered: what was said is gone from now on, unless somebody else has said it too.
func (d *docObject) erasureAnswered() {
	for _, word := range d.gone.under {
		d.gone.words[word] = !slices.ContainsFunc(d.log.all, func(e document.Entry) bool { return bytes.Contains(e.Op, []byte(word)) })
	}
	maps.DeleteFunc(d.gone.words, func(_ string, gone bool) bool { return !gone })
	d.gone.under = nil
}

// saidAgain: somebody says in a new entry what was erased.
func (e *erased) saidAgain(entry document.Entry) {
	maps.DeleteFunc(e.words, func(word string, _ bool) bool { return bytes.Contains(entry.Op, []byte(word)) })
}

// silent holds what leaves to this: nothing of what was erased is sent to anybody.
func (d *docObject) silent(text []byte) {
	for _, word := range slices.Sorted(maps.Keys(d.gone.words)) {
		if bytes.Contains(text, []byte(word)) {
			d.w.fail("%s: sent %s, and %q was erased", d.id, text, word)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.gone.users)) {
		if f := d.gone.users[id]; !f.back && !f.names && f.done && bytes.Contains(text, []byte(id)) {
			d.w.fail("%s: sent %s, and %s was erased", d.id, text, id)
		}
	}
}

// nothingLeft holds what is stored to the same.
func (d *docObject) nothingLeft() {
	nothing := func(document.Entry) bool { return false }
	for _, word := range slices.Sorted(maps.Keys(d.gone.words)) {
		if where := d.store.Mentions(word, nothing); where != "" {
			d.w.fail("%s: stored is %s, and %q was erased", d.id, where, word)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(d.gone.users)) {
		f := d.gone.users[id]
		if !f.done || f.log != d.log {
			continue // another log is of after it, or from before it
		}
		if !f.names {
			for _, e := range slices.Concat(d.store.Log, d.store.Trimmed) {
				if e.Version <= f.version && strings.Contains(e.UserID+" "+e.ClientID, id) {
					d.w.fail("%s: stored is %+v, and %s was erased at version %d", d.id, e, id, f.version)
				}
			}
		}
		store := *d.store
		if f.names { // at the snapshots, too
			store.Kept = nil
		}
		if where := store.Mentions(id, func(e document.Entry) bool { return f.names || f.back }); where != "" && !f.back {
			d.w.fail("%s: stored is %s, and %s was erased", d.id, where, id)
		}
	}
}

// erasure is a person being erased, as the operators' API does it: the tokens are revoked, the
// permissions go, each document forgets, and last the user's own object. A step that fails is
// repeated with all before it.
type erasure struct {
	u            *user
	ask          uint64
	texts, names bool
	elsewhere    bool // the permission source is not ours, and goes on to know the user
	left         []*docObject
	done         bool
	back         bool // by a new token, all the same
}

func (w *world) erasePerson() {
	u := w.users[w.rng.IntN(len(w.users))]
	if u.erasure != nil || w.quiet {
		return
	}
	u.erasure = &erasure{u: u, texts: w.rng.Chance(0.6), names: w.rng.Chance(0.15), elsewhere: w.rng.Chance(0.5)}
	u.erasure.begin()
}

func (e *erasure) begin() {
	w, u := e.u.w, e.u
	for _, c := range u.clients {
		if c.old = c.token; c.delegation != nil {
			c.old = c.delegation.key(c)
		}
	}
	if c := u.clients[w.rng.IntN(len(u.clients))]; e.elsewhere && c.delegation == nil && !w.quiet {
		w.After(w.rng.Between(time.Second, 2*time.Second), func() { // the person signs in anew with an issuer that knows nothing of it
			if !e.done && !w.quiet {
				c.startAnew()
				c.token = c.issue()
				c.attempt()
			}
		})
	}
	w.askNo++
	e.ask = w.askNo
	now := w.Now
	u.op.asked[e.ask] = func() {
		u.op.before, u.op.everything = now, now
		if !e.elsewhere {
			w.source[u.id] = nobody
			u.op.version++
		}
		e.left = slices.Clone(w.docs)
		e.forget()
	}
	u.step(sessionRevokeAll(e.ask, u.id))
}

// unanswered is that whoever waits for the revocation's receipt gets none: the object, which knew
// of them, is gone from memory.
func (e *erasure) unanswered() {
	if e == nil || e.done || e.u.op.asked[e.ask] == nil {
		return
	}
	delete(e.u.op.asked, e.ask)
	e.u.w.After(e.u.w.rng.Between(0, 5*time.Second), e.begin)
}

// forget asks the next document. The call may fail on the way there or on the way back.
func (e *erasure) forget() {
	w, u := e.u.w, e.u
	lostThere, lostBack := !w.quiet && w.rng.Chance(0.1), !w.quiet && w.rng.Chance(0.1)
	longest := 200 * time.Millisecond
	if w.rng.Chance(0.5) { // it is overwritten
		longest = 5 * time.Second
	}
	w.After(w.rng.Between(0, longest), func() {
		d := e.left[0]
		if !lostThere {
			d.gone.user = nil
			ev := d.store.Forget(u.id, e.texts, e.names, "olive")
			d.step(ev)
			if d.gone.user == nil || d.gone.user.Threads != len(ev.Threads) {
				w.fail("%s: %+v is answered with %+v", d.id, ev, d.gone.user)
			}
		}
		w.After(w.rng.Between(0, 100*time.Millisecond), func() {
			switch {
			case lostThere || lostBack:
				w.After(w.rng.Between(0, 3*time.Second), e.begin)
			case len(e.left) > 1:
				e.left = e.left[1:]
				e.forget()
			default:
				e.object()
			}
		})
	})
}

// object erases the user's own object, if nobody has come by a new token meanwhile.
func (e *erasure) object() {
	w, u := e.u.w, e.u
	if u.ses.Snapshot().Returned() {
		w.counts.CameBetween++
		w.After(w.rng.Between(0, 3*time.Second), e.begin)
		return
	}
	w.counts.UsersErased++
	u.forgotten()
	e.done = true
	if !w.quiet {
		w.After(w.rng.Between(time.Second, time.Minute), u.comesBack)
	}
}

// comesBack is a person who was erased and signs in anew, as somebody whom nobody knows.
func (u *user) comesBack() {
	if u.erasure == nil || !u.erasure.done {
		return
	}
	u.erasure = nil
	u.w.source[u.id] = u.role
	u.op.version++
	for _, c := range u.clients {
		c.startAnew()
	}
}

// settles waits for the erasures that are under way, and has everybody back.
func (w *world) erasuresEnd() {
	for range 60 {
		under := false
		for _, u := range w.users {
			under = under || u.erasure != nil && !u.erasure.done
		}
		if !under {
			break
		}
		w.RunUntil(w.Now.Add(5 * time.Second))
	}
	for _, u := range w.users {
		if u.erasure != nil && !u.erasure.done {
			w.fail("%s: the erasure does not come to an end", u.id)
		}
		u.comesBack()
	}
}

// startAnew is a client that has nothing and knows nothing. A program's key is no good any more.
func (c *client) startAnew() {
	c.drop(0)
	c.session, c.position, c.log, c.received, c.state = "", "", c.doc.log, 0, 0
	c.content, c.pending, c.stalled, c.dialing, c.final, c.wished = content{open: map[uint64]bool{}}, nil, false, false, false, true
	c.token, c.signIn, c.old = accessToken{}, "", accessToken{}
	clear(c.ahead)
	if c.delegation != nil {
		c.delegation.over = true
	}
	c.w.After(c.w.rng.Between(0, 5*time.Second), func() {
		if !c.w.quiet { // then each has its turn
			c.dial()
		}
	})
}

// triesOldToken is a client of somebody who was erased: it tries the token of before.
func (c *client) triesOldToken() {
	if c.user.erasure != nil && c.old.id != "" && c.connection == nil {
		c.w.counts.Knocked++
		c.token = c.old
		c.attempt()
	}
}

// said is a text of a comment that a client has received. Once the comment is erased it has
// none of it any more.
func (c *client) heard(version uint64, p protocol.Comment) {
	if c.content.said == nil {
		c.content.said = map[uint64]saying{}
	}
	switch {
	case p.Erased:
		maps.DeleteFunc(c.content.said, func(_ uint64, s saying) bool { return s.comment == p.CommentID })
	case len(p.Body) > 0:
		c.content.said[version] = saying{p.CommentID, string(p.Body)}
	}
}

type saying struct{ comment, body string }

// hasForgotten holds a client in step to this: of what is in the log it shows nothing that was
// erased. What one user has said and is forgotten without a word: BACKEND.md says so.
func (c *client) hasForgotten() {
	for _, e := range c.doc.store.Log {
		s, known := c.content.said[e.Version]
		if p, _ := protocol.ParseComment(e.Op); known && e.Kind != document.KindOp && string(p.Body) != s.body && !c.log.silenced[e.Version] {
			c.w.fail("%s shows %s as version %d, stored is %+v", c.id, s.body, e.Version, e)
		}
	}
}

// eraseWorkspace erases all documents, one after the other.
func (w *world) eraseWorkspace() {
	for _, d := range w.docs {
		if !d.source.deleted && !w.quiet {
			w.counts.Emptied++
			d.deleteSource()
		}
	}
}
