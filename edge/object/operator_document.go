package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
)

// What an operator asks of a document:
//
//	{"kind":"lock","locked","held","reason","by","retry_after_ms"?} -> {"ok":true,"locked","document_version"}
//	{"kind":"access"}                                          -> {"access":{"version","users"}}: who is here by an older answer
//	{"kind":"erase"}                                           -> {"erased":{"document_version","snapshot_version","open_comments","access","closed"}}
//	{"kind":"describe"}                                        -> {"document":{…}}
//	{"kind":"snapshots","before"?,"limit"?}                    -> {"snapshots":{…}}: see snapshots.go
//	{"kind":"restore","version","snapshot"?,"reason","by"}     -> {"restored":{…}} or {"error":{…}}
//	{"kind":"resolve","user_id","limit"?,"reason","by"}        -> {"resolved":{"comments","more","document_version"}}
//	{"kind":"audit","user_id"?,"from"?,"to"?,"limit"?}         -> {"audit":[…]}, of the user and of the document

// request answers what is asked of the document, or makes an event of it.
func (o *documentObject) request(in Input) document.Event {
	var (
		kind string
		lock document.LockRequested
		asks auditRequest
		kept keptRequest
	)
	r, err := object(in.Text)
	for err == nil && r.Next() {
		v := r.Value()
		switch string(r.Key()) {
		case "kind":
			kind = str(v)
		case "locked":
			lock.Locked = truth(v)
		case "held":
			lock.Held = truth(v)
		case "reason":
			lock.Reason = str(v)
		case "by":
			lock.By = str(v)
		case "retry_after_ms":
			lock.Retry = time.Duration(min(max(number(v), 0), maxRetryMS)) * time.Millisecond
		case "user_id":
			asks.userID = str(v)
		case "version":
			kept.version = uint64(max(0, number(v)))
		case "snapshot":
			kept.base, kept.named = uint64(max(0, number(v))), true
		case "before":
			kept.before = uint64(max(0, number(v)))
		case "from":
			asks.from = number(v)
		case "to":
			asks.to = number(v)
		case "limit":
			asks.most = number(v)
		}
	}
	switch {
	case err != nil:
	case kind == "lock":
		o.ask = in.Ask
		return lock
	case kind == "access":
		o.ask = in.Ask
		return document.AccessChanged{}
	case kind == "erase":
		o.ask = in.Ask
		return document.Erase{}
	case kind == "describe":
		o.host.Respond(in.Ask, 200, appendDocument(nil, o.core))
		return nil
	case kind == "snapshots":
		o.host.Respond(in.Ask, 200, o.appendSnapshots(kept.before, asks.most))
		return nil
	case kind == "restore":
		o.ask = in.Ask
		e := document.RestoreRequested{Version: kept.version, Base: kept.base, Reason: lock.Reason, By: lock.By}
		o.store.restorable(&e, o.core.Kept(), kept.named)
		return e
	case kind == "resolve":
		o.ask = in.Ask
		e := document.ResolveRequested{UserID: asks.userID, Reason: lock.Reason, By: lock.By}
		e.Comments, e.More = o.store.authored(asks.userID, listed(asks.most))
		return e
	case kind == "audit":
		w := jsonscan.NewObject(nil)
		w.Raw("audit", o.audit.read(&o.store, asks))
		o.host.Respond(in.Ask, 200, w.End())
		return nil
	case kind == "grant":
		if e, err := parsePush(in.Text); err == nil {
			o.ask = in.Ask
			return e
		}
	case kind == "end":
		if e, err := parseEnd(in.Text); err == nil {
			o.ask = in.Ask
			return e
		}
	}
	o.host.Respond(in.Ask, 400, []byte(`{"ok":false}`))
	return nil
}

// maxRetryMS is the longest pause a lock may ask for: a day.
const maxRetryMS = 24 * 60 * 60 * 1000

func appendLockTaken(dst []byte, e document.LockTaken) []byte {
	w := jsonscan.NewObject(dst)
	w.Bool("ok", true)
	w.Bool("locked", e.Locked)
	w.Uint("document_version", e.Version)
	return w.End()
}

func appendAccessTaken(dst []byte, e document.AccessTaken) []byte {
	w := jsonscan.NewObject(dst)
	w.Open("access")
	w.Uint("version", e.Access)
	w.Strs("users", e.Users)
	w.Close()
	return w.End()
}

func appendErased(dst []byte, e document.Erased) []byte {
	w := jsonscan.NewObject(dst)
	w.Open("erased")
	w.Uint("document_version", e.Version)
	w.Uint("snapshot_version", e.Snapshot)
	w.Int("open_comments", int64(e.Comments))
	w.Uint("access", e.Access)
	w.Strs("closed", e.Users)
	w.Close()
	return w.End()
}

// appendDocument describes a document to an operator.
func appendDocument(dst []byte, d *document.Document) []byte {
	s := d.Snapshot()
	w := jsonscan.NewObject(dst)
	w.Open("document")
	w.Uint("document_version", s.Version)
	w.Uint("snapshot_version", s.State.Snapshot)
	w.Bool("locked", s.State.Lock.On)
	w.Bool("log_full", s.State.Full)
	w.Uint("log_bytes", d.LogBytes())
	w.Uint("kept_from", s.State.Kept)
	w.Int("open_comments", int64(s.Comments))
	w.Key("members")
	w.Buf = append(w.Buf, '[')
	for i, row := range s.Channels {
		if i > 0 {
			w.Buf = append(w.Buf, ',')
		}
		w.Buf = appendMember(w.Buf, row)
	}
	w.Buf = append(w.Buf, ']')
	w.Key("sections")
	w.Buf = append(w.Buf, '[')
	for i, sec := range s.Sections {
		if i > 0 {
			w.Buf = append(w.Buf, ',')
		}
		in := jsonscan.NewObject(w.Buf)
		in.Str("section", sec.Name)
		in.Str("user_id", sec.UserID)
		in.Str("client_id", sec.ClientID)
		in.Time("until", sec.Until)
		w.Buf = in.End()
	}
	w.Buf = append(w.Buf, ']')
	w.Close()
	return w.End()
}

var stateNames = [...]string{channel.Active: "active", channel.Grace: "grace", channel.Gone: "gone"}

func appendMember(dst []byte, row document.Row) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("user_id", row.Grant.UserID)
	w.Str("client_id", row.Channel.ClientID)
	w.Str("state", stateNames[row.Channel.State])
	w.Strs("permissions", permission.Set(row.Grant.Permissions).Names())
	w.Uint("perm_epoch", row.Grant.Epoch)
	if !row.Channel.ConnectedAt.IsZero() {
		w.Time("connected_at", row.Channel.ConnectedAt)
	}
	if !row.Channel.Expires.IsZero() {
		w.Time("expires_at", row.Channel.Expires)
	}
	return w.End()
}
