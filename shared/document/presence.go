package document

import "github.com/holdfast-dev/holdfast/shared/protocol"

// presence carries a client's own word to the others. Who it is from is what we
// know, never what the frame says.
func (d *Document) presence(m *member, f protocol.Frame) {
	if len(f.Data) > d.cfg.PresenceBytes {
		d.sendError(m, protocol.Error{
			Code: protocol.MessageTooLarge, Reason: "presence_too_large", MessageID: f.MessageID,
		})
		return
	}
	p, ok := protocol.ParsePresence(f.Data)
	if !ok {
		d.malformed(m, f, "bad_data")
		return
	}
	m.shown = append(m.shown[:0], p.Data...)
	if f.Event == protocol.EventLeave {
		m.shown = nil // it says itself that it is away
	}
	d.sendPresence(m, f.Event, m.ch.ClientID(), p.Data)
}

// sendPresence tells the others about the member.
func (d *Document) sendPresence(m *member, event, clientID string, data []byte) {
	d.data = protocol.Presence{
		UserID: m.userID(), ClientID: clientID, Name: m.grant.Name, Data: data,
	}.Append(d.data[:0])
	d.sendOthers(m, protocol.Frame{Type: protocol.TypePresence, Event: event, Data: d.data})
}

// sendMembers tells the member who is there beside it and what each last showed of
// itself, as far as one frame has room: MaxSyncBytes. What is shown is kept in memory
// alone; after the object has hibernated it is known again when it next changes.
func (d *Document) sendMembers(m *member) {
	var s protocol.PresenceState
	room := d.cfg.MaxSyncBytes
	for _, o := range d.members {
		if o != m && o.active() {
			p := protocol.Presence{UserID: o.userID(), ClientID: o.ch.ClientID(), Name: o.grant.Name}
			if n := len(o.shown); n > 0 && n <= room {
				p.Data, room = o.shown, room-n
			}
			s.Members = append(s.Members, p)
		}
	}
	d.data = s.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{Type: protocol.TypePresence, Event: protocol.EventState, Data: d.data})
}
