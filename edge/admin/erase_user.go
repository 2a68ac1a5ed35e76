package admin

import (
	"slices"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// deleteUser erases a person: it revokes everything first, and the links that the user has made,
// whose guests are put out; then the database forgets the user, then each document that the user ever
// was in forgets, then the user's own object, which knows those documents, and last what the
// database has heard of the user since. Whoever comes back with a token of before is refused in
// the midst of it and ever after. A repeat goes on where this one ended.
func deleteUser(c *request) (answer, *protocol.Error) {
	forget, err := c.forgetting()
	if err != nil {
		return answer{}, err
	}
	r := c.ending(protocol.TokenRevoked, "user_erased")
	r.All = true
	receipt, err := c.ask(c.ctx, c.user, r.Message())
	if err != nil {
		return answer{}, err
	}
	guests, err := c.guestsOut(c.user) // before the rows go by which they are known
	if err != nil {
		return answer{}, erasedInPart(err)
	}
	rows, failed := c.store.EraseUser(c.ctx, c.user)
	if failed != nil {
		return answer{}, erasedInPart(rest.Unavailable("database_unavailable"))
	}
	documents, more, err := c.forgetEverywhere(forget)
	if err != nil {
		return answer{}, erasedInPart(err)
	}
	object := []byte(`{"rows":{},"sockets":0}`)
	if !more {
		if object, err = c.ask(c.ctx, c.user, (&call.EraseUser{}).Message()); err != nil {
			return answer{}, erasedInPart(err)
		}
		// What was on the way meanwhile: an event that a backend did not take names the user, too.
		late, failed := c.store.EraseUser(c.ctx, c.user)
		if failed != nil {
			return answer{}, erasedInPart(rest.Unavailable("database_unavailable"))
		}
		rows = sum(rows, late)
	}
	w := jsonscan.NewObject(nil)
	w.Bool("stored", true)
	w.Bool("more", more)
	w.Raw("receipt", receipt)
	w.Int("guests", int64(guests))
	appendRows(&w, "database", rows)
	w.Raw("object", object)
	w.Array("documents")
	for _, d := range documents {
		w.OpenItem()
		w.Str("document", d.id)
		w.Raw("erased", d.said)
		w.Close()
	}
	w.CloseArray()
	c.end(&w, true, leftMoment, leftText, leftKept, notEvents, leftCopies, leftLogs)
	return ok(w.End()), nil
}

// sum adds what went of each table.
func sum(rows, more []Rows) []Rows {
	for _, m := range more {
		if i := slices.IndexFunc(rows, func(r Rows) bool { return r.Table == m.Table }); i >= 0 {
			rows[i].N += m.N
		} else {
			rows = append(rows, m)
		}
	}
	return rows
}

// forgetting is what is asked of each document.
func (c *request) forgetting() (r call.Forget, err *protocol.Error) {
	content, comments := "anonymise", "keep"
	if c.fields["content"] != nil {
		if content, err = c.oneOf("content", "anonymise", "keep"); err != nil {
			return r, err
		}
	}
	if c.fields["comments"] != nil {
		if comments, err = c.oneOf("comments", "keep", "erase"); err != nil {
			return r, err
		}
	}
	return call.Forget{UserID: c.user, Texts: comments == "erase", Names: content == "keep", Reason: c.why("by_operator"), By: c.by}, nil
}

// forgotten is what a document said when it had forgotten a user.
type forgotten struct {
	id   string
	said []byte
}

// forgetEverywhere has the documents of a user's forget the user, so many of them, and the
// user's object those that have. more says that there are others.
func (c *request) forgetEverywhere(r call.Forget) (done []forgotten, more bool, err *protocol.Error) {
	said, _, err := c.askWhole(c.ctx, c.user, (&call.Visited{Limit: erasedAtOnce}).Message())
	if err != nil {
		return nil, false, err
	}
	documents, more := call.ParseVisited(said)
	answers := make([][]byte, len(documents))
	errs := make([]*protocol.Error, len(documents))
	each(len(documents), func(i int) { answers[i], errs[i] = c.ask(c.ctx, documents[i], r.Message()) })
	var names []string
	for i, id := range documents {
		if errs[i] != nil {
			err = errs[i]
			continue
		}
		done, names = append(done, forgotten{id, answers[i]}), append(names, id)
	}
	if len(names) > 0 {
		if _, _, failed := c.askWhole(c.ctx, c.user, (&call.Visited{Forgotten: names, Limit: 1}).Message()); failed != nil && err == nil {
			err = failed
		}
	}
	return done, more, err
}

// erasedInPart is the error of an erasure that has begun: the user is out already.
func erasedInPart(err *protocol.Error) *protocol.Error {
	err = afterStore(err)
	err.Message = "The user's tokens are revoked, but not everything is erased yet: repeat the call."
	return err
}
