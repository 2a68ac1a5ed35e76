package object

import (
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// syncPage is how many bytes of ops are read before they are sent on, so that a
// late joiner of a long log costs no more memory than this.
const syncPage = 256 << 10

// carryOut does what the core decided, in order, until a query fails.
func (o *documentObject) carryOut(effect document.Effect) {
	if o.store.err != nil {
		return
	}
	switch e := effect.(type) {
	case document.Append:
		o.store.appendOp(e.Entry)
	case document.Send:
		o.host.Send(e.Conns, e.Text)
	case document.Close:
		o.host.Close(e.Conn, e.Code, e.Reason)
	case document.Accept:
		o.host.Accept(o.ask, e.Conn, o.connecting.protocol)
	case document.Readmit:
		o.host.Respond(o.ask, 409, []byte(`{"readmit":true}`))
	case document.SaveChannel:
		o.store.saveChannel(e.Row)
	case document.DeleteChannel:
		o.store.write(deleteChannel, text(e.UserID))
	case document.Replay:
		o.replay(e)
	case document.Sync:
		o.sync(e)
	case document.VerifyToken:
		o.host.Verify(o.asks.add(ask{verify: e, token: true}), e.Token)
	case document.Tell:
		o.host.Call(o.asks.add(ask{tell: e}), "SESSIONS", e.UserID, appendGone(nil, o.name, e))
	}
}

func (o *documentObject) replay(e document.Replay) {
	to := []ConnID{e.Conn}
	o.store.query(selectOps, func(cols []Value) {
		o.host.Send(to, document.ReplayFrame(nil, readEntry(cols), e.UserID, e.ClientID))
	}, unsigned(e.From), unsigned(e.To))
}

// sync reads the log page by page; each page is its own document_sync, or more.
func (o *documentObject) sync(e document.Sync) {
	var (
		to      = []ConnID{e.Conn}
		from    = e.From
		page    []document.Entry
		bytes   int
		sent    bool
		version = o.store.version()
	)
	flush := func(until uint64) {
		for _, frame := range document.SyncFrames(from, until, version, page, o.cfg.MaxSyncBytes) {
			o.host.Send(to, frame)
		}
		from, page, bytes, sent = until, page[:0], 0, true
	}
	o.store.query(selectOps, func(cols []Value) {
		next := readEntry(cols)
		next.Op = append([]byte(nil), next.Op...)
		page = append(page, next)
		if bytes += len(next.Op); bytes >= syncPage {
			flush(next.Version)
		}
	}, unsigned(e.From), unsigned(e.To))
	if len(page) > 0 || !sent {
		flush(e.To)
	}
}

// ask is a question of ours that has not been answered: for a session object's
// ear, for a token's signature, or for a new grant.
type ask struct {
	id     uint32
	token  bool // the signature is being checked
	verify document.VerifyToken
	tell   document.Tell
}

// asks are the questions under way; a handful.
type asks struct {
	last uint32
	open []ask
}

func (a *asks) add(q ask) uint32 {
	a.last++
	q.id = a.last
	a.open = append(a.open, q)
	return q.id
}

func (a *asks) take(id uint32) (ask, bool) {
	for i, q := range a.open {
		if q.id == id {
			a.open = append(a.open[:i], a.open[i+1:]...)
			return q, true
		}
	}
	return ask{}, false
}

// answered goes on with a question. A token is refreshed in two: the signature
// first, then the session object's grant under the new claims.
func (o *documentObject) answered(in Input) document.Event {
	q, ok := o.asks.take(in.Ask)
	switch {
	case !ok:
		return nil
	case q.tell.UserID != "":
		return document.Told{UserID: q.tell.UserID, SessionID: q.tell.SessionID, OK: in.Kind == Answered && truth(jsontext.Field(in.Text, "ok"))}
	case in.Kind == Failed:
		return document.TokenRefused{Conn: q.verify.Conn, Err: &protocol.Error{Code: protocol.ServiceUnavailable}}
	case q.token:
		return o.verified(q, in.Text)
	}
	raw, refused := parseVerdict(in.Text, "grant")
	if refused == nil {
		grant, ok := parseGrant(raw)
		if ok {
			return document.TokenVerified{Conn: q.verify.Conn, Grant: grant}
		}
		refused = &protocol.Error{Code: protocol.InternalError}
	}
	return document.TokenRefused{Conn: q.verify.Conn, Err: refused}
}

// verified asks for a grant under the new token's claims, which must be of the
// same subject: another user's session is not to be touched from here.
func (o *documentObject) verified(q ask, answer []byte) document.Event {
	raw, refused := parseVerdict(answer, "claims")
	if refused == nil {
		claims, ok := parseClaims(raw)
		if ok && claims.UserID == q.verify.UserID {
			q.token = false
			o.host.Call(o.asks.add(q), "SESSIONS", claims.UserID, appendRefresh(nil, o.name, q.verify.ClientID, raw))
			return nil
		}
		refused = &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "subject_mismatch",
			Message: "The new token is another user's."}
	}
	return document.TokenRefused{Conn: q.verify.Conn, Err: refused}
}
