package admin

import (
	"context"
	"time"
)

// App is a program that may join a user's session.
type App struct {
	Package, Name, WebhookURL string
	// Secret signs the calls of its webhook. Only PutApp and SetAppSecret use it; no method returns it.
	Secret    string
	CreatedAt time.Time
}

// AppKey is one of the keys that an app connects with.
type AppKey struct {
	ID, Package string
	// Hash is the SHA-256 of the whole key, in hexadecimal. Only AddAppKey uses it; no
	// method returns it.
	Hash      string
	CreatedAt time.Time
	// RevokedAt is zero for a valid key.
	RevokedAt time.Time
}

// AppStore holds the tables of apps. Each method is one statement.
type AppStore interface {
	// Apps returns the apps whose package sorts after one, in order, at most max.
	Apps(ctx context.Context, after string, max int) ([]App, error)
	// App returns an app without its secret.
	App(ctx context.Context, name string) (App, error)
	// PutApp stores an app. An existing app keeps its secret and its time, and made is false.
	// Of two operators who make the same app at once exactly one gets true.
	PutApp(ctx context.Context, app App) (made bool, err error)
	// SetAppSecret replaces an app's secret. ErrNotFound: there is no such app.
	SetAppSecret(ctx context.Context, name, secret string) error
	// DeleteApp removes an app and its keys, and returns false if there was none.
	DeleteApp(ctx context.Context, name string) (bool, error)
	// AppKeys returns the keys of an app without their hashes, the valid ones first, then the
	// newest, at most max.
	AppKeys(ctx context.Context, name string, max int) ([]AppKey, error)
	// AddAppKey stores a key. It returns false if the app has max valid keys already or does
	// not exist.
	AddAppKey(ctx context.Context, key AppKey, max int) (bool, error)
	// ForgetAppKeys removes some of those that were revoked before a moment, and by which no connection
	// was admitted that may be open.
	ForgetAppKeys(ctx context.Context, revoked time.Time) error
	// RevokeAppKey marks a key of an app as revoked; a revoked key keeps its time.
	// ErrNotFound: the app has no such key.
	RevokeAppKey(ctx context.Context, name, key string, now time.Time) error
	// AppUsers returns the users with a connection that a key of the app admitted; without a
	// key, that any removed key admitted. It returns those after one, in order, at most max.
	AppUsers(ctx context.Context, name, key, after string, max int) ([]string, error)
	// ForgetAppSessions removes these connections of these users.
	ForgetAppSessions(ctx context.Context, name, key string, users []string) error
}
