package call

import (
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
)

// Claims is what a verified token says of its holder.
type Claims struct {
	UserID, Email, Name string
	TokenID             string
	IssuedAt, Expires   Moment
}

func (c *Claims) fields(f *fields) {
	f.str("user_id", &c.UserID)
	f.str("email", &c.Email)
	f.str("name", &c.Name)
	f.str("jti", &c.TokenID)
	f.seconds("iat", &c.IssuedAt)
	f.seconds("exp", &c.Expires)
}

// Append appends the claims as an object.
func (c *Claims) Append(dst []byte) []byte { return object(dst, c.fields, false) }

// ParseClaims reads the claims; false when they name nobody.
func ParseClaims(raw []byte) (c Claims, ok bool) {
	ok = read(raw, c.fields)
	return c, ok && c.UserID != ""
}

// Grant is what a user's object lets the user do on a document. The document believes it.
type Grant struct {
	UserID, Name      string
	SessionID         string
	Document          string
	WorkspaceID, Role string
	Permissions       permission.Set
	Epoch             uint64
	Locked            bool
	// AccessAt is when the permission source was asked, and Access the document's access
	// version that was known then.
	AccessAt Moment
	Access   uint64
	// Expires, IssuedAt and TokenID are the token's.
	Expires, IssuedAt Moment
	TokenID           string
	AdmittedAt        Moment
	// Share is how much of the document's limits is this user's, in thousandths; 0 is all.
	Share int
	// Withheld is what of Permissions a delegate does not have, and MadeAt its IssuedAt to the
	// millisecond. Only KindAdmitDelegate is answered with either.
	Withheld permission.Set
	MadeAt   Moment
	next
}

func (g *Grant) fields(f *fields) {
	f.str("user_id", &g.UserID)
	f.str("name", &g.Name)
	f.str("session_id", &g.SessionID)
	f.str("document", &g.Document)
	f.str("workspace_id", &g.WorkspaceID)
	f.str("role", &g.Role)
	f.levels("permissions", &g.Permissions)
	f.uint("epoch", &g.Epoch)
	f.flag("locked", &g.Locked)
	f.millis("access_at", &g.AccessAt)
	f.uint("access", &g.Access)
	f.seconds("exp", &g.Expires)
	f.seconds("iat", &g.IssuedAt)
	f.str("jti", &g.TokenID)
	f.millis("admitted_at", &g.AdmittedAt)
	f.count("share", &g.Share)
	f.levels("withheld", &g.Withheld)
	f.millis("made_at", &g.MadeAt)
	g.next.fields(f)
}

// Append appends the grant as an object.
func (g *Grant) Append(dst []byte) []byte { return object(dst, g.fields, false) }

// ParseGrant reads a grant; false when it grants nothing to anybody.
func ParseGrant(raw []byte) (*Grant, bool) {
	g := &Grant{}
	ok := read(raw, g.fields)
	g.Share = min(g.Share, 1000)
	return g, ok && g.UserID != "" && g.SessionID != "" && g.next.passed()
}

// Grantee is whom a grant is for, and on which document.
func Grantee(raw []byte) (userID, document string) {
	userID, _ = jsonscan.Str(jsonscan.Field(raw, "user_id"))
	document, _ = jsonscan.Str(jsonscan.Field(raw, "document"))
	return userID, document
}

// levels are permissions, by their names.
func (f *fields) levels(name string, v *permission.Set) {
	switch {
	case f.writes(*v == 0):
		f.w.Strs(name, v.Names())
	case f.at(name):
		names, _ := jsonscan.Strs(f.value)
		*v = permission.ParseSet(names)
	}
}
