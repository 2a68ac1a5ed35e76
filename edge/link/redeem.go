package link

import (
	"net/http"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/guest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// Config is what a deployment's variables say about guests.
type Config struct {
	// Secrets sign guests' tokens (GUEST_SECRET), the first new ones; none: there are no guests.
	Secrets []string
	// TTL is how long a guest's token lives (GUEST_TOKEN_TTL_S).
	TTL time.Duration
	// Origins are whose pages may ask.
	Origins access.Origins
	Now     func() time.Time
	Random  func([]byte)
	// Log prints one line for the operators' log.
	Log func(line string)
}

// RedeemPath is the route of Handler.
const RedeemPath = "/v1/links/redeem"

// cookieName begins the name of the cookie that says who a link's guest is; the link's id follows.
const cookieName = "holdfast_guest_"

// Handler answers the route by which a page has a guest's token made.
type Handler struct {
	cfg   Config
	store Store
}

// NewHandler returns it.
func NewHandler(cfg Config, store Store) *Handler { return &Handler{cfg, store} }

// ServeHTTP implements http.Handler.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	origin := r.Header.Get("Origin")
	if origin != "" && !h.cfg.Origins.Allow(origin, r.URL) {
		rest.Fail(w, &protocol.Error{Code: protocol.OriginNotAllowed})
		return
	}
	cors := h.cfg.Origins.CORS(origin, r.URL)
	for n := 0; n+1 < len(cors); n += 2 {
		w.Header().Set(cors[n], cors[n+1])
	}
	switch {
	case r.URL.Path != RedeemPath || len(h.cfg.Secrets) == 0:
		rest.Fail(w, &protocol.Error{Code: protocol.NotFound})
	case r.Method != http.MethodPost:
		rest.MethodNotAllowed(w, http.MethodPost)
	default:
		if err := h.redeem(w, r); err != nil {
			rest.Fail(w, err)
		}
	}
}

// asked is what a page asks for.
type asked struct {
	id, hash string
	// name is cleaned; "" for a guest that is known and keeps its name.
	name string
	// number is who the guest was, "" for a new one.
	number string
}

func (h *Handler) redeem(w http.ResponseWriter, r *http.Request) *protocol.Error {
	a, err := h.read(r)
	if err != nil {
		return err
	}
	// Before the store is asked: a revocation that it does not know of yet is of a later moment.
	now := h.cfg.Now()
	pass, fresh, err := h.pass(r, &a, now)
	if err != nil {
		return err
	}
	claims := guest.Claims{UserID: protocol.GuestID(a.id, a.number), Document: pass.Document, Name: a.name, IssuedAt: now, Expires: pass.Until}
	h.log(claims, a.id, fresh)
	again := claims
	again.Expires = pass.Ends
	http.SetCookie(w, h.cookie(r, a.id, guest.Sign(guest.Again, again, h.cfg.Secrets[0]), pass.Ends.Sub(now)))
	out := jsonscan.NewObject(nil)
	out.Str("access_token", guest.Sign(guest.Access, claims, h.cfg.Secrets[0]))
	out.Str("token_type", "Bearer")
	out.Int("expires_in", int64(pass.Until.Sub(now)/time.Second))
	out.Str("user_id", claims.UserID)
	out.Str("document", pass.Document)
	out.Str("role", pass.Role)
	out.Str("name", a.name)
	out.Time("link_expires_at", pass.Ends)
	rest.Write(w, http.StatusOK, out.End(), "no-store")
	return nil
}

const bodyDepth = 2

// read reads the body, and who the page's guest was.
func (h *Handler) read(r *http.Request) (a asked, err *protocol.Error) {
	if !rest.IsJSON(r) {
		return a, &protocol.Error{Code: protocol.MalformedMessage, Reason: "content_type_not_json", Message: "The body must be application/json."}
	}
	body, err := rest.ReadBody(r, access.SignInBytes)
	if err == nil {
		err = rest.CheckObject(body, bodyDepth)
	}
	if err != nil {
		return a, err
	}
	link, name, before := "", "", ""
	for o, _ := jsonscan.Parse(body); o.Next(); {
		text, isText := jsonscan.Str(o.Value())
		switch string(o.Key()) {
		case "link":
			link = text
		case "name":
			name = text
		case "guest":
			before = text
		default:
			return a, &protocol.Error{Code: protocol.MalformedMessage, Reason: "unknown_field", Message: "Known are: link, name, guest."}
		}
		if !isText {
			return a, rest.BadField(string(o.Key()))
		}
	}
	ok := false
	if a.id, a.hash, ok = read(link); !ok {
		return a, unknown()
	}
	was := h.was(r, a.id, before)
	if _, number, ok := protocol.Guest(was.UserID); ok {
		a.number = number
	}
	if a.name = token.Clean(name, guest.NameBytes); a.name == "" {
		a.name = was.Name
	}
	if a.name == "" {
		return a, rest.BadField("name")
	}
	return a, nil
}

