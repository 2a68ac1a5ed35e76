package client

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// What a session is, as the app sees it.
const (
	stateConnecting   = "connecting"
	stateConnected    = "connected"
	stateReconnecting = "reconnecting"
	stateReplaced     = "replaced"
	stateClosed       = "closed"
)

// status is the state with what there is to say about it.
type status struct {
	state, reason        string
	resumed              bool
	replayFrom, replayTo uint64
	retryIn              time.Duration
	code                 int
	// clientID is who has the document, of a state replaced.
	clientID string
}

// appendJSON writes the status; newest, when not 0, is the document's version.
func (s status) appendJSON(dst []byte, newest uint64) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("state", s.state)
	if s.reason != "" {
		w.Str("reason", s.reason)
	}
	if s.state == stateConnected {
		w.Bool("resumed", s.resumed)
		if newest > 0 {
			w.Uint("documentVersion", newest)
		}
	}
	if s.replayTo > 0 {
		w.Open("replay")
		w.Uint("from", s.replayFrom)
		w.Uint("to", s.replayTo)
		w.Close()
	}
	if s.retryIn > 0 {
		w.Int("retryIn", s.retryIn.Milliseconds())
	}
	if s.code != 0 {
		w.Int("code", int64(s.code))
	}
	if s.clientID != "" {
		w.Str("clientId", s.clientID)
	}
	return w.End()
}

func readStatus(raw []byte) (status, bool) {
	var s status
	o, ok := jsonscan.Parse(raw)
	for ok && o.Next() {
		var n uint64
		switch string(o.Key()) {
		case "state":
			s.state, ok = jsonscan.Str(o.Value())
		case "reason":
			s.reason, ok = jsonscan.Str(o.Value())
		case "resumed":
			s.resumed, ok = jsonscan.Bool(o.Value())
		case "retryIn":
			n, ok = jsonscan.Uint(o.Value())
			s.retryIn = millis(n)
		case "code":
			n, ok = jsonscan.Uint(o.Value())
			s.code = int(min(n, 9999))
		case "clientId":
			s.clientID, ok = jsonscan.Str(o.Value())
		case "replay":
			s.replayFrom, _ = jsonscan.Uint(jsonscan.Field(o.Value(), "from"))
			s.replayTo, _ = jsonscan.Uint(jsonscan.Field(o.Value(), "to"))
		}
	}
	switch s.state {
	case stateConnecting, stateConnected, stateReconnecting, stateReplaced:
		return s, ok
	}
	return s, false // "closed" is said by `final`, not by a state
}

func (c *Client) emit(kind string, detail, set []byte) {
	c.do(Emit{Type: kind, Detail: detail, Set: set})
}

func (c *Client) emitFailure(kind string, f *Failure) { c.emit(kind, f.appendJSON(nil), nil) }

// setStatus emits a new state; a leader announces it to the other tabs.
func (c *Client) setStatus(s status) {
	if s == c.status {
		return
	}
	c.status = s
	c.emit("state", s.appendJSON(nil, c.log.newest), c.properties())
	if c.tabs.leading && !c.stopped {
		c.announce()
	}
}

// properties are the session's properties that go with a state.
func (c *Client) properties() []byte {
	w := jsonscan.NewObject(nil)
	w.Str("state", c.status.state)
	if c.session.id != "" {
		w.Str("sessionId", c.session.id)
		w.Str("userId", c.session.userID)
		w.Strs("permissions", c.session.permissions)
		w.Bool("locked", c.session.locked)
	}
	w.Str("clientId", c.cfg.ClientID)
	return w.End()
}

// notifyTabs emits an event here and in all other tabs; only the leader calls it.
func (c *Client) notifyTabs(kind string, detail []byte) {
	c.emitHere(kind, detail)
	if len(c.tabs.others) == 0 {
		return
	}
	w := c.event("say")
	w.Str("kind", kind)
	w.Raw("detail", detail)
	c.post(w)
}

// onNotice is what the leader tells its tabs so.
func (c *Client) onNotice(kind string, detail []byte) {
	switch kind {
	case "presence":
		c.emit(kind, detail, nil)
	case "locks":
		locked, ok := jsonscan.Bool(jsonscan.Field(detail, "locked"))
		if sections := jsonscan.Field(detail, "sections"); ok && len(sections) > 0 && sections[0] == '[' {
			c.session.locked = locked
			c.emitHere(kind, detail)
		}
	case "permissionchange":
		if _, ok := jsonscan.Strs(jsonscan.Field(detail, "permissions")); ok {
			c.emitHere(kind, detail)
		}
	case "error", "autherror", "permissiondenied":
		if f, ok := readFailure(detail); ok {
			c.emitFailure(kind, f)
		}
	}
}

// emitHere also keeps the properties an event implies.
func (c *Client) emitHere(kind string, detail []byte) {
	var set []byte
	switch kind {
	case "locks":
		w := jsonscan.NewObject(nil)
		w.Bool("locked", c.session.locked)
		set = w.End()
	case "permissionchange":
		w := jsonscan.NewObject(nil)
		w.Strs("permissions", c.session.permissions)
		set = w.End()
	}
	c.emit(kind, detail, set)
}

func (c *Client) emitRole() {
	w := jsonscan.NewObject(nil)
	w.Str("role", c.role())
	set := w.End()
	w = jsonscan.NewObject(nil)
	w.Str("role", c.role())
	if c.tabs.leader != "" {
		w.Str("tabId", c.tabs.leader)
	}
	w.Strs("tabs", c.allTabs())
	c.emit("leaderchange", w.End(), set)
}

func (c *Client) emitTabs() {
	w := jsonscan.NewObject(nil)
	w.Strs("tabs", c.allTabs())
	c.emit("tabs", w.End(), nil)
}

// emitToken says until when the token is good; kind is empty for the first one.
func (c *Client) emitToken(kind, by string) {
	left := max(c.conn.Token.End.Sub(c.now), 0)
	at := c.conn.Token.End.UnixMilli()
	w := jsonscan.NewObject(nil)
	w.Int("expiresAt", at)
	w.Int("issuedAt", c.conn.Token.End.Add(-c.conn.Token.TTL).UnixMilli())
	set := w.End()
	if kind == "" {
		c.emit("", nil, set)
		return
	}
	w = jsonscan.NewObject(nil)
	w.Int("expiresAt", at)
	w.Int("expiresIn", int64(left/time.Second))
	w.Str("by", by)
	c.emit(kind, w.End(), set)
}
