package protocol

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// TokenRefresh replaces the token of a live connection.
type TokenRefresh struct{ Token string }

// Append appends the payload as JSON.
func (p TokenRefresh) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("token", p.Token)
	return w.End()
}

// ParseTokenRefresh reads the data of a token_refresh. It refuses a token that is empty
// or longer than TokenBytes.
func ParseTokenRefresh(data []byte) (TokenRefresh, bool) {
	m := read(data)
	p := TokenRefresh{m.str("token")}
	if !m.ok || p.Token == "" || len(p.Token) > TokenBytes {
		return TokenRefresh{}, false
	}
	return p, true
}

// TokenRefreshed says that the new token is in force.
type TokenRefreshed struct {
	ExpiresAt time.Time
	// ExpiresIn is in seconds on the wire.
	ExpiresIn  time.Duration
	PermEpoch  uint64
	ServerTime time.Time
}

// Append appends the payload as JSON.
func (p TokenRefreshed) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	optTime(&w, "expires_at", p.ExpiresAt)
	whole(&w, "expires_in", p.ExpiresIn, time.Second)
	w.Uint("perm_epoch", p.PermEpoch)
	optTime(&w, "server_time", p.ServerTime)
	return w.End()
}

// ParseTokenRefreshed reads the data of a token_refreshed.
func ParseTokenRefreshed(data []byte) (TokenRefreshed, bool) {
	m := read(data)
	p := TokenRefreshed{
		ExpiresAt:  m.time("expires_at"),
		ExpiresIn:  m.seconds("expires_in"),
		PermEpoch:  m.num("perm_epoch"),
		ServerTime: m.time("server_time"),
	}
	return p, m.ok
}

// TokenRefreshRequired asks the client for a fresh token (seed S2).
type TokenRefreshRequired struct {
	Reason string
	// ExpiresIn is in seconds on the wire.
	ExpiresIn time.Duration
}

// Append appends the payload as JSON.
func (p TokenRefreshRequired) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("reason", p.Reason)
	whole(&w, "expires_in", p.ExpiresIn, time.Second)
	return w.End()
}

// ParseTokenRefreshRequired reads the data of a token_refresh_required.
func ParseTokenRefreshRequired(data []byte) (TokenRefreshRequired, bool) {
	m := read(data)
	p := TokenRefreshRequired{Reason: m.str("reason"), ExpiresIn: m.seconds("expires_in")}
	return p, m.ok
}

// PermissionChange says what the user may do from now on (seed S2).
type PermissionChange struct {
	Permissions, Removed []string
	Reason               string
	EffectiveAt          time.Time
	PermEpoch            uint64
}

// Append appends the payload as JSON.
func (p PermissionChange) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Strs("permissions", p.Permissions)
	w.Strs("removed", p.Removed)
	w.Str("reason", p.Reason)
	optTime(&w, "effective_at", p.EffectiveAt)
	w.Uint("perm_epoch", p.PermEpoch)
	return w.End()
}

// ParsePermissionChange reads the data of a permission_change.
func ParsePermissionChange(data []byte) (PermissionChange, bool) {
	m := read(data)
	m.need("permissions")
	p := PermissionChange{
		Permissions: m.strs("permissions"),
		Removed:     m.strs("removed"),
		Reason:      m.str("reason"),
		EffectiveAt: m.time("effective_at"),
		PermEpoch:   m.num("perm_epoch"),
	}
	return p, m.ok
}
