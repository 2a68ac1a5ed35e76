package admin

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// DefaultLinkMax is the longest life of a link, DefaultMaxGuests how many guests it may make.
	DefaultLinkMax   = 90 * 24 * time.Hour
	DefaultMaxGuests = 1000
	// linkLife is the life of a link whose maker says none.
	linkLife = 7 * 24 * time.Hour
	// leastLinkLife is the shortest: a guest has to get in.
	leastLinkLife = time.Second
	// managerName is who ended a guest's session, where a user did. The operators' log says which.
	managerName = "a manager"
	// linkRole is permission_change's reason for a link's other role.
	linkRole = "link_role_changed"
)

var linkFields = []string{"role", "expires", "uses", "name", "reason"}

// makeLink makes a link to a document. Only this answer shows its text, for only its hash is stored.
func makeLink(c *request) (answer, *protocol.Error) {
	if err := c.linked(); err != nil {
		return answer{}, err
	}
	l := link.Link{Document: c.document, Operator: c.by}
	if err := c.readLink(&l); err != nil {
		return answer{}, err
	}
	return c.addLink(l)
}

// linked refuses where there are no links.
func (c *request) linked() *protocol.Error {
	if c.cfg.Links != nil {
		return nil
	}
	return &protocol.Error{Code: protocol.NotFound, Reason: "no_guests", Message: "There are no guests here: GUEST_SECRET is not set."}
}

// readLink reads what a link is to be.
func (c *request) readLink(l *link.Link) (err *protocol.Error) {
	if l.Role, err = c.oneOf("role", link.Roles...); err != nil {
		return err
	}
	l.CreatedAt = c.cfg.Now()
	l.ExpiresAt = l.CreatedAt.Add(min(linkLife, c.cfg.LinkMax))
	if raw := c.fields["expires"]; raw != nil {
		at, ok := momentOf(raw)
		if life := at.Sub(l.CreatedAt); !ok || life < leastLinkLife || life > c.cfg.LinkMax {
			return rest.BadField("expires")
		}
		l.ExpiresAt = at
	}
	l.Uses = c.cfg.MaxGuests
	if raw := c.fields["uses"]; raw != nil {
		n, ok := jsonscan.Uint(raw)
		if !ok || n == 0 || n > uint64(c.cfg.MaxGuests) {
			return rest.BadField("uses")
		}
		l.Uses = int(n)
	}
	if c.fields["name"] != nil {
		l.Name, err = c.text("name", link.NameBytes)
	}
	return err
}

func (c *request) addLink(l link.Link) (answer, *protocol.Error) {
	var text string
	l.ID, text, l.Hash = link.New(c.cfg.Random)
	stored, err := c.cfg.Links.Add(c.ctx, l, c.cfg.LinkLimits, !c.cfg.Elsewhere)
	switch {
	case err != nil:
		return answer{}, linkError(err, noDocument)
	case !stored:
		return answer{}, &protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_links",
			Message: "There are as many links as there may be: revoke one."}
	}
	c.link = l.ID
	w := jsonscan.NewObject(nil)
	appendLink(&w, l)
	w.Str("link", text)
	return created(w.End()), nil
}

func appendLink(w *jsonscan.Writer, l link.Link) {
	w.Str("link_id", l.ID)
	w.Str("document", l.Document)
	w.Str("role", l.Role)
	if l.Name != "" {
		w.Str("name", l.Name)
	}
	if l.Maker != "" {
		w.Str("user_id", l.Maker)
	} else {
		w.Str("operator", l.Operator)
	}
	w.Int("uses", int64(l.Uses))
	w.Int("used", int64(l.Used))
	w.Time("created_at", l.CreatedAt)
	w.Time("expires_at", l.ExpiresAt)
	appendTime(w, "revoked_at", l.RevokedAt)
}

