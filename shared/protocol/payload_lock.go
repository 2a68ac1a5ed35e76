package protocol

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Lock reserves or releases a section of the document: the data of lock and unlock.
type Lock struct {
	// Section is the app's own name for a part of the document.
	Section string
	// TTL is in milliseconds on the wire. 0 leaves the choice to the server.
	TTL time.Duration
}

// Append appends the payload as JSON.
func (p Lock) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("section", p.Section)
	if p.TTL > 0 {
		whole(&w, "ttl", p.TTL, time.Millisecond)
	}
	return w.End()
}

// ParseLock reads the data of a lock or an unlock.
func ParseLock(data []byte) (Lock, bool) {
	m := read(data)
	m.need("section")
	p := Lock{m.str("section"), m.millis("ttl")}
	return p, m.ok
}

// LockedSection is a section that only one user may change, until a moment.
type LockedSection struct {
	Section, UserID, ClientID string
	Until                     time.Time
}

// Locks lists what is locked: the whole document, or sections of it.
type Locks struct {
	Locked bool
	// Reason says why the whole document is locked: log_full, which a snapshot ends.
	// It is "" for a lock of an operator or of the permission source.
	Reason   string
	Sections []LockedSection
}

// Append appends the payload as JSON.
func (p Locks) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Bool("locked", p.Locked)
	optStr(&w, "reason", p.Reason)
	w.Array("sections")
	for _, s := range p.Sections {
		w.OpenItem()
		w.Str("section", s.Section)
		w.Str("user_id", s.UserID)
		w.Str("client_id", s.ClientID)
		optTime(&w, "until", s.Until)
		w.Close()
	}
	w.CloseArray()
	return w.End()
}

// ParseLocks reads the data of a locks.
func ParseLocks(data []byte) (Locks, bool) {
	m := read(data)
	m.need("locked", "sections")
	p := Locks{Locked: m.flag("locked"), Reason: m.str("reason")}
	list := m.field("sections")
	if !m.ok || list[0] != '[' {
		return Locks{}, false
	}
	for a := jsonscan.Elements(list); a.Next(); {
		in := read(a.Value())
		in.need("section", "user_id")
		p.Sections = append(p.Sections, LockedSection{in.str("section"), in.str("user_id"), in.str("client_id"), in.time("until")})
		m.ok = m.ok && in.ok
	}
	return p, m.ok
}
