package client

import (
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Messages between tabs, JSON text on the broadcast channel. The first three
// are seed S2's words:
//
//	tab_register      {documentId,version}       I am here and have entries this far
//	primary_assigned  {epoch,version,status,…}   I lead; this is all there is to know
//	token_refreshed   {epoch,newToken,expiresIn} the token, for whoever leads next
//	tab_send          {message_id,op,comment?,section?,first?} send this, please
//	tab_lock          {message_id,event,section,ttl}
//	tab_presence      {data}
//	tab_sync          {from,snapshot?}           I lack what follows
//	tab_position      {position,version}         I have more than you had when you connected
//	tab_refresh       {exp}                      the app wants a newer token than that
//	tab_take_over     {}                         the user wants the document here
//	tab_reconnect     {}                         the app wants the connection tried now
//	tab_event         {epoch,event,…}            ops, snapshot, kept, gap, reset, answered, refused, later, say, final
//	tab_bye           {}                         I leave or sleep
//	tab_left          {ops}                      what I leave behind: send it, please
//	tab_roll {epoch}, tab_here {}                who is there?
//	ping {n}, pong {epoch}                       is the leader alive?
//
// Those for tabs on other documents as well are in origin.go.
//
// Each has type and tabId. What a leader says has its epoch as well.

// message opens one message.
func (c *Client) message(kind string) jsonscan.Writer {
	w := jsonscan.NewObject(make([]byte, 0, 128))
	w.Str("type", kind)
	w.Str("tabId", c.cfg.TabID)
	if c.tabs.leading {
		w.Uint("epoch", c.tabs.epoch)
	}
	return w
}

// event opens a tab_event.
func (c *Client) event(name string) jsonscan.Writer {
	w := c.message("tab_event")
	w.Str("event", name)
	return w
}

func (c *Client) post(w jsonscan.Writer) {
	if !c.sole() {
		c.do(Post{Text: w.End()})
	}
}

// announce says that this tab leads, and how the session stands.
func (c *Client) announce() {
	w := c.message("primary_assigned")
	w.Str("documentId", c.cfg.Document)
	w.Str("clientId", c.cfg.ClientID)
	w.Uint("version", c.log.delivered())
	if c.log.newest > c.log.delivered() {
		w.Uint("newest", c.log.newest)
	}
	w.Raw("status", c.status.appendJSON(nil, 0))
	if s := &c.session; s.id != "" {
		w.Str("sessionId", s.id)
		w.Str("userId", s.userID)
		if s.position != "" {
			w.Str("generation", s.generation)
			w.Str("position", s.position)
			w.Str("comparedPosition", c.compare.with.position)
			w.Uint("compared", c.compare.with.version)
		}
		w.Strs("permissions", s.permissions)
		w.Uint("permEpoch", s.permEpoch)
		w.Bool("locked", s.locked)
		w.Int("unacknowledged", int64(s.unacknowledged))
		w.Int("frameBytes", int64(s.frameBytes))
		if s.depth != protocol.DefaultLimits.Depth {
			w.Int("depth", int64(s.depth))
		}
	}
	w.Strs("tabs", c.tabs.others)
	c.post(w)
}

// shareToken gives all tabs the token, so that a follower that comes to lead
// needs no refresh.
func (c *Client) shareToken() {
	if c.conn.Token.Raw == "" {
		return
	}
	w := c.message("token_refreshed")
	w.Str("newToken", c.conn.Token.Raw)
	w.Int("expiresIn", max(c.conn.Token.End.Sub(c.now), 0).Milliseconds())
	c.post(w)
}

func (e entry) appendJSON(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Uint("version", e.version)
	w.Str("message_id", e.messageID)
	w.Str("user_id", e.userID)
	w.Str("client_id", e.clientID)
	if e.op != nil {
		w.Raw("op", e.op)
	}
	if e.replay {
		w.Bool("replay", true)
	}
	if e.comment {
		w.Bool("comment", true)
	}
	return w.End()
}

func readEntry(raw []byte) (entry, bool) {
	var e entry
	o, ok := jsonscan.Parse(raw)
	for ok && o.Next() {
		switch v := o.Value(); string(o.Key()) {
		case "version":
			e.version, ok = jsonscan.Uint(v)
		case "message_id":
			e.messageID, ok = jsonscan.Str(v)
		case "user_id":
			e.userID, ok = jsonscan.Str(v)
		case "client_id":
			e.clientID, ok = jsonscan.Str(v)
		case "op":
			e.op = v
		case "replay":
			e.replay, ok = jsonscan.Bool(v)
		case "comment":
			e.comment, ok = jsonscan.Bool(v)
		}
	}
	return e, ok && e.version > 0 && e.version <= protocol.MaxSeq
}

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }
