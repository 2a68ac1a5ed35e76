package issuer

import (
	"encoding/base64"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/signin"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// access makes an access token with seed S2's claims, in S2's order, and iss. Its jti begins
// with the id of its sign-in, by which a user's object knows all tokens of that sign-in.
func (i *Issuer) access(user User, members []Membership, row RefreshToken, ttl time.Duration, now time.Time) (string, error) {
	workspaces := []string{}
	for _, m := range members {
		workspaces = append(workspaces, m.WorkspaceID)
	}
	header := jsonscan.NewObject(nil)
	header.Str("alg", token.Algorithm)
	header.Str("typ", "JWT")
	header.Str("kid", i.cfg.Keys[0].ID)

	claims := jsonscan.NewObject(nil)
	claims.Str("user_id", user.ID)
	claims.Str("email", user.Email)
	claims.Str("name", user.Name)
	claims.Strs("workspace_ids", workspaces)
	claims.Open("permissions")
	documents, spaces := levels(members)
	claims.Strs("documents", documents)
	claims.Strs("workspaces", spaces)
	claims.Close()
	claims.Int("iat", now.Unix())
	claims.Int("exp", now.Add(i.lasts(row, ttl, now)).Unix())
	claims.Str("jti", signin.Tokens(row.Family)+i.random(16))
	claims.Str("token_type", "access")
	claims.Str("iss", i.cfg.Issuer)
	claims.Str("sub", user.ID)
	// An operator who makes an account knows whose e-mail it is. Nobody knows it of an account
	// that somebody made for themselves.
	claims.Bool("email_verified", !user.Unverified)
	if len(i.cfg.Audience) > 0 {
		claims.Strs("aud", i.cfg.Audience)
	}

	input := base64.RawURLEncoding.AppendEncode(nil, header.End())
	input = append(input, '.')
	input = base64.RawURLEncoding.AppendEncode(input, claims.End())
	signature, err := i.crypto.Sign(input)
	if err != nil {
		return "", err
	}
	return string(base64.RawURLEncoding.AppendEncode(append(input, '.'), signature)), nil
}

// lasts returns how long an access token lives: at most as long as its sign-in.
func (i *Issuer) lasts(row RefreshToken, ttl time.Duration, now time.Time) time.Duration {
	return min(ttl, i.end(row).Sub(now).Truncate(time.Second))
}

// levels summarises what the roles allow somewhere. It is a hint for a page's buttons: each
// document decides by its own rows.
func levels(members []Membership) (documents, workspaces []string) {
	var most, spaces permission.Set
	for _, m := range members {
		role := permission.WorkspaceRole(m.Role)
		most |= role.DocumentRole().Levels()
		switch role {
		case permission.Owner, permission.AdminRole:
			spaces |= permission.Read | permission.Write | permission.Admin
		case permission.MemberRole, permission.ViewerRole:
			spaces |= permission.Read
		}
	}
	return most.Names(), spaces.Names()
}
