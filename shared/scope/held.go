package scope

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
	"github.com/holdfast-dev/holdfast/shared/token/renewal"
)

// held is the newest token of the scope that this page knows.
type held struct {
	raw    string
	claims peek.Claims
	end    time.Time // by this machine's clock
}

// read reads a token. One that has expired by this machine's clock counts as new: the clock may
// be wrong, and whoever gets the token says so if not.
func (b *Broker) read(raw string) (held, bool) {
	claims, reason := renewal.Read(raw)
	if reason != "" {
		return held{}, false
	}
	end, expired := b.clock.End(b.now, claims)
	if expired {
		end = b.now.Add(renewal.Lifetime(claims))
	}
	return held{raw, claims, end}, true
}

// hold makes a token the newest one.
func (b *Broker) hold(h held) {
	b.held, b.user = h, renewal.Subject(h.claims)
	b.fails, b.pausedTo, b.final = 0, time.Time{}, final{}
}

// older reports whether another token is newer than this one.
func (h held) older(other held) bool {
	return h.raw == "" || h.raw != other.raw && !newer(h.claims, other.claims)
}

// newer reports whether a was certainly issued after b.
func newer(a, b peek.Claims) bool {
	if a.Iat != 0 && b.Iat != 0 && a.Iat != b.Iat {
		return a.Iat > b.Iat
	}
	return a.Exp > b.Exp
}

// serves reports whether the token will do for a session that had another one last: it is
// newer, and its own renewal is not due.
func (h held) serves(now time.Time, have string) bool {
	if h.raw == "" || h.raw == have {
		return false
	}
	life := renewal.Lifetime(h.claims)
	if h.end.Sub(now) <= min(renewal.Margin, life/2) {
		return false
	}
	claims, reason := renewal.Read(have)
	return reason != "" || !newer(claims, h.claims)
}

// of reports whether it is this user's, as far as a token says.
func (h held) of(user string) bool { return h.raw != "" && peek.Names(h.raw, user) }

// ours reports whether a token that another page gives can be of this page's user.
func (b *Broker) ours(h held) bool {
	if b.cfg.User != "" {
		return peek.Names(h.raw, b.cfg.User)
	}
	return b.user == "" || b.user == renewal.Subject(h.claims)
}

// Messages between pages, JSON text on the scope's channel:
//
//	token_wanted {}                   has anybody a token?
//	token_asked {}                    my app is asked
//	token {newToken,expiresIn}        the newest there is
//	token_final {userId}              my app says that this user is not signed in any more
//
// Each has type and pageId.
func (b *Broker) says(kind string) jsonscan.Writer {
	w := jsonscan.NewObject(nil)
	w.Str("type", kind)
	w.Str("pageId", b.cfg.PageID)
	return w
}

func (b *Broker) post(w jsonscan.Writer) {
	if b.cfg.Channel && !b.suspended {
		b.do(Post{w.End()})
	}
}

// share gives the other pages the token.
func (b *Broker) share() {
	w := b.says("token")
	w.Str("newToken", b.held.raw)
	w.Int("expiresIn", b.held.end.Sub(b.now).Milliseconds())
	b.post(w)
}

func (b *Broker) shareFinal() {
	if b.user == "" {
		return
	}
	w := b.says("token_final")
	w.Str("userId", b.user)
	b.post(w)
}

// mostMessage bounds what is read of another page's text.
const mostMessage = 2*protocol.TokenBytes + 1024

// message takes one. Every script of the origin may write there.
func (b *Broker) message(text string) {
	raw := []byte(text)
	if len(raw) > mostMessage || jsonscan.Check(raw, jsonscan.DepthLimit) != nil {
		return
	}
	str := func(name string) string {
		s, _ := jsonscan.Str(jsonscan.Field(raw, name))
		return s
	}
	if str("pageId") == b.cfg.PageID {
		return
	}
	b.company = true
	switch str("type") {
	case "token_asked":
		if b.phase == waiting {
			b.await()
		}
	case "token_wanted":
		if b.held.serves(b.now, "") {
			b.share()
		}
	case "token":
		ms, ok := jsonscan.Uint(jsonscan.Field(raw, "expiresIn"))
		h, good := b.read(str("newToken"))
		if !ok || !good || !b.ours(h) || !b.held.older(h) {
			if good && !b.ours(h) && b.phase == asking {
				b.queue() // the others are signed in as somebody else
			}
			return
		}
		if end := b.now.Add(time.Duration(min(ms, 1<<40)) * time.Millisecond); end.Before(h.end) {
			h.end = end
		}
		b.hold(h)
		b.serve()
	case "token_final":
		if user := str("userId"); user != "" && user == b.user {
			b.refused(Failure{Message: "Nobody is signed in any more.", Final: true})
			b.serve()
		}
	}
}
