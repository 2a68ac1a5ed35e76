package issuer

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// end is what a session object is asked: to let no token in of a sign-in, or for none, any
// that was issued until now, or that comes of a sign-in of before.
func end(userID, signIn, reason string) call.Message {
	r := call.End{UserID: userID, Code: protocol.TokenRevoked, All: signIn == "", SignIn: signIn, Reason: reason}
	return r.Message()
}

// ended reads its answer. A document that could not be reached in time is asked again
// later: the revocation itself stands. An object that does not know the request has done
// nothing.
func ended(answer []byte) bool {
	_, err := call.ParseAnswer(answer, &call.KindEnd)
	return err == nil || err.Code == protocol.ServiceUnavailable && err.Reason != call.ReasonUnsupported
}
