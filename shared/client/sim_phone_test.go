package client

import (
	"net/url"
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// phone is the user's other device, which takes the document now and then.
type phone struct {
	has bool
}

// pocket has the phone taken out, or put away, or a tab's user take over.
func (s *sim) pocket(t *fakeTab) {
	switch p := &s.phone; {
	case !p.has:
		p.has = true
		if c := s.conn; c != nil {
			s.conn, s.lastLost = nil, s.now
			s.up.Lose(of(c))
			s.replacedByPhone(c, "")
		}
	case s.rnd.IntN(3) == 0:
		p.has = false
	default:
		s.do(t, TakeOver{})
	}
}

func (s *sim) replacedByPhone(c *simConn, reason string) {
	e := protocol.Error{Code: protocol.ConnectionReplaced, Reason: reason, Details: []protocol.Detail{{Name: "client_id", Raw: []byte(strconv.Quote("phone"))}}}
	s.send(c, e.Frame())
	s.down.Put(&packet{conn: c, code: e.CloseCode()})
}

// admitBeside reports whether a dial is let in: one that nobody asked for takes the document
// from no phone.
func (s *sim) admitBeside(c *simConn, q url.Values) bool {
	switch p := &s.phone; {
	case !p.has:
	case q.Get("redial") == "true":
		s.replacedByPhone(c, protocol.ReasonHeld)
		return false
	default:
		p.has = false
	}
	return true
}
