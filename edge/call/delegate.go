package call

import "github.com/holdfast-dev/holdfast/shared/permission"

var (
	// KindAdmitDelegate asks for a grant for a program that acts for the user: AdmitDelegate. Version
	// 2, which could not withhold anything from it, must not take it for the user.
	KindAdmitDelegate = Kind{Sessions, "admit_delegate", "grant"}
	// KindMay asks what a token lets its user do, and begins nothing: May.
	KindMay = Kind{Sessions, "may", "grant"}
	// KindConnectDelegate is KindConnectDocument for such a program, for the same reason.
	KindConnectDelegate = Kind{Documents, "connect_delegate", ""}
)

// AdmitDelegate asks for a grant by a delegation whose key was found good. It is answered with the
// Grant, or with an error.
type AdmitDelegate struct {
	Document, UserID string
	// Delegation is its id, and Name what the program is called.
	Delegation, Name string
	// Withheld is what the user may do and the program may not.
	Withheld permission.Set
	// IssuedAt is when that was issued by which the delegation was made: it falls with it.
	IssuedAt, Expires Moment
	// GoneAt, Access and Again are those of Admit.
	GoneAt Moment
	Access uint64
	Again  bool
}

// Message is the request as it is sent.
func (r *AdmitDelegate) Message() Message { return message(&KindAdmitDelegate, r.fields) }

func (r *AdmitDelegate) fields(f *fields) {
	f.str("document", &r.Document)
	f.str("user_id", &r.UserID)
	f.str("delegation", &r.Delegation)
	f.str("name", &r.Name)
	f.levels("withheld", &r.Withheld)
	f.millis("issued_at", &r.IssuedAt)
	f.millis("expires", &r.Expires)
	f.millis("gone_at", &r.GoneAt)
	f.uint("access", &r.Access)
	f.flag("again", &r.Again)
}

func (r *AdmitDelegate) valid() bool {
	return r.Document != "" && r.UserID != "" && r.Delegation != "" && r.Expires != 0
}

// May asks what a token lets its user do on a document; without a document, whether it counts at
// all. It is answered with the user_id and the permissions of a Grant, or with an error.
type May struct {
	Document string
	// Claims are the token's: see ParseClaims.
	Claims []byte
}

// Message is the request as it is sent.
func (r *May) Message() Message { return message(&KindMay, r.fields) }

func (r *May) fields(f *fields) {
	f.str("document", &r.Document)
	f.raw("claims", &r.Claims)
}

func (r *May) valid() bool {
	_, ok := ParseClaims(r.Claims)
	return ok
}