// listLinks lists a document's links, those that are over for 30 days too.
func listLinks(c *request) (answer, *protocol.Error) {
	if err := c.linked(); err != nil {
		return answer{}, err
	}
	p, err := c.page()
	if err != nil {
		return answer{}, err
	}
	if p.Prefix != "" || p.After != "" && !protocol.HexID(p.After) {
		return answer{}, rest.BadField("after")
	}
	rows, failed := c.cfg.Links.Links(c.ctx, c.document, p.After, p.Limit)
	return listing("links", p, rows, failed, func(w *jsonscan.Writer, l link.Link) string {
		appendLink(w, l)
		return l.ID
	})
}

// changeLink gives a link another role: its guests have it before the answer.
func changeLink(c *request) (answer, *protocol.Error) {
	if err := c.linked(); err != nil {
		return answer{}, err
	}
	role, err := c.oneOf("role", link.Roles...)
	if err != nil {
		return answer{}, err
	}
	if err := c.cfg.Links.SetRole(c.ctx, c.document, c.link, role, c.cfg.Now()); err != nil {
		return answer{}, linkError(err, noLink)
	}
	out, err := c.eachGuest(func(user string) call.Message {
		return (&call.Access{UserID: user, Document: c.document, Reason: linkRole, By: c.by}).Message()
	}, false)
	if err != nil {
		return answer{}, afterStore(err)
	}
	return out.answer("stored"), nil
}

// revokeLink ends a link: nobody gets a token by it any more, and its guests are disconnected
// before the answer. The row goes first, because a guest is made by a statement that looks at it: so
// each either finds it revoked, or is found here.
func revokeLink(c *request) (answer, *protocol.Error) {
	if err := c.linked(); err != nil {
		return answer{}, err
	}
	if err := c.cfg.Links.Revoke(c.ctx, c.document, c.link, c.cfg.Now()); err != nil {
		return answer{}, linkError(err, noLink)
	}
	out, err := c.eachGuest(c.linkRevoked, true)
	if err != nil {
		return answer{}, afterStore(err)
	}
	return out.answer("revoked"), nil
}

// revokeGuest puts out one guest. The row goes first: a token that it was given before falls
// with the session, and it gets no other. The link's holder may come as another guest, if the link
// has a use left.
func (c *request) revokeGuest(r *call.End) (answer, *protocol.Error) {
	id, number, ok := protocol.Guest(c.user)
	if !ok || c.cfg.Links == nil {
		return answer{}, noGuest()
	}
	failed := c.cfg.Links.End(c.ctx, id, number, "")
	receipt, err := c.ask(c.ctx, c.user, r.Message())
	if err == nil && failed != nil {
		err = rest.Unavailable("guest_not_ended")
		err.Message = "The connection is closed and the token is worthless, but the database did not take that the guest gets no other: repeat the call."
		err.Details = append(err.Details, protocol.Detail{Name: "receipt", Raw: receipt})
	}
	return ended(receipt, "", err)
}

func noGuest() *protocol.Error {
	return &protocol.Error{Code: protocol.NotFound, Reason: "guest_not_found", Message: "There is no such guest."}
}

// told is what came of asking a link's guests.
type told struct {
	began    time.Time
	ended    time.Time
	asked    int
	receipts [][]byte
}

// eachGuest asks the sessions of a link's guests that may be connected, part by part. Those that
// are done with for good are not asked again when the call is repeated.
func (c *request) eachGuest(m func(user string) call.Message, forGood bool) (told, *protocol.Error) {
	out := told{began: c.cfg.Now()}
	var refused *protocol.Error
	for after := ""; ; {
		numbers, err := c.cfg.Links.Guests(c.ctx, c.link, after, out.began, detachedAtOnce)
		switch {
		case err != nil:
			return out, linkError(err, noLink)
		case len(numbers) == 0:
			out.ended = c.cfg.Now()
			return out, refused
		case out.asked >= maxDetached:
			return out, rest.Unavailable("not_told")
		}
		receipts, failed := make([][]byte, len(numbers)), make([]*protocol.Error, len(numbers))
		each(len(numbers), func(i int) {
			user := protocol.GuestID(c.link, numbers[i])
			receipts[i], failed[i] = c.ask(c.ctx, user, m(user))
		})
		after = numbers[len(numbers)-1]
		for i := range numbers {
			if out.asked++; failed[i] != nil {
				refused = failed[i]
			} else {
				out.receipts = append(out.receipts, receipts[i])
			}
		}
		if forGood && refused == nil {
			if err := c.cfg.Links.End(c.ctx, c.link, "", after); err != nil {
				return out, linkError(err, noLink)
			}
		}
	}
}

