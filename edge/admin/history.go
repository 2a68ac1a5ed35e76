package admin

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// defaultRange is how far back the log is read when nobody says.
	defaultRange = 24 * time.Hour
	// defaultEntries is how many entries are answered then.
	defaultEntries = 200
	// maxDocuments is how many documents are asked for what they know; the others are
	// named as incomplete.
	maxDocuments = 64
	// slack is how far after the asked moment the reason for a disconnect is looked
	// for, and around how many entries before and after it are shown.
	slack  = time.Minute
	around = 5
)

// history is what the objects know of a user in some time.
type history struct {
	entries []audit.Entry
	// incomplete are the documents that did not answer, or were too many.
	incomplete []string
	// more says that there is more than fitted: it is older than the first entry.
	more bool
}

// getAudit answers with the newest entries of a time, oldest first.
func getAudit(c *request) (answer, *protocol.Error) {
	to, err := c.when("to", c.cfg.Now())
	if err != nil {
		return answer{}, err
	}
	from, err := c.when("from", to.Add(-defaultRange))
	if err != nil {
		return answer{}, err
	}
	if from.After(to) {
		return answer{}, rest.BadField("from")
	}
	limit, err := c.count("limit", c.cfg.MaxEntries, defaultEntries)
	if err != nil {
		return answer{}, err
	}
	h, err := c.history(from, to, limit)
	if err != nil {
		return answer{}, err
	}
	w := jsonscan.NewObject(nil)
	appendEntries(&w, "entries", h.entries)
	w.Bool("more", h.more)
	w.Strs("incomplete", h.incomplete)
	return ok(w.End()), nil
}

// explain answers why a connection ended: "why was I disconnected at 14:02?"
func explain(c *request) (answer, *protocol.Error) {
	at, err := c.when("at", time.Time{})
	if err != nil {
		return answer{}, err
	}
	if at.IsZero() {
		return answer{}, rest.BadField("at")
	}
	h, err := c.history(at.Add(-defaultRange), at.Add(10*slack), c.cfg.MaxEntries)
	if err != nil {
		return answer{}, err
	}
	w := jsonscan.NewObject(nil)
	i, found := audit.Explain(h.entries, at, slack)
	w.Bool("found", found)
	next := i + 1
	if found {
		w.Str("sentence", h.entries[i].Sentence())
		w.Raw("entry", h.entries[i].AppendWithSentence(nil))
	} else {
		w.Str("sentence", "Nothing that is written down ended a connection in the day before that moment.")
		i = len(h.entries)
		if k := slices.IndexFunc(h.entries, func(e audit.Entry) bool { return e.At.After(at) }); k >= 0 {
			i = k
		}
		next = i
	}
	appendEntries(&w, "before", h.entries[max(0, i-around):i])
	appendEntries(&w, "after", h.entries[next:min(len(h.entries), next+around)])
	w.Strs("incomplete", h.incomplete)
	return ok(w.End()), nil
}

func appendEntries(w *jsonscan.Writer, name string, entries []audit.Entry) {
	w.Array(name)
	for _, e := range entries {
		w.Item()
		w.Buf = e.AppendWithSentence(w.Buf)
	}
	w.CloseArray()
}

// history asks the user's session object, then the documents it names, and puts
// together what they say. Without the session object there is no answer; a document
// that is missing is named.
func (c *request) history(from, to time.Time, limit int) (h history, err *protocol.Error) {
	only, err := c.query("document")
	if err != nil {
		return h, err
	}
	if only != "" && !protocol.DocumentID(only) {
		return h, rest.BadField("document")
	}
	c.document = only
	question := call.Entries{UserID: c.user, From: call.At(from), To: call.At(to), Limit: limit}
	said, audited, err := c.askWhole(c.ctx, c.user, (&call.AuditSession{Entries: question}).Message())
	if err != nil {
		return h, err
	}
	own, readable := entriesOf(audited)
	if !readable {
		return h, badAnswer()
	}
	documents := call.AuditedDocuments(said)
	documents = slices.DeleteFunc(documents, func(d string) bool { return only != "" && d != only })
	if len(documents) > maxDocuments {
		h.incomplete = documents[maxDocuments:]
		documents = documents[:maxDocuments]
	}
	parts := make([][]audit.Entry, len(documents))
	answered := make([]bool, len(documents))
	each(len(documents), func(i int) {
		raw, err := c.ask(c.ctx, documents[i], (&call.AuditDocument{Entries: question}).Message())
		if err == nil {
			parts[i], answered[i] = entriesOf(raw)
		}
	})
	h.more = len(own) >= limit
	h.entries = own
	for i, part := range parts {
		h.more = h.more || len(part) >= limit
		h.entries = append(h.entries, part...)
		if !answered[i] {
			h.incomplete = append(h.incomplete, documents[i])
		}
	}
	h.entries = slices.DeleteFunc(h.entries, func(e audit.Entry) bool {
		return e.At.Before(from) || e.At.After(to) || only != "" && e.Document != "" && e.Document != only
	})
	audit.Sort(h.entries)
	if over := len(h.entries) - limit; over > 0 {
		h.entries, h.more = h.entries[over:], true
	}
	return h, nil
}

// entriesOf reads an object's entries; false when they are none.
func entriesOf(raw []byte) (entries []audit.Entry, ok bool) {
	if len(raw) == 0 || raw[0] != '[' {
		return nil, false
	}
	for a := jsonscan.Elements(raw); a.Next(); {
		e, good := audit.Parse(a.Value())
		if !good {
			return nil, false
		}
		entries = append(entries, e)
	}
	return entries, true
}
