package serverconn

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Replaced is what a replaced connection is sent: whose the new one is, where that client says
// who it is. A client that replaces its own connection did so knowingly: the caller sends
// nothing.
func Replaced(winner string) protocol.Error {
	e := protocol.Error{Code: protocol.ConnectionReplaced}
	if winner != "" {
		e.Details = []protocol.Detail{{Name: "client_id", Raw: jsonscan.AppendString(nil, winner)}}
	}
	return e
}

// Held is what a client is sent that has dialled by itself, after another client of its user
// had come: who that is, and since when it has been connected.
func Held(holder string, since time.Time) protocol.Error {
	e := Replaced(holder)
	e.Reason, e.Message = protocol.ReasonHeld, "Another client of this user has connected since: it goes on, and this one waits to be asked to take over."
	e.Details = append(e.Details, protocol.Detail{Name: "since", Raw: append(jsonscan.AppendTime([]byte{'"'}, since), '"')})
	return e
}

// EndedBy is what a client is sent whose channel an operator has ended, by revoking its token
// or otherwise.
func EndedBy(revoked bool) protocol.Error {
	if revoked {
		return protocol.Error{Code: protocol.TokenRevoked, Reason: "token_revoked"}
	}
	return protocol.Error{Code: protocol.SessionEnded, Reason: "ended_by_operator"}
}

// Listens reports whether the client is sent the error its connection ends with: after a
// silence nobody is there to read it.
func Listens(e protocol.Error) bool { return e.Code != protocol.HeartbeatTimeout }

// Final reports whether the error ends the channel as well; after any other the client comes
// back, and the channel has its grace.
func Final(e protocol.Error) bool { return e.Row().Action == protocol.ActionStop }
