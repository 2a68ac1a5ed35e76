package document_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sim"
	"github.com/holdfast-dev/holdfast/shared/sim/story"
)

// generations is what a story about them knows. The others have logs without a name.
type generations struct {
	on        bool
	copied    *sim.DocumentStorage
	positions map[document.ConnID]string
}

// playGenerations plays what has to do with them.
func (s *player) playGenerations(a *story.Command) {
	switch a.Cmd {
	case "generations": // from now on the log has one
		s.named.on, s.named.positions = true, map[document.ConnID]string{}
		s.boot(nil)
	case "copy": // somebody keeps a copy of what is stored
		s.named.copied = s.store.Copy()
		fmt.Fprintf(s.out, "copied at version %d\n", s.store.Version())
	case "put-back": // and stops the object, and puts the copy in place
		s.store = s.named.copied.Copy()
		s.boot(nil)
	case "crash":
		s.boot(nil)
	}
}

// boot is an object that begins anew, and finds these sockets.
func (s *player) boot(open map[document.ConnID]bool) {
	snap := s.store.Boot(s.cfg.Unacknowledged, open)
	if !s.named.on {
		snap.Fresh = ""
	}
	doc, err := document.Restore(s.cfg, snap)
	if err != nil {
		s.t.Fatal(err)
	}
	s.doc = doc
	fmt.Fprintf(s.out, "restored at version %d with %d rows\n", s.store.Version(), len(s.store.Rows))
	if open == nil {
		slices.SortFunc(snap.Channels, func(a, b document.Row) int {
			return cmp.Or(strings.Compare(a.Channel.UserID, b.Channel.UserID), strings.Compare(a.Channel.ClientID, b.Channel.ClientID))
		})
		for _, row := range snap.Channels {
			if row.Channel.Conn != "" {
				s.step(document.Disconnected{Conn: row.Channel.Conn, Code: 1006})
			}
		}
	}
}

// term says under which an entry is written.
func (s *player) term(e document.Entry) string {
	if !s.named.on {
		return ""
	}
	return fmt.Sprintf(", term %d", e.Term)
}

// generation is a new name for the log.
func (s *player) generation() string {
	if !s.named.on {
		return ""
	}
	return s.store.Generation()
}

// position is position=<connection>: what that one was told.
func (s *player) position(a *story.Command, c *document.Connect) {
	if said := a.Str("position", ""); said != "" {
		if at, known := s.named.positions[document.ConnID(said)]; known {
			said = at
		}
		c.Position = document.ParsePosition(said)
		s.store.LookUp(c)
	}
}

// told notes the position that a connection is told.
func (s *player) told(e document.Send) {
	if f, err := protocol.Decode(e.Text, protocol.Limits{FrameBytes: 1 << 20}); err == nil && f.Event == protocol.EventConnectionAck && s.named.on {
		p, _ := protocol.ParseConnectionAck(f.Data)
		s.named.positions[e.Conns[0]] = p.Position
	}
}
