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
	d.sendPresence(m, f.Event, m.ch.ClientID(), p.Data)
}

// sendPresence tells the others about the member.
func (d *Document) sendPresence(m *member, event, clientID string, data []byte) {
	d.data = protocol.Presence{
		UserID: m.userID(), ClientID: clientID, Name: m.grant.Name, Data: data,
	}.Append(d.data[:0])
	d.sendOthers(m, protocol.Frame{Type: protocol.TypePresence, Event: event, Data: d.data})
}

// sendMembers tells the member who is there beside it.
func (d *Document) sendMembers(m *member) {
	var s protocol.PresenceState
	for _, o := range d.members {
		if o != m && o.active() {
			s.Members = append(s.Members, protocol.Presence{
				UserID: o.userID(), ClientID: o.ch.ClientID(), Name: o.grant.Name,
			})
		}
	}
	d.data = s.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{Type: protocol.TypePresence, Event: protocol.EventState, Data: d.data})
}
