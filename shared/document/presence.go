package document

import (
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// looks is what a connection shows of its client, and what of the others' it has yet to
// see. Only the newest of each counts, and that arrives in the end: a member's own comes at
// Config.Presence at most, with the last one up to showPause late, and in one connection no
// more than a share of the window is under way, so that ops never wait behind it. It is in
// memory; what a client showed is attached to its socket, for those who connect after a hibernation.
type looks struct {
	shown  []byte
	said   string    // the event it came by, "" when the client has shown nothing
	showAt time.Time // when it is passed on; zero when that was done

	unseen   []string // the members, by their keys, whose newest there was no room for
	outdated bool     // or all: somebody came or left
	locksDue bool     // and it has yet to be sent what is locked now
	// blindUntil is when a connection that lacks something and confirms nothing is given
	// room all the same; zero when nothing is lacking.
	blindUntil time.Time
}

const (
	// presenceShare is what part of a window presence may fill: one of so many.
	presenceShare = 8
	// presenceFlood is how many times as often as anything else a client may send
	// presence, which is mostly thrown away: as often as a screen is drawn, and more.
	presenceFlood = 4
	// showPause is how late the last of a quick row may be: each pause has an alarm.
	showPause = 250 * time.Millisecond
)

func isPresence(event string) bool {
	return event == protocol.EventJoin || event == protocol.EventLeave || event == protocol.EventUpdate
}

// presence carries a client's own word to the others. Who it is from is what we
// know, never what the frame says. It has a limit of its own, so that who moves a mouse
// about is not kept from writing; what is beyond it is taken too, until it is enough.
func (d *Document) presence(now time.Time, m *member, f protocol.Frame, size int) {
	limits := d.limits(m)
	limits.Frames.Count = presenceFlood * min(limits.Frames.Count, 1<<28)
	limits.Frames.Burst = presenceFlood * min(limits.Frames.Burst, 1<<28)
	if wait, enough := m.showFlood.Take(now, &limits, size); enough {
		d.end(now, m, now, protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_frames", RetryAfter: wait})
		return
	}
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
	m.shown, m.said = append(m.shown[:0], p.Data...), f.Event
	if !m.unlisted {
		d.show(now, m)
	}
}

// show passes on what the member last showed, when its turn has come.
func (d *Document) show(now time.Time, m *member) {
	limit := d.cfg.Presence
	if n := len(d.conns); n > presenceShown {
		limit = limit.Part(presenceShown * 1000 / n)
	}
	if m.shows.Take(now, limit, 1) == 0 {
		m.showAt = time.Time{}
		d.emit(Attach{Conn: m.self[0], Data: m.looksLike()})
		d.sendPresence(m, m.said, m.ch.ClientID(), m.shown)
		return
	}
	if m.showAt.IsZero() {
		// All at the same moments: one alarm does for everybody.
		m.showAt = now.Truncate(showPause).Add(showPause)
		if !d.stale {
			least(&d.alarm, m.showAt)
		}
	}
}

// restoreShown takes what was attached to the member's socket.
func (m *member) restoreShown(data []byte) {
	if m.shown, m.said = data, ""; len(data) > 0 {
		m.said = protocol.EventUpdate
	}
}

// looksLike is what the document shows of the member to a client that connects now: nothing of one that
// says itself that it is away.
func (m *member) looksLike() []byte {
	if m.said == protocol.EventLeave {
		return nil
	}
	return m.shown
}

// sendPresence sends the others news of the member.
func (d *Document) sendPresence(m *member, event, clientID string, data []byte) {
	if m.unlisted {
		d.recount()
		return
	}
	d.sendOthers(m, d.presenceFrame(m, event, clientID, data))
}

func (d *Document) presenceFrame(m *member, event, clientID string, data []byte) protocol.Frame {
	p := m.presence(clientID)
	if len(data) > 0 {
		p.Data = data
	}
	d.data = p.Append(d.data[:0])
	return protocol.Frame{Type: protocol.TypePresence, Event: event, Data: d.data}
}

// presence is who the member is, to the others.
func (m *member) presence(clientID string) protocol.Presence {
	return protocol.Presence{UserID: m.userID(), ClientID: clientID, Name: m.grant.Name, Guest: m.guest(), Delegate: m.delegate()}
}

// sees reports whether a connection has room for presence.
func (d *Document) sees(o *member) bool {
	return o.passing.UnderWay() < d.cfg.Conn.WindowBytes/presenceShare
}

// miss notes that o has yet to see m's newest, missAll everybody's.
func (d *Document) miss(o, m *member) {
	if !o.outdated && !slices.Contains(o.unseen, m.key()) {
		o.unseen = append(o.unseen, m.key())
	}
	d.blind(o)
}

func (d *Document) missAll(o *member) {
	o.outdated, o.unseen = true, nil
	d.blind(o)
}

func (d *Document) blind(o *member) {
	if o.blindUntil.IsZero() && !o.confirms {
		o.blindUntil = d.now.Add(d.cfg.SlowAfter)
		d.stale = true
	}
}

// showUnseen sends a member what it has yet to see, as far as there is room.
func (d *Document) showUnseen(o *member) {
	if o.outdated && d.sees(o) {
		o.outdated = false
		d.sendMembers(o)
	}
	if o.locksDue && d.sees(o) {
		o.locksDue = false
		d.sendLocks(o, "")
	}
	for len(o.unseen) > 0 && d.credit(o) && d.sees(o) {
		m := d.named(o.unseen[0])
		o.unseen = o.unseen[1:]
		if m != nil && m.active() && m.said != "" {
			d.sendTo(o, d.presenceFrame(m, m.said, m.ch.ClientID(), m.shown))
		}
	}
	if len(o.unseen) == 0 && !o.outdated && !o.locksDue {
		o.unseen, o.blindUntil = nil, time.Time{}
	}
}

// settlePresence passes on what waited for its turn, and gives room to who confirms
// nothing, as settleFlow does.
func (d *Document) settlePresence(now time.Time, m *member) {
	if passed(m.showAt, now) && m.active() {
		m.showAt = time.Time{}
		d.show(now, m)
	}
	if m.blindUntil.IsZero() || now.Before(m.blindUntil) || !m.active() {
		return
	}
	m.blindUntil = time.Time{}
	if m.confirms { // it has answered since, and will again
		return
	}
	m.passing.Forgive()
	if !m.behind {
		d.showUnseen(m)
	}
	if len(m.unseen) > 0 || m.outdated || m.locksDue {
		d.blind(m)
	}
}

// sendMembers sends the member who is there beside it and what each last showed of
// itself, as far as there is room for presence, and for MaxSyncBytes in one frame. The
// others follow.
func (d *Document) sendMembers(m *member) {
	s := protocol.PresenceState{Unlisted: m.unlisted}
	room := min(d.cfg.MaxSyncBytes, max(0, d.cfg.Conn.WindowBytes/presenceShare-m.passing.UnderWay()))
	m.unseen = nil
	for _, o := range d.members {
		if o.unlisted && o.active() {
			s.Readers++
		}
		if o == m || !o.active() || o.unlisted {
			continue
		}
		p := o.presence(o.ch.ClientID())
		if data := o.looksLike(); len(data) > 0 {
			if len(data) <= room {
				p.Data, room = data, room-len(data)
			} else {
				d.miss(m, o)
			}
		}
		s.Members = append(s.Members, p)
	}
	d.data = s.Append(d.data[:0])
	d.sendTo(m, protocol.Frame{Type: protocol.TypePresence, Event: protocol.EventState, Data: d.data})
}