// was returns whom the page's guest token, or its cookie, is of, if that is this link's.
func (h *Handler) was(r *http.Request, id, before string) guest.Claims {
	claims, ok := guest.Who(guest.Access, before, h.cfg.Secrets)
	if !ok {
		c, err := r.Cookie(h.cookieName(r, id))
		if err != nil {
			return guest.Claims{}
		}
		if claims, ok = guest.Who(guest.Again, c.Value, h.cfg.Secrets); !ok {
			return guest.Claims{}
		}
	}
	if link, _, _ := protocol.Guest(claims.UserID); link != id {
		return guest.Claims{}
	}
	return claims
}

// pass has the store give the guest a token's time: a known guest first, which takes no use.
func (h *Handler) pass(r *http.Request, a *asked, now time.Time) (p Pass, fresh bool, refused *protocol.Error) {
	ctx, until := r.Context(), now.Add(h.cfg.TTL)
	if a.number != "" {
		p, ok, err := h.store.Renewed(ctx, a.id, a.hash, a.number, until, now)
		if err != nil || ok {
			return p, false, unavailable(err)
		}
		ended, err := h.store.Ended(ctx, a.id, a.number)
		switch {
		case err != nil && err != ErrNotFound:
			return p, false, unavailable(err)
		case err != nil:
			a.number = ""
		default:
			return p, false, h.why(r, a, now, ended)
		}
	}
	a.number = newNumber(h.cfg.Random)
	p, ok, err := h.store.Made(ctx, a.id, a.hash, a.number, until, now)
	if err == nil && !ok {
		return p, false, h.why(r, a, now, false)
	}
	return p, true, unavailable(err)
}

// why says why a link gives nobody a token. To whoever has not the whole of it, there is none.
func (h *Handler) why(r *http.Request, a *asked, now time.Time, ended bool) *protocol.Error {
	l, err := h.store.Link(r.Context(), a.id)
	switch {
	case err == ErrNotFound || err == nil && l.Hash != a.hash:
		return unknown()
	case err != nil:
		return unavailable(err)
	case !l.RevokedAt.IsZero():
		return &protocol.Error{Code: protocol.TokenRevoked, Reason: "link_revoked", Message: "This link was revoked: ask for another one."}
	case !now.Before(l.ExpiresAt):
		return &protocol.Error{Code: protocol.InsufficientPermissions, Reason: "link_expired", Message: "This link has expired: ask for another one."}
	case ended:
		return &protocol.Error{Code: protocol.TokenRevoked, Reason: "guest_revoked", Message: "You were put out of this document."}
	}
	return &protocol.Error{Code: protocol.InsufficientPermissions, Reason: "link_used_up", Message: "This link was used as often as it may be: ask for another one."}
}

func unknown() *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "link_unknown", Message: "There is no such link: it may have been copied in part."}
}

func unavailable(err error) *protocol.Error {
	if err == nil {
		return nil
	}
	return rest.Unavailable("database_unavailable")
}

// cookieName is the cookie's name. Over https a page of a neighbouring subdomain cannot set one.
func (h *Handler) cookieName(r *http.Request, id string) string {
	if r.URL.Scheme == "https" {
		return "__Host-" + cookieName + id
	}
	return cookieName + id
}

// cookie says who the guest is: no script can read it, and no other site has it sent.
func (h *Handler) cookie(r *http.Request, id, value string, ttl time.Duration) *http.Cookie {
	c := &http.Cookie{Name: h.cookieName(r, id), Value: value, Path: "/v1/links", MaxAge: int(ttl / time.Second), HttpOnly: true, SameSite: http.SameSiteStrictMode}
	if r.URL.Scheme == "https" {
		c.Path, c.Secure = "/", true
	}
	return c
}

// log has a line for each new guest. The name is the guest's own affair.
func (h *Handler) log(c guest.Claims, id string, fresh bool) {
	if !fresh {
		return
	}
	w := jsonscan.NewObject(nil)
	w.Str("level", "info")
	w.Str("event", "guest_made")
	w.Str("link_id", id)
	w.Str("user_id", c.UserID)
	w.Str("document", c.Document)
	h.cfg.Log(string(w.End()))
}
