package protocol

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// Presence is one member of a document and what it shows of itself: the data of
// join, leave and update. A client's update has Data alone.
type Presence struct {
	UserID, ClientID, Name string
	// Guest says that the member came by a link: the name is what it gave itself.
	Guest bool
	// Delegate says that it is a program that acts for UserID; Name is the program's.
	Delegate bool
	// Data is any JSON, such as a cursor; nil for none.
	Data []byte
}

// Append appends the payload as JSON.
func (p Presence) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	optStr(&w, "user_id", p.UserID)
	optStr(&w, "client_id", p.ClientID)
	optStr(&w, "name", p.Name)
	if p.Guest {
		w.Bool("guest", true)
	}
	if p.Delegate {
		w.Bool("delegate", true)
	}
	if p.Data != nil {
		w.Raw("data", p.Data)
	}
	return w.End()
}

// ParsePresence reads the data of a join, leave or update.
func ParsePresence(data []byte) (Presence, bool) {
	if empty(data) {
		return Presence{}, true
	}
	m := read(data)
	p := Presence{UserID: m.str("user_id"), ClientID: m.str("client_id"), Name: m.str("name"), Guest: m.flag("guest"), Delegate: m.flag("delegate"), Data: m.field("data")}
	return p, m.ok
}

// PresenceState is every member of a document that is shown by name, and how many readers are there
// that are not. The server sends it to a new connection.
type PresenceState struct {
	Members  []Presence
	Readers  int
	Unlisted bool // the client itself is one of these
}

// Append appends the payload as JSON.
func (p PresenceState) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Array("members")
	for _, member := range p.Members {
		w.Item()
		w.Buf = member.Append(w.Buf)
	}
	w.CloseArray()
	if p.Readers > 0 {
		w.Int("readers", int64(p.Readers))
	}
	if p.Unlisted {
		w.Bool("unlisted", true)
	}
	return w.End()
}

// ParsePresenceState reads the data of a state.
func ParsePresenceState(data []byte) (PresenceState, bool) {
	m := read(data)
	m.need("members")
	list, p := m.field("members"), PresenceState{Readers: m.count("readers"), Unlisted: m.flag("unlisted")}
	if !m.ok || list[0] != '[' {
		return PresenceState{}, false
	}
	for a := jsonscan.Elements(list); a.Next(); {
		member, ok := ParsePresence(a.Value())
		if !ok {
			return PresenceState{}, false
		}
		p.Members = append(p.Members, member)
	}
	return p, true
}

// PresenceReaders is how many readers are there that are not shown by name, whenever that has changed.
type PresenceReaders struct{ Readers int }

// Append appends the payload as JSON.
func (p PresenceReaders) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Int("readers", int64(p.Readers))
	return w.End()
}

// ParsePresenceReaders reads it.
func ParsePresenceReaders(data []byte) (PresenceReaders, bool) {
	m := read(data)
	m.need("readers")
	return PresenceReaders{Readers: m.count("readers")}, m.ok
}
