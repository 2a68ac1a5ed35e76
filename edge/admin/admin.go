// Package admin is the operators' HTTP API: who may do what, locks, kicks,
// revocations, the embedded issuer's accounts, and what the audit log says. openapi.json describes it to programs and
// people, and the tests hold the two alike.
//
// A change is stored first (D1), then the API notifies the objects concerned, and it
// answers when those have acted on it. When it could not reach them, the answer is
// SERVICE_UNAVAILABLE with "stored":true, and repeating the call is harmless, as it
// nearly always is: calls say how things are to be, or end what is there. A message to a
// device, an app's new key and its new secret, and an account's token are new each time. A revocation is the other
// way round: the session object first, for it needs no database: see revoke.go.
//
// Also here is the webhook, by which an outside source of permissions says that
// something has changed. It grants nothing.
package admin

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/retention"
	"github.com/holdfast-dev/holdfast/shared/signature"
)

// Config is what a deployment's variables say about the API. Zero limits are their
// defaults.
type Config struct {
	// Operators are who may ask (ADMIN_TOKEN).
	Operators access.Operators
	// Secrets sign webhooks (WEBHOOK_SECRET); none: there is no webhook. Window is how
	// old or new a signature may be.
	Secrets []string
	Window  time.Duration
	// MaxEvents is how many events one webhook may bring, and MaxWebhookBytes how large it
	// may be. Defaults 1,000 and 256 KiB.
	MaxEvents, MaxWebhookBytes int
	// MaxBodyBytes is the largest body. Default 64 KiB.
	MaxBodyBytes int
	// AppendEntries is how many operations a server adds at once, and AppendBytes how large
	// the body may be; PageEntries and PageBytes bound a page of content. Defaults 100, 1 MiB,
	// 1,000 and 1 MiB.
	AppendEntries, AppendBytes, PageEntries, PageBytes int
	// MaxEntries is how many audit entries one answer holds at most. Default 1,000.
	MaxEntries int
	// Embedded says that this Worker signs people in itself: revoking everything ends
	// their sign-ins too.
	Embedded bool
	// EmailSubjects says that all else calls a user by the e-mail (SUBJECT_CLAIM is email), and
	// not by the id of the account.
	EmailSubjects bool
	// InvitationTTL and ResetTTL are the lives of the tokens by which users set a password.
	InvitationTTL, ResetTTL time.Duration
	// MaxMessageTTL is how long a message to a user's browsers may be kept. Default 30 days.
	MaxMessageTTL time.Duration
	// PasswordMin is the length of the shortest password, in characters.
	PasswordMin int
	// Derive hashes a password.
	Derive account.Derive
	// Claims are those of the user who asks, as the front Worker has verified them; nil for an
	// operator's request.
	Claims []byte
	// Origins are whose pages may read an answer to a user.
	Origins access.Origins
	// MaxDelegations is how many delegations a user may have, and DelegationLife how long one may
	// last. Defaults 50 and 90 days.
	MaxDelegations int
	DelegationLife time.Duration
	// Ended is for how long the store keeps what has ended: delegations and keys.
	Ended retention.Rule
	// Elsewhere says that permissions come from PERMISSIONS_URL: what is stored here
	// decides nothing, and is refused.
	Elsewhere bool
	// Links are the links of guests; nil: there are none (GUEST_SECRET). LinkMax is the longest life of
	// one, MaxGuests how many it may make. GuestLinks lets users make some (GUEST_LINKS).
	Links      link.Store
	GuestLinks bool
	LinkMax    time.Duration
	MaxGuests  int
	LinkLimits link.Limits
	// Backend is where events go (EVENTS_URL); nil: there are none.
	Backend Backend
	// Now is the clock.
	Now func() time.Time
	// Random fills b from a cryptographic source.
	Random func(b []byte)
	// Log prints one line for the operators' own log.
	Log func(line string)
}

// Objects asks a Durable Object: one of SESSIONS by the user's id, of DOCUMENTS by the
// document's. It gives up after a while.
type Objects interface {
	Call(ctx context.Context, binding, name string, text []byte) ([]byte, error)
}

// API answers the routes of openapi.json.
type API struct {
	cfg      Config
	store    Store
	accounts account.Store
	objects  Objects
	mux      *http.ServeMux
}

