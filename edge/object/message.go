package object

import (
	"errors"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// The messages below pass between the front Worker and the objects, and between
// the objects. They are JSON, by a binding, and none is on the way of an op.
//
//	front -> session   {"kind":"admit","document","client_id","claims":{…},"gone_at"?,"access"?,"again"} -> {"grant":{…}} or {"error":{…}}
//	document -> session {"kind":"admit",…,"refresh":true}                                -> the same
//	document -> session {"kind":"gone","document","session_id","reason","admitted_at"}   -> {"ok":true}
//	session -> document {"kind":"grant","grant":{…},"reason"}                            -> {"ok":true}
//	session -> document {"kind":"end","user_id","fence","kick","tokens","before","admitted_at","before_ms"?} -> {"ok":true,"closed","gone","last","admitted_at"}
//	front -> document  {"grant":{…},"client_id","session_id"?,"last_seq"?,"protocol"}    -> a socket, or {"readmit":true,"gone_at"?,"access"}
//
// Those of operators are in operator.go, the device's in user_device.go.

var errMessage = errors.New("not a message")

// object checks that text is one JSON object. How deep a user's part of it may be is for
// whoever takes it to say.
func object(text []byte) (jsonscan.Object, error) {
	if err := jsonscan.Check(text, jsonscan.DepthLimit); err != nil {
		return jsonscan.Object{}, err
	}
	o, ok := jsonscan.Parse(text)
	if !ok {
		return o, errMessage
	}
	return o, nil
}

func str(raw []byte) string {
	s, _ := jsonscan.Str(raw)
	return s
}

func number(raw []byte) int64 {
	n, _ := jsonscan.Int(raw)
	return n
}

func truth(raw []byte) bool {
	v, _ := jsonscan.Bool(raw)
	return v
}

func millis(raw []byte) time.Time { return Value{Int: number(raw)}.time() }

func seconds(raw []byte) time.Time { return Value{Int: number(raw) * 1000}.time() }

func unixSeconds(t time.Time) int64 { return instant(t).Int / 1000 }

func appendGrant(dst []byte, g session.Grant) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("user_id", g.UserID)
	w.Str("name", g.Name)
	w.Str("session_id", g.SessionID)
	w.Str("document", g.Channel)
	w.Str("workspace_id", g.WorkspaceID)
	w.Str("role", g.WorkspaceRole)
	w.Strs("permissions", g.Permissions.Names())
	w.Uint("epoch", g.Epoch)
	w.Bool("locked", g.Locked)
	w.Int("access_at", instant(g.AccessAt).Int)
	appendAccess(&w, g.Access)
	w.Int("exp", unixSeconds(g.Expires))
	w.Int("iat", unixSeconds(g.IssuedAt))
	w.Str("jti", g.TokenID)
	w.Int("admitted_at", instant(g.AdmittedAt).Int)
	w.Int("share", int64(g.Share))
	return w.End()
}

// appendAccess says a document's access version, of which most documents have none.
func appendAccess(w *jsonscan.Writer, version uint64) {
	if version > 0 {
		w.Uint("access", version)
	}
}

func parseGrant(raw []byte) (g document.Grant, ok bool) {
	o, ok := jsonscan.Parse(raw)
	for o.Next() {
		v := o.Value()
		switch string(o.Key()) {
		case "user_id":
			g.UserID = str(v)
		case "name":
			g.Name = str(v)
		case "session_id":
			g.SessionID = str(v)
		case "workspace_id":
			g.WorkspaceID = str(v)
		case "role":
			g.Role = str(v)
		case "permissions":
			names, _ := jsonscan.Strs(v)
			g.Permissions = uint8(permission.ParseSet(names))
		case "epoch":
			g.Epoch, _ = jsonscan.Uint(v)
		case "locked":
			g.Locked = truth(v)
		case "access_at":
			g.AccessAt = millis(v)
		case "access":
			g.Access, _ = jsonscan.Uint(v)
		case "exp":
			g.Expires = seconds(v)
		case "iat":
			g.IssuedAt = seconds(v)
		case "jti":
			g.TokenID = str(v)
		case "admitted_at":
			g.AdmittedAt = millis(v)
		case "share":
			g.Share = int(max(0, min(number(v), 1000)))
		}
	}
	return g, ok && g.UserID != "" && g.SessionID != ""
}

// connectRequest is the front Worker's word to a document.
type connectRequest struct {
	event    document.Connect
	protocol string
}

func parseConnect(text []byte) (c connectRequest, err error) {
	o, err := object(text)
	granted := false
	for o.Next() {
		v := o.Value()
		switch string(o.Key()) {
		case "grant":
			c.event.Grant, granted = parseGrant(v)
		case "client_id":
			c.event.ClientID = str(v)
		case "session_id":
			c.event.SessionID = str(v)
		case "last_seq":
			c.event.LastSeq, c.event.HasLastSeq = jsonscan.Uint(v)
		case "protocol":
			c.protocol = str(v)
		}
	}
	if err == nil && (!granted || c.event.ClientID == "") {
		err = errMessage
	}
	return c, err
}

func parseClaims(raw []byte) (c session.Claims, ok bool) {
	o, ok := jsonscan.Parse(raw)
	for o.Next() {
		v := o.Value()
		switch string(o.Key()) {
		case "user_id":
			c.UserID = str(v)
		case "email":
			c.Email = str(v)
		case "name":
			c.Name = str(v)
		case "jti":
			c.TokenID = str(v)
		case "iat":
			c.IssuedAt = seconds(v)
		case "exp":
			c.Expires = seconds(v)
		}
	}
	return c, ok && c.UserID != ""
}

