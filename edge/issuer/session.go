package issuer

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// endAll is what a session object is asked for a logout everywhere: to let no token in
// that was issued until now, or that comes of a sign-in of before.
func endAll(userID string) call.Message {
	r := call.End{UserID: userID, Code: protocol.TokenRevoked, All: true, Reason: "logout_everywhere"}
	return r.Message()
}

// ended reads its answer. A document that could not be reached in time is asked again
// later: the revocation itself stands. An object that does not know the request has done
// nothing.
func ended(answer []byte) bool {
	_, err := call.ParseAnswer(answer, &call.KindEnd)
	return err == nil || err.Code == protocol.ServiceUnavailable && err.Reason != call.ReasonUnsupported
}