// New returns the handler. Any other path is answered with NOT_FOUND.
func New(cfg Config, store Store, accounts account.Store, objects Objects) *API {
	for _, d := range []struct {
		value *int
		or    int
	}{{&cfg.MaxEvents, 1000}, {&cfg.MaxWebhookBytes, 256 << 10}, {&cfg.MaxBodyBytes, 64 << 10}, {&cfg.MaxEntries, 1000},
		{&cfg.AppendEntries, 100}, {&cfg.AppendBytes, 1 << 20}, {&cfg.PageEntries, 1000}, {&cfg.PageBytes, 1 << 20}} {
		if *d.value <= 0 {
			*d.value = d.or
		}
	}
	if cfg.Window <= 0 {
		cfg.Window = signature.DefaultWindow
	}
	if cfg.InvitationTTL <= 0 {
		cfg.InvitationTTL = DefaultInvitationTTL
	}
	if cfg.MaxMessageTTL <= 0 {
		cfg.MaxMessageTTL = 30 * 24 * time.Hour
	}
	if cfg.MaxDelegations <= 0 {
		cfg.MaxDelegations = 50
	}
	if cfg.DelegationLife <= 0 {
		cfg.DelegationLife = 90 * 24 * time.Hour
	}
	if cfg.ResetTTL <= 0 {
		cfg.ResetTTL = DefaultResetTTL
	}
	if cfg.LinkMax <= 0 {
		cfg.LinkMax = DefaultLinkMax
	}
	if cfg.MaxGuests <= 0 {
		cfg.MaxGuests = DefaultMaxGuests
	}
	if cfg.LinkLimits == (link.Limits{}) {
		cfg.LinkLimits = link.Limits{PerDocument: 100, PerMaker: 100}
	}
	a := &API{cfg: cfg, store: store, accounts: accounts, objects: objects}
	a.mux = newMux(a)
	return a
}

// ServeHTTP implements http.Handler. Who asks is looked at before what they ask: a
// stranger learns neither which routes there are nor how they are used.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c, err := a.begin(r)
	if err != nil {
		rest.Fail(w, err)
		return
	}
	r = routable(r)
	found, allow := a.find(r)
	if found {
		a.mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), asking{}, c)))
		return
	}
	if c.server != nil {
		c.refuse(w, nil, access.NotForThisKey())
		return
	}
	if allow == "" {
		c.refuse(w, nil, &protocol.Error{Code: protocol.NotFound})
		return
	}
	rest.MethodNotAllowed(w, allow)
	c.log(nil, http.StatusMethodNotAllowed, nil)
}

// asking is where a request's context has who asks.
type asking struct{}

// begin finds out who asks.
func (a *API) begin(r *http.Request) (*request, *protocol.Error) {
	c := &request{API: a, ctx: r.Context(), request: r}
	if !forOperators(r) {
		return c, nil
	}
	c.by = a.cfg.Operators.Find(r.Header.Get("Authorization"))
	if c.by != "" {
		return c, nil
	}
	key := access.DocumentKey(r.Header.Get("Authorization"))
	if key == "" {
		return c, access.NotAnOperator()
	}
	return c, c.asServer(key)
}

func forOperators(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/admin/") }

// serve answers a request by its route.
func (a *API) serve(route *route, w http.ResponseWriter, r *http.Request) {
	c, _ := r.Context().Value(asking{}).(*request)
	c.request = r
	err := c.mayUse(route)
	if err == nil {
		err = c.read(route)
	}
	if err == nil {
		err = c.mayTouch()
	}
	var out answer
	if route.user {
		c.share(w)
	}
	if err == nil {
		out, err = route.do(c)
	}
	if err != nil {
		c.refuse(w, route, err)
		return
	}
	out.write(w)
	c.log(route, out.status, nil)
}

// share lets the user's page read the answer.
func (c *request) share(w http.ResponseWriter) {
	cors := c.cfg.Origins.CORS(c.request.Header.Get("Origin"), c.request.URL)
	for i := 0; i+1 < len(cors); i += 2 {
		w.Header().Set(cors[i], cors[i+1])
	}
}

func (c *request) refuse(w http.ResponseWriter, r *route, err *protocol.Error) {
	status := statusOf(err)
	rest.FailWith(w, err, status)
	c.log(r, status, err)
}

// answer is what a route says when all went well.
type answer struct {
	status int
	body   []byte
	// etag, link and lines are of content.
	etag, link string
	lines      bool
}

func ok(body []byte) answer { return answer{status: http.StatusOK, body: body} }

func created(body []byte) answer { return answer{status: http.StatusCreated, body: body} }

func (a *answer) write(w http.ResponseWriter) {
	cache := "no-store"
	if a.etag != "" {
		cache = "private, no-cache"
		w.Header().Set("ETag", a.etag)
	}
	if a.link != "" {
		w.Header().Set("Link", a.link)
	}
	if a.lines {
		rest.WriteAs(w, "application/x-ndjson", a.status, a.body, cache)
		return
	}
	rest.Write(w, a.status, a.body, cache)
}

// Reasons with a status of their own.
const (
	reasonNotJSON   = "content_type_not_json"
	reasonNotOne    = "not_exactly_one"
	reasonElsewhere = "permissions_elsewhere"
	reasonNotErased = "content_left"
	// These are of documents' objects.
	reasonVersion    = "version_changed"
	reasonGeneration = "generation_changed"
	reasonRewound    = "rewound"
	reasonSnapshot   = "snapshot_gone"
)

func statusOf(err *protocol.Error) int {
	switch err.Reason {
	case call.ReasonNoRecovery:
		return http.StatusNotImplemented
	case reasonNotJSON:
		return http.StatusUnsupportedMediaType
	case reasonElsewhere, reasonNoEvents, reasonNotErased, reasonTaken, reasonDisabled, reasonIsSubject:
		return http.StatusConflict
	case reasonVersion, reasonGeneration, reasonRewound, reasonSnapshot:
		return http.StatusPreconditionFailed
	}
	return err.Row().HTTP
}
