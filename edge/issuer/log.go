package issuer

import "github.com/holdfast-dev/holdfast/shared/jsonscan"

// log says that somebody signed in, or did not, or that a refresh token was copied. An
// e-mail is in no line: what was typed may be anything, a password too. Empty members are
// left out.
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
