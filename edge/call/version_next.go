//go:build nextversion

package call

// Version is one more than this tree's: edge/e2e builds it beside the true one and mixes
// the two, as a deployment does.
const Version = 4

// next is a member that only this version writes.
type next struct{ Added uint64 }

// nextDocument is the name of a document that is entered by the new kind.
const nextDocument = "nextversion"

// KindAdmitNext does what admit does, by a word that no other version knows.
var KindAdmitNext = Kind{Sessions, nextWord, "grant"}

func (next) kind(k *Kind, document string) *Kind {
	if document == nextDocument {
		return &KindAdmitNext
	}
	return k
}

func (n *next) fields(f *fields) {
	if !f.reading {
		n.Added = Version
	}
	f.uint("added", &n.Added)
}

// passed reports whether the member has come through the hands of the version before.
func (n next) passed() bool { return n.Added == Version }

const nextWord = "admit_next"
