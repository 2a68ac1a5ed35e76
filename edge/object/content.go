package object

import (
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// What servers read of a document, and add to it.

// The reasons of a request that means another state of the document than there is.
const (
	reasonGeneration = "generation_changed"
	reasonRewound    = "rewound"
)

// changed is the error of such a request.
func changed(reason, message string) *protocol.Error {
	return &protocol.Error{Code: protocol.MalformedMessage, Reason: reason, Message: message}
}

// anotherLog says why a request that names a generation is not of this log.
func (o *documentObject) anotherLog(generation string) *protocol.Error {
	if generation == "" || generation == o.core.Generation() {
		return nil
	}
	return changed(reasonGeneration, "The document was restored or erased since: read it from the beginning.")
}

// appendContent answers with a page of the content.
func (o *documentObject) appendContent(q *call.Content) []byte {
	if err := o.anotherLog(q.Generation); err != nil {
		return call.AppendError(nil, err)
	}
	version := o.core.Version()
	if q.After > version {
		return call.AppendError(nil, changed(reasonRewound, "The document has no such version: read it from the beginning."))
	}
	w := jsonscan.NewObject(nil)
	w.Open(call.KindContent.Answer)
	w.Str("generation", o.core.Generation())
	w.Uint("document_version", version)
	if strings.Contains(q.Known, `"`+o.core.Generation()+"."+strconv.FormatUint(version, 10)+`"`) {
		w.Bool("same", true)
		w.Close()
		return w.End()
	}
	w.Array("lines")
	from := document.Place{After: q.After, Snapshot: q.Snapshot, Part: int(min(q.Part, protocol.MaxSeq))}
	to, more := o.core.Content(from, max(1, q.Entries), max(1, q.Bytes), &o.store, func(line []byte) {
		w.Item()
		w.Buf = append(w.Buf, line...)
	})
	w.CloseArray()
	w.Uint("after", to.After)
	if to.Snapshot > 0 {
		w.Uint("snapshot", to.Snapshot)
		w.Int("part", int64(to.Part))
	}
	w.Bool("more", more)
	w.Close()
	return w.End()
}

// appendPresence answers with who is connected.
func (o *documentObject) appendPresence() []byte {
	w := jsonscan.NewObject(nil)
	w.Open(call.KindPresence.Answer)
	w.Uint("document_version", o.core.Version())
	w.Array("members")
	for _, p := range o.core.Present() {
		w.OpenItem()
		w.Str("user_id", p.UserID)
		w.Str("client_id", p.ClientID)
		w.Str("name", p.Name)
		w.Time("since", p.Since)
		if protocol.IsGuest(p.UserID) {
			w.Bool("guest", true)
		}
		if protocol.IsDelegate(p.ClientID) {
			w.Bool("delegate", true)
		}
		if len(p.Data) > 0 {
			w.Raw("data", p.Data)
		}
		w.Close()
	}
	w.CloseArray()
	w.Close()
	return w.End()
}

// append makes an event of what a server adds, or answers why it is none.
func (o *documentObject) append(now time.Time, in Input, r *call.Append) document.Event {
	if err := o.anotherLog(r.Generation); err != nil {
		o.host.Respond(in.Ask, 200, call.AppendError(nil, err))
		return nil
	}
	e := document.Post{UserID: r.UserID, ClientID: r.ClientID, Force: r.Force, IfVersion: r.IfVersion, HasIf: r.HasIf, By: r.By}
	if r.UserID != "" {
		read, _ := call.ParseGrant(r.Grant)
		grant := receivedGrant(read)
		e.Grant = &grant
		if grant.UserID != r.UserID || read.Document != o.name {
			o.host.Respond(in.Ask, 200, call.AppendError(nil, &protocol.Error{Code: protocol.InternalError, Reason: call.ReasonBadAnswer}))
			return nil
		}
		if o.list(now, &grant, ask{append: append([]byte(nil), in.Text...), dialled: in.Ask}) {
			return nil
		}
	}
	at := 0
	for frames := jsonscan.Elements(r.Frames); frames.Next(); at++ {
		if at >= o.cfg.Unacknowledged { // so many are recognised when they come again
			err := &protocol.Error{Code: protocol.MessageTooLarge, Reason: "too_many_entries"}
			o.host.Respond(in.Ask, 200, call.AppendError(nil, err))
			return nil
		}
		frame, err := protocol.Decode(frames.Value(), o.cfg.Conn.Limits)
		if err != nil {
			o.host.Respond(in.Ask, 200, call.AppendError(nil, refusedAt(err, at)))
			return nil
		}
		posted := document.PostedFrame{Frame: frame}
		posted.CommentOpen, posted.Share = o.comments(frame, r.UserID)
		e.Frames = append(e.Frames, posted)
	}
	if !o.core.KnowsPoster(r.UserID, r.ClientID) {
		e.Receipts = o.store.receipts(r.UserID, r.ClientID)
	}
	o.ask = in.Ask
	return e
}

// refusedAt says which of several the error is of.
func refusedAt(err *protocol.Error, at int) *protocol.Error {
	if at >= 0 {
		err.Details = append(err.Details, protocol.Detail{Name: "index", Raw: strconv.AppendInt(nil, int64(at), 10)})
	}
	return err
}

func (o *documentObject) appendPosted(dst []byte, e document.Posted) []byte {
	switch {
	case e.Outdated:
		a := call.Outdated{Outdated: true, Access: e.Access}
		return a.Append(dst)
	case e.Err != nil:
		return call.AppendError(dst, refusedAt(e.Err, e.At))
	}
	w := jsonscan.NewObject(dst)
	w.Open(call.KindAppend.Answer)
	w.Uint("document_version", e.Version)
	w.Str("generation", o.core.Generation())
	w.Array("entries")
	for _, p := range e.Entries {
		w.OpenItem()
		w.Str("message_id", p.MessageID)
		w.Uint("document_version", p.Version)
		if p.Comment {
			w.Str("comment_id", strconv.FormatUint(p.Version, 10))
		}
		if p.Repeated {
			w.Bool("repeated", true)
		}
		w.Close()
	}
	w.CloseArray()
	w.Close()
	return w.End()
}
