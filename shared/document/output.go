package document

import (
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// output collects the effects of one Step. Texts and lists of connections lie
// one after the other in two buffers that the next Step uses again: an op then
// costs no allocation for them.
type output struct {
	effects []Effect
	text    []byte
	data    []byte // where a frame's data is built; encode copies it
	ids     []ConnID
	to      []*member // whom sendOthers sends to
}

// keepText is the most text memory that is kept from one Step to the next.
const keepText = 256 << 10

func (o *output) begin() {
	clear(o.effects)
	o.effects, o.ids = o.effects[:0], o.ids[:0]
	if cap(o.text) > keepText {
		o.text = nil
	}
	if cap(o.data) > keepText {
		o.data = nil
	}
	o.text = o.text[:0]
}

func (o *output) emit(e Effect) { o.effects = append(o.effects, e) }

// encode returns the frame's text. Texts handed out earlier stay whole when the
// buffer grows: they keep the old one.
func (o *output) encode(f protocol.Frame) []byte {
	start := len(o.text)
	o.text = f.Append(o.text)
	return o.text[start:len(o.text):len(o.text)]
}

// sendTo writes one frame to the member's connection.
func (d *Document) sendTo(m *member, f protocol.Frame) {
	if m.active() {
		text := d.encode(f)
		d.emit(Send{Conns: d.one(m.self[0]), Text: text})
		if passing(f) {
			m.passing.Sent(len(text))
		}
		d.count(m, len(text))
		if m.conn.Window.Overfull(d.cfg.Conn.WindowBytes) {
			d.full = append(d.full, m)
		}
	}
}

// one is a list of one connection that a later change of the member leaves alone.
func (o *output) one(c ConnID) []ConnID {
	start := len(o.ids)
	o.ids = append(o.ids, c)
	return o.ids[start:len(o.ids):len(o.ids)]
}

// passing reports whether a frame is worth nothing once a newer one has come, and so is
// held to presence's share: presence, and what is locked.
func passing(f protocol.Frame) bool {
	return f.Type == protocol.TypePresence || f.Event == protocol.EventLocks && f.MessageID == ""
}

// sendOthers writes one frame to every connection but the member's that has
// credit. For one that has none a frame with a version waits in the log; what is
// passing has a smaller share of the credit, and beyond it the newest is sent later.
func (d *Document) sendOthers(m *member, f protocol.Frame) {
	start := len(d.ids)
	d.to = d.to[:0]
	share := passing(f)
	for _, o := range d.members {
		switch {
		case o == m || !o.active():
		case !o.behind && d.credit(o) && (!share || d.sees(o)):
			d.ids, d.to = append(d.ids, o.self[0]), append(d.to, o)
		case f.Seq > 0:
			d.waits(o, f.Seq)
		case f.Type == protocol.TypePresence && m != nil && m.said != "":
			d.miss(o, m)
		case f.Event == protocol.EventLocks:
			o.locksDue = true
			d.blind(o)
		default:
			d.missAll(o)
		}
	}
	if len(d.to) == 0 {
		return
	}
	text := d.encode(f)
	d.emit(Send{Conns: d.ids[start:len(d.ids):len(d.ids)], Text: text})
	for _, o := range d.to {
		if share {
			o.passing.Sent(len(text))
		}
		d.count(o, len(text))
	}
}

// sendError answers one frame and leaves the connection as it is.
func (d *Document) sendError(m *member, e protocol.Error) { d.sendTo(m, e.Frame()) }

// malformed answers a frame of the protocol's form that has no place here.
func (d *Document) malformed(m *member, f protocol.Frame, reason string) {
	d.sendError(m, serverconn.Malformed(f, reason))
}

// rewrites leaves out the deletion of a gone channel's row in the very event that stores another one
// under its key: that is one row, and not two.
func (d *Document) rewrites(m *member) {
	for i, e := range d.effects {
		if gone, is := e.(DeleteChannel); is && gone.UserID == m.userID() && gone.ClientID == m.ch.ClientID() {
			d.effects = append(d.effects[:i], d.effects[i+1:]...)
			return
		}
	}
}

// shut closes a connection with an error's code.
func (d *Document) shut(conn ConnID, e *protocol.Error) {
	d.emit(Close{Conn: conn, Code: e.CloseCode(), Reason: e.CloseReason()})
}

// save stores the member's row.
func (d *Document) save(m *member) {
	d.beginLog()
	m.saved = m.ch.Acked()
	d.emit(SaveChannel{Row: m.row()})
}
