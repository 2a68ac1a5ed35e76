package admin

import (
	"context"
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Dead letters are events that the backend did not take (shared/delivery). Nothing sends them
// again by itself.

const (
	// replayedAtOnce is how many dead letters one request to the backend brings, and
	// maxReplays how many requests one call makes.
	replayedAtOnce = 100
	maxReplays     = 10
)

// DeadLetter is an event that was given up.
type DeadLetter struct {
	// Number is its place in the order in which events were given up.
	Number int64
	ID     string
	Reason string
	Tries  int
	DiedAt time.Time
	// Event is the text that was sent.
	Event string
}

// DeadLetters holds them in the order of their numbers.
type DeadLetters interface {
	// DeadLetters returns at most limit behind a number: of those with the ids, or of all for
	// none.
	DeadLetters(ctx context.Context, after int64, limit int, ids []string) ([]DeadLetter, error)
	// DeleteDeadLetters deletes those with the ids, or all for none, and returns how many.
	DeleteDeadLetters(ctx context.Context, ids []string) (int64, error)
	// CountDeadLetters returns how many there are.
	CountDeadLetters(ctx context.Context) (int64, error)
}

// Backend is where events go. A status of 0 says that there was no answer.
type Backend interface {
	Deliver(body []byte) (status int)
}

const reasonNoEvents = "events_off"

func listDeadLetters(c *request) (answer, *protocol.Error) {
	limit, err := c.count("limit", c.cfg.MaxEntries, 100)
	if err != nil {
		return answer{}, err
	}
	text, err := c.query("after")
	if err != nil {
		return answer{}, err
	}
	after, isNumber := jsonscan.Uint([]byte(text))
	if text != "" && (!isNumber || after > protocol.MaxSeq) {
		return answer{}, rest.BadField("after")
	}
	letters, failed := c.store.DeadLetters(c.ctx, int64(after), limit+1, nil)
	if failed != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	w := jsonscan.NewObject(nil)
	w.Array("dead_letters")
	for _, d := range letters[:min(len(letters), limit)] {
		w.OpenItem()
		w.Str("id", d.ID)
		w.Str("reason", d.Reason)
		w.Int("tries", int64(d.Tries))
		w.Time("died_at", d.DiedAt)
		w.Raw("event", []byte(d.Event))
		w.Close()
	}
	w.CloseArray()
	if len(letters) > limit {
		w.Str("next", strconv.FormatInt(letters[limit-1].Number, 10))
	}
	return ok(w.End()), nil
}

// which reads which dead letters are meant: some by their ids, or all. One of the two has to be said.
func (c *request) which() (ids []string, err *protocol.Error) {
	raw, all := c.fields["ids"], c.fields["all"]
	if everything, isBool := jsonscan.Bool(all); all != nil {
		if !isBool || !everything || raw != nil {
			return nil, rest.BadField("all")
		}
		return nil, nil
	}
	if len(raw) == 0 || raw[0] != '[' {
		return nil, rest.BadField("ids")
	}
	for list := jsonscan.Elements(raw); list.Next(); {
		id, isText := jsonscan.Str(list.Value())
		if !isText || id == "" || len(ids) == replayedAtOnce*maxReplays {
			return nil, rest.BadField("ids")
		}
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return nil, rest.BadField("ids")
	}
	return ids, nil
}

// replayDeadLetters sends dead letters again, in their order, and deletes what was taken. The
// first request that is not taken ends it.
func replayDeadLetters(c *request) (answer, *protocol.Error) {
	ids, err := c.which()
	if err != nil {
		return answer{}, err
	}
	if c.cfg.Backend == nil {
		return answer{}, &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonNoEvents,
			Message: "There is nobody to send events to: set EVENTS_URL and EVENTS_SECRET."}
	}
	replayed := 0
	for after, n := int64(0), 0; n < maxReplays; n++ {
		letters, failed := c.store.DeadLetters(c.ctx, after, replayedAtOnce, ids)
		if failed != nil {
			return answer{}, replayError(rest.Unavailable("database_unavailable"), replayed)
		}
		if len(letters) == 0 {
			break
		}
		w := jsonscan.NewObject(nil)
		w.Array("events")
		sent := make([]string, len(letters))
		for i, d := range letters {
			w.Item()
			w.Buf = append(w.Buf, d.Event...)
			sent[i], after = d.ID, d.Number
		}
		w.CloseArray()
		if status := c.cfg.Backend.Deliver(w.End()); status < 200 || status > 299 {
			e := rest.Unavailable("events_refused")
			e.Message = "The backend did not take the events: those that it took before are no dead letters any more, the others are."
			e.Details = append(e.Details, protocol.Detail{Name: "status", Raw: strconv.AppendInt(nil, int64(status), 10)})
			return answer{}, replayError(e, replayed)
		}
		// Those that stay by mistake are sent twice, under the same ids.
		if _, failed := c.store.DeleteDeadLetters(c.ctx, sent); failed != nil {
			return answer{}, replayError(rest.Unavailable("database_unavailable"), replayed)
		}
		replayed += len(letters)
	}
	return c.remaining("replayed", int64(replayed))
}

func replayError(e *protocol.Error, replayed int) *protocol.Error {
	e.Details = append(e.Details, protocol.Detail{Name: "replayed", Raw: strconv.AppendInt(nil, int64(replayed), 10)})
	return e
}

func deleteDeadLetters(c *request) (answer, *protocol.Error) {
	ids, err := c.which()
	if err != nil {
		return answer{}, err
	}
	n, failed := c.store.DeleteDeadLetters(c.ctx, ids)
	if failed != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	return c.remaining("deleted", n)
}

// remaining answers with how many dead letters something was done to, and how many there are.
func (c *request) remaining(done string, n int64) (answer, *protocol.Error) {
	left, failed := c.store.CountDeadLetters(c.ctx)
	if failed != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	w := jsonscan.NewObject(nil)
	w.Int(done, n)
	w.Int("left", left)
	return ok(w.End()), nil
}
