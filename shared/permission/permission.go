// Package permission decides who may do what, by seed S2's three tables:
//
//	workspace role ──► document role ──► levels ──► operations
//	owner, admin       full_access       read write comment moderate admin
//	member             edit              read write comment
//	                   comment           read comment
//	viewer             view              read
//
// An explicit grant on a document replaces what the workspace role would give there,
// upwards and downwards. On a restricted document only explicit grants count. A role or
// level that this package does not know gives nothing. It holds no state.
package permission

// Set is a set of levels.
type Set uint8

// The levels, in S2's order.
const (
	Read     Set = 1 << iota // receive operations, view presence
	Write                    // send operations, create content
	Comment                  // create and reply to comments
	Moderate                 // resolve comments, lock sections
	Admin                    // all operations, manage permissions
)

// All is every level.
const All = Read | Write | Comment | Moderate | Admin

var names = [...]struct {
	level Set
	name  string
}{{Read, "read"}, {Write, "write"}, {Comment, "comment"}, {Moderate, "moderate"}, {Admin, "admin"}}

// Has reports whether s holds every level of want.
func (s Set) Has(want Set) bool { return s&want == want }

// Names returns the levels' wire names in S2's order, never nil.
func (s Set) Names() []string {
	out := make([]string, 0, len(names))
	for _, n := range names {
		if s.Has(n.level) {
			out = append(out, n.name)
		}
	}
	return out
}

// ParseSet reads wire names. It ignores a name that it does not know, so that a newer
// peer's level never turns into one of ours.
func ParseSet(wire []string) Set {
	var s Set
	for _, w := range wire {
		for _, n := range names {
			if n.name == w {
				s |= n.level
			}
		}
	}
	return s
}

// Diff returns the levels of old that updated no longer has.
func Diff(old, updated Set) Set { return old &^ updated }

// Operation is something that a user may want to do to a document.
type Operation uint8

// The operations of S2's table, left to right.
const (
	ReceiveOperations Operation = iota
	ViewPresence
	SendOperations
	CreateContent
	CreateComment
	ReplyToComment
	ResolveComment
	LockSection
	ManagePermissions
)

var needs = [...]Set{
	ReceiveOperations: Read,
	ViewPresence:      Read,
	SendOperations:    Write,
	CreateContent:     Write,
	CreateComment:     Comment,
	ReplyToComment:    Comment,
	ResolveComment:    Moderate,
	LockSection:       Moderate,
	ManagePermissions: Admin,
}

// Allows reports whether s permits op. Admin permits every operation.
func (s Set) Allows(op Operation) bool {
	return int(op) < len(needs) && (s.Has(Admin) || s.Has(needs[op]))
}
