package issuer

import (
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// endAll is what a session object is asked for a logout everywhere: to let no token in
// that was issued until now, or that comes of a sign-in of before.
func endAll(userID string) string {
	w := jsonscan.NewObject(nil)
	w.Str("kind", "end")
	w.Str("user_id", userID)
	w.Str("code", string(protocol.TokenRevoked))
	w.Bool("all", true)
	w.Str("reason", "logout_everywhere")
	return string(w.End())
}

// ended reads its answer. A document that could not be reached in time is told later:
// the revocation itself stands.
func ended(answer string) bool {
	raw := []byte(answer)
	if jsonscan.Check(raw, 16) != nil {
		return false
	}
	if jsonscan.Field(raw, "receipt") != nil {
		return true
	}
	err, ok := protocol.ParseError(jsonscan.Field(raw, "error"))
	return ok && err.Code == protocol.ServiceUnavailable
}
