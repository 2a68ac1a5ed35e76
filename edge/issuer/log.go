package issuer

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// log reports that a user signed in, or failed to, or that a refresh token was copied. No line
// holds an e-mail: the text that somebody typed may be anything, even a password. Empty
// members are left out.
func (i *Issuer) log(level, event, userID, signIn, reason string) {
	w := jsonscan.NewObject(nil)
	w.Str("level", level)
	w.Str("event", event)
	for _, m := range [...]struct{ name, value string }{{"user_id", userID}, {"sign_in", signIn}, {"reason", reason}} {
		if m.value != "" {
			w.Str(m.name, m.value)
		}
	}
	i.cfg.Log(string(w.End()))
}