// guestsOut ends the links that a user has made, and disconnects their guests: how many there were.
func (c *request) guestsOut(maker string) (n int, err *protocol.Error) {
	if c.cfg.Links == nil {
		return 0, nil
	}
	defer func() { c.link = "" }() // it is none of the call's
	if err := c.cfg.Links.RevokeMade(c.ctx, maker, c.cfg.Now()); err != nil {
		return 0, linkError(err, noLink)
	}
	for {
		ids, failed := c.cfg.Links.LinksUnder(c.ctx, maker, c.cfg.Now(), detachedAtOnce)
		if failed != nil {
			return n, linkError(failed, noLink)
		}
		if len(ids) == 0 {
			return n, nil
		}
		for _, c.link = range ids {
			if n >= maxDetached {
				return n, rest.Unavailable("not_told")
			}
			out, err := c.eachGuest(c.linkRevoked, true)
			if n += out.asked; err != nil {
				return n, err
			}
		}
	}
}

// linkRevoked is what a guest's session is asked once the link is revoked.
func (c *request) linkRevoked(guest string) call.Message {
	by := c.by
	if by == "" { // a user's id in a guest's log would outlive the user's erasure
		by = managerName
	}
	return (&call.End{UserID: guest, Code: protocol.TokenRevoked, Reason: c.why("link_revoked"), By: by, All: true}).Message()
}

// maxUnder is how many guests one change of their links' maker asks. Those beyond have a maker who
// may do less within a PERMISSION_TTL_MS.
const maxUnder = 512

// guestsUnder has the guests of the links that a user has made ask again what they may do: what
// the links give lives by what the maker may do.
func (c *request) guestsUnder(what change) *protocol.Error {
	guests, err := c.listUnder(what)
	if err != nil {
		return err
	}
	return c.askUnder(guests, what)
}

func (c *request) listUnder(what change) ([]link.Guest, *protocol.Error) {
	if c.cfg.Links == nil || what.user == "" {
		return nil, nil
	}
	guests, err := c.cfg.Links.GuestsUnder(c.ctx, what.user, what.document, c.cfg.Now(), maxUnder)
	if err != nil {
		return nil, linkError(err, noLink)
	}
	return guests, nil
}

func (c *request) askUnder(guests []link.Guest, what change) *protocol.Error {
	failed := make([]*protocol.Error, len(guests))
	each(len(guests), func(i int) {
		one := change{user: guests[i].UserID, document: guests[i].Document, reason: what.reason, by: what.by}
		_, failed[i] = c.askAgain(c.ctx, one)
	})
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// answer has the receipts of the guests' sessions.
func (t told) answer(done string) answer {
	w := jsonscan.NewObject(nil)
	w.Bool(done, true)
	w.Int("guests", int64(t.asked))
	w.Array("receipts")
	for _, r := range t.receipts {
		w.Item()
		w.Buf = append(w.Buf, r...)
	}
	w.CloseArray()
	w.Int("took_ms", t.ended.Sub(t.began).Milliseconds())
	return ok(w.End())
}

func linkError(err error, missing func() *protocol.Error) *protocol.Error {
	if err == link.ErrNotFound {
		return missing()
	}
	return rest.Unavailable("database_unavailable")
}

func noLink() *protocol.Error {
	return &protocol.Error{Code: protocol.NotFound, Reason: "link_not_found", Message: "The document has no such link."}
}
