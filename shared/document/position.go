package document

import (
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// A stored generation does not tell a log that was put back behind the object's back (a copy
// of its storage, the platform's recovery) from the one that was there: the copy has the same.
// So each entry is stored with the term under which it was written, as in Raft: a random
// number that is drawn when the object boots and holds no socket, as it does after every loss
// of storage. One term's entries are written one after the other by one object, so where two
// logs have an entry of the same version and term, they are the same up to there.

// Position says where in which log a client's connection began. The client says it back when
// it resumes, beside the last version that it has received; to the client it is opaque.
type Position struct {
	Generation string
	// Term is the one that everything after Base was written under, as long as the
	// connection lasted. BaseTerm is that of the entry of version Base, 0 for one from before
	// there were terms, or where there is none.
	Term, Base, BaseTerm uint64
}

// TermBits is how large a term is at most: it is stored with each entry.
const TermBits = 48

// MatchEntries is how many entries a shell looks through at most for one of a term.
const MatchEntries = 10_000

// String is the position as a client is given it.
func (p Position) String() string {
	if p.Generation == "" {
		return ""
	}
	return p.Generation + "." + strconv.FormatUint(p.Term, 16) + "." + strconv.FormatUint(p.Base, 10) + "." + strconv.FormatUint(p.BaseTerm, 16)
}

// ParsePosition reads it. What is none of ours is a position in some other log.
func ParsePosition(text string) (p Position) {
	part := strings.Split(text, ".")
	if len(part) != 4 {
		return Position{Generation: text}
	}
	term, ok1 := parseTerm(part[1])
	base, ok2 := jsonscan.Uint([]byte(part[2]))
	baseTerm, ok3 := parseTerm(part[3])
	if !ok1 || !ok2 || !ok3 || base > protocol.MaxSeq {
		return Position{Generation: text}
	}
	return Position{part[0], term, base, baseTerm}
}

// parseTerm reads hexadecimal digits. strconv.ParseUint would bring reflection into a module.
func parseTerm(text string) (term uint64, ok bool) {
	if text == "" || len(text) > TermBits/4 {
		return 0, false
	}
	for _, c := range []byte(text) {
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		default:
			return 0, false
		}
		term = term<<4 | uint64(c)
	}
	return term, true
}

// position is where a connection begins that begins now.
func (d *Document) position() Position {
	return Position{d.state.Generation, d.term, d.version, d.lastTerm}
}

// standing is what a client that resumes has of the log.
type standing struct {
	// elsewhere says that what it has received is of another log; rewound, that there is some
	// of that which is not in this one, beyond version common.
	elsewhere, rewound bool
	common             uint64
	// unknown says that nobody can tell any more: what would show it is trimmed.
	unknown bool
}

// stands compares what a client says of itself with the log.
func (d *Document) stands(c *Connect) (s standing) {
	p, st := &c.Position, &d.state
	switch {
	case !c.HasLastSeq:
		return s
	case p.Generation == "": // only a version, and the session of an erased log
		if s.elsewhere = !d.ofThisLog(c); !s.elsewhere {
			s.common = d.version
		}
	case p.Generation == st.Generation:
		// A log that has an entry of the right term has all of what came before it.
		s.common = max(c.InTerm, c.AtBase, st.Began)
		s.unknown = s.common < c.LastSeq && max(c.LastSeq, p.Base) <= st.Kept
	case p.Generation == st.Previous: // an operator put that one back to an earlier version
		s.elsewhere, s.common = true, min(max(c.InTerm, c.AtBase), st.Common)
	default:
		s.elsewhere = true
	}
	s.common = min(s.common, c.LastSeq)
	s.rewound = c.LastSeq > 0 && !s.unknown && (s.elsewhere || s.common < c.LastSeq)
	return s
}
