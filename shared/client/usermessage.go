package client

import (
	"slices"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Messages of the backend to the user, whatever document a tab shows. Each leader gets them on
// its connection; it gives them to the tabs of all documents, and only then acknowledges them.
// So a message reaches every tab of the profile, from whichever leader was first.

// Heard are the messages that a page has had. The sessions of a page share one, and its app gets
// each message once, on one of them.
type Heard struct{ ids []string }

// maxHeardIDs is more messages than a server keeps by default.
const maxHeardIDs = 256

// first notes a message of a server's to a user, and reports whether it is new.
func (h *Heard) first(server, user, id string) bool {
	id = server + "\n" + user + "\n" + id
	if slices.Contains(h.ids, id) {
		return false
	}
	if len(h.ids) >= maxHeardIDs {
		h.ids = slices.Delete(h.ids, 0, 1)
	}
	h.ids = append(h.ids, id)
	return true
}

// userMessage takes one from the server.
func (c *Client) userMessage(f protocol.Frame) {
	p, ok := protocol.ParseUserMessage(f.Data)
	if !ok || f.MessageID == "" {
		return
	}
	if c.hear(c.session.userID, f.MessageID, p) && c.cfg.Channel {
		w := c.message("message")
		w.Str("userId", c.session.userID)
		w.Str("message_id", f.MessageID)
		w.Raw("message", p.Append(nil))
		c.do(PostOrigin{Text: w.End()})
	}
	c.conn.Write(protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventAck, MessageID: f.MessageID, Data: protocol.Ack{Seq: c.log.delivered()}.Append(nil),
	})
}

// onUserMessage takes one from another tab: only this user's.
func (c *Client) onUserMessage(m message) {
	id := m.str("message_id")
	user := m.str("userId")
	if p, ok := protocol.ParseUserMessage(jsonscan.Field(m.raw, "message")); ok && id != "" && len(id) <= maxID && user != "" && c.isUs(user) {
		c.hear(user, id, p)
	}
}

// hear gives the app a message that is new, and reports whether it was.
func (c *Client) hear(user, id string, p protocol.UserMessage) bool {
	if !c.heard.first(c.cfg.URL, user, id) {
		return false
	}
	w := jsonscan.NewObject(nil)
	w.Str("id", id)
	w.Raw("data", p.Data)
	w.Int("at", p.At.UnixMilli())
	c.emit("message", w.End(), nil)
	return true
}