// parseRequest reads what the front Worker and the documents ask of a session object:
// an Admit or a ChannelGone.
func parseRequest(kind string, text []byte) (session.Event, error) {
	var (
		admit   session.Admit
		gone    session.ChannelGone
		claimed bool
	)
	for o, _ := jsonscan.Parse(text); o.Next(); {
		v := o.Value()
		switch string(o.Key()) {
		case "document":
			admit.Channel = str(v)
			gone.Channel = admit.Channel
		case "client_id":
			admit.ClientID = str(v)
		case "claims":
			admit.Claims, claimed = parseClaims(v)
		case "gone_at":
			admit.GoneAt = millis(v)
		case "refresh":
			admit.Refresh = truth(v)
		case "access":
			admit.Access, _ = jsonscan.Uint(v)
		case "again":
			admit.Again = truth(v)
		case "session_id":
			gone.SessionID = str(v)
		case "reason":
			gone.Reason = str(v)
		case "admitted_at":
			gone.AdmittedAt = millis(v)
		}
	}
	switch {
	case kind == "admit" && claimed && admit.Channel != "":
		return admit, nil
	case kind == "gone" && gone.Channel != "":
		return gone, nil
	}
	return nil, errMessage
}

// appendRefresh is the document's question for a new grant under a new token.
// claims is the raw JSON the verifier gave, access the document's access version.
func appendRefresh(dst []byte, documentID, clientID string, claims []byte, access uint64) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("kind", "admit")
	w.Str("document", documentID)
	w.Str("client_id", clientID)
	w.Raw("claims", claims)
	appendAccess(&w, access)
	w.Bool("refresh", true)
	return w.End()
}

func appendGone(dst []byte, documentID string, e document.Notify) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("kind", "gone")
	w.Str("document", documentID)
	w.Str("session_id", e.SessionID)
	w.Str("reason", e.Reason)
	w.Int("admitted_at", instant(e.AdmittedAt).Int)
	return w.End()
}

func appendPush(dst []byte, e session.Push) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("kind", "grant")
	w.Raw("grant", appendGrant(nil, e.Grant))
	w.Str("reason", e.Reason)
	return w.End()
}

// appendEnd, parseEnd, appendEnded and parseEnded are an EndChannel's way to the
// document and back.
func appendEnd(dst []byte, e session.EndChannel) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("kind", "end")
	w.Str("user_id", e.UserID)
	w.Uint("fence", e.Fence)
	w.Uint("kick", e.Kick)
	w.Strs("tokens", e.TokenIDs)
	w.Int("before", unixSeconds(e.Before)) // for an object of the version before
	w.Int("admitted_at", instant(e.AdmittedAt).Int)
	if !e.Before.IsZero() {
		w.Int("before_ms", instant(e.Before).Int)
	}
	return w.End()
}

func parseEnd(text []byte) (e document.End, err error) {
	for o, _ := jsonscan.Parse(text); o.Next(); {
		switch v := o.Value(); string(o.Key()) {
		case "user_id":
			e.UserID = str(v)
		case "fence":
			e.Fence, _ = jsonscan.Uint(v)
		case "kick":
			e.Kick, _ = jsonscan.Uint(v)
		case "tokens":
			e.TokenIDs, _ = jsonscan.Strs(v)
		case "before":
			if e.Before.IsZero() {
				e.Before = seconds(v)
			}
		case "before_ms":
			e.Before = millis(v)
		case "admitted_at":
			e.AdmittedAt = millis(v)
		}
	}
	if e.UserID == "" || e.Fence == 0 {
		return e, errMessage
	}
	return e, nil
}

func appendEnded(dst []byte, e document.Ended) []byte {
	w := jsonscan.NewObject(dst)
	w.Bool("ok", true)
	w.Bool("closed", e.Closed)
	w.Bool("gone", e.Gone)
	w.Str("last", e.LastMessageID)
	w.Int("admitted_at", instant(e.AdmittedAt).Int)
	return w.End()
}

func parseEnded(text []byte) (e session.Ended) {
	o, err := object(text)
	for err == nil && o.Next() {
		switch v := o.Value(); string(o.Key()) {
		case "ok":
			e.OK = truth(v)
		case "closed":
			e.Closed = truth(v)
		case "gone":
			e.Gone = truth(v)
		case "last":
			e.LastMessageID = str(v)
		case "admitted_at":
			e.AdmittedAt = millis(v)
		}
	}
	return e
}

// parsePush reads a GrantChanged.
func parsePush(text []byte) (e document.GrantChanged, err error) {
	granted := false
	for o, _ := jsonscan.Parse(text); o.Next(); {
		switch v := o.Value(); string(o.Key()) {
		case "grant":
			e.Grant, granted = parseGrant(v)
		case "reason":
			e.Reason = str(v)
		}
	}
	if !granted {
		return e, errMessage
	}
	return e, nil
}

func appendAnswer(dst []byte, e session.Answer) []byte {
	w := jsonscan.NewObject(dst)
	if e.Err != nil {
		w.Raw("error", e.Err.Frame().Data)
	} else {
		w.Raw("grant", appendGrant(nil, e.Grant))
	}
	return w.End()
}

// parseVerdict reads an answer that has either a member of the given name or an
// error: a step of the admission core, or a session object's answer. What says
// neither is a failure of ours.
func parseVerdict(text []byte, name string) ([]byte, *protocol.Error) {
	o, err := object(text)
	if err == nil {
		for o.Next() {
			switch {
			case jsonscan.Equal(o.Key(), name):
				return o.Value(), nil
			case jsonscan.Equal(o.Key(), "error"):
				if e, ok := protocol.ParseError(o.Value()); ok {
					return nil, e
				}
			}
		}
	}
	return nil, &protocol.Error{Code: protocol.InternalError}
}
