package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// request answers what a document is asked, or makes an event of it.
func (o *documentObject) request(now time.Time, in Input) document.Event {
	r, err := call.ParseDocument(in.Text)
	switch err {
	case call.Unknown:
		o.host.Respond(in.Ask, 503, call.AppendError(nil, call.Unsupported()))
		return nil
	case call.Malformed:
		o.host.Respond(in.Ask, 400, []byte(call.Refused))
		return nil
	}
	switch r.Kind {
	case &call.KindDescribeDocument:
		o.host.Respond(in.Ask, 200, call.AppendValue(nil, r.Kind, appendDocument(nil, o.core)))
		return nil
	case &call.KindSnapshots:
		o.host.Respond(in.Ask, 200, call.AppendValue(nil, r.Kind, o.appendSnapshots(r.Snapshots.Before, r.Snapshots.Limit)))
		return nil
	case &call.KindPast:
		o.host.Respond(in.Ask, 200, o.past(&r.Past))
		return nil
	case &call.KindRecover:
		o.recover(in.Ask, &r.Recover)
		return nil
	case &call.KindContent:
		o.host.Respond(in.Ask, 200, o.appendContent(&r.Content))
		return nil
	case &call.KindExport:
		o.host.Respond(in.Ask, 200, o.export(&r.Export))
		return nil
	case &call.KindPresence:
		o.host.Respond(in.Ask, 200, o.appendPresence())
		return nil
	case &call.KindAppend:
		return o.append(now, in, &r.Append)
	case &call.KindAuditDocument:
		o.host.Respond(in.Ask, 200, call.AppendValue(nil, r.Kind, o.audit.read(&o.store, r.Audit.Entries)))
		return nil
	}
	o.ask = in.Ask
	switch r.Kind {
	case &call.KindGrant:
		return document.GrantChanged{Grant: receivedGrant(r.Push.Grant), Reason: r.Push.Reason}
	case &call.KindEndChannel:
		e := &r.EndChannel
		o.recall(e.UserID)
		return document.End{UserID: e.UserID, Fence: e.Fence, Kick: e.Kick, TokenIDs: e.TokenIDs, Before: e.Before.Time(), AdmittedAt: e.AdmittedAt.Time()}
	case &call.KindDeliver:
		return deliveryOf(&r.Deliver)
	case &call.KindLock:
		l := &r.Lock
		retry := min(time.Duration(l.RetryAfterMS)*time.Millisecond, maxLockRetry)
		return document.LockRequested{Locked: l.Locked, Held: l.Held, Reason: l.Reason, By: l.By, Retry: retry}
	case &call.KindAccessChanged:
		return document.AccessChanged{}
	case &call.KindErase:
		return document.Erase{Generation: newGeneration(o.host)}
	case &call.KindEraseComment:
		return o.commentErasure(&r.EraseComment)
	case &call.KindForget:
		return o.forget(&r.Forget)
	case &call.KindRestore:
		e := document.RestoreRequested{Version: r.Restore.Version, Base: r.Restore.Snapshot, Generation: newGeneration(o.host), Reason: r.Restore.Reason, By: r.Restore.By}
		o.store.restorable(&e, o.core.Kept(), r.Restore.Named)
		return e
	case &call.KindResolve:
		e := document.ResolveRequested{UserID: r.Resolve.UserID, ClientID: r.Resolve.ClientID, Reason: r.Resolve.Reason, By: r.Resolve.By}
		e.Comments, e.More = o.store.authored(r.Resolve.UserID, r.Resolve.ClientID, listed(r.Resolve.Limit))
		return e
	}
	return nil
}

// maxLockRetry is the longest pause a lock may ask for.
const maxLockRetry = 24 * time.Hour

// appendDocument describes a document to an operator.
func appendDocument(dst []byte, d *document.Document) []byte {
	s := d.State()
	w := jsonscan.NewObject(dst)
	w.Uint("document_version", d.Version())
	if s.Generation != "" {
		w.Str("generation", s.Generation)
	}
	w.Uint("snapshot_version", s.Snapshot)
	w.Bool("locked", s.Lock.On)
	w.Bool("log_full", s.Full)
	w.Uint("log_bytes", d.LogBytes())
	w.Uint("kept_from", s.Kept)
	w.Int("open_comments", int64(d.OpenComments()))
	w.Array("members")
	d.Rows(func(row document.Row) {
		w.Item()
		w.Buf = appendMember(w.Buf, row)
	})
	w.CloseArray()
	w.Array("sections")
	for _, sec := range d.Sections() {
		w.OpenItem()
		w.Str("section", sec.Name)
		w.Str("user_id", sec.UserID)
		w.Str("client_id", sec.ClientID)
		w.Time("until", sec.Until)
		w.Close()
	}
	w.CloseArray()
	appendTold(&w, d.Told())
	return w.End()
}

var stateNames = [...]string{channel.Active: "active", channel.Grace: "grace", channel.Gone: "gone"}

func appendMember(dst []byte, row document.Row) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("user_id", row.Grant.UserID)
	w.Str("client_id", row.Channel.ClientID)
	w.Str("state", stateNames[row.Channel.State])
	if protocol.IsDelegate(row.Channel.ClientID) {
		w.Str("delegate", row.Grant.Name)
	}
	w.Strs("permissions", row.Grant.May().Names())
	w.Uint("perm_epoch", row.Grant.Epoch)
	if !row.Channel.ConnectedAt.IsZero() {
		w.Time("connected_at", row.Channel.ConnectedAt)
	}
	if !row.Channel.Expires.IsZero() {
		w.Time("expires_at", row.Channel.Expires)
	}
	return w.End()
}
