package admin

import (
	"context"
	"time"
)

// App is a program that may be attached to a user's session.
type App struct {
	Package, Name, WebhookURL string
	// Secret signs the calls of its webhook. It is written, and never read here.
	Secret    string
	CreatedAt time.Time
}

// AppKey is one of the keys an app shows when it connects.
type AppKey struct {
	ID, Package string
	// Hash is the SHA-256 of the whole key, in hexadecimal. It is written, and never
	// read here.
	Hash      string
	CreatedAt time.Time
	// RevokedAt is the zero time for one that is good.
	RevokedAt time.Time
}

// AppStore is the tables of apps. Each method is one statement.
type AppStore interface {
	// Apps are the apps whose package comes after one, in order, at most max.
	Apps(ctx context.Context, after string, max int) ([]App, error)
	// App returns an app without its secret.
	App(ctx context.Context, name string) (App, error)
	// PutApp stores an app. One that is there keeps its secret and its moment; made is
	// false for it. Of two who make the same one at once exactly one has made it.
	PutApp(ctx context.Context, app App) (made bool, err error)
	// SetAppSecret replaces an app's secret; ErrNotFound: no such app.
	SetAppSecret(ctx context.Context, name, secret string) error
	// DeleteApp removes an app and its keys; false: there was none.
	DeleteApp(ctx context.Context, name string) (bool, error)
	// AppKeys are an app's keys without their hashes, the good ones first, then the
	// newest, at most max.
	AppKeys(ctx context.Context, name string, max int) ([]AppKey, error)
	// AddAppKey stores a key, unless its app has max good ones already or is not there:
	// then it is false.
	AddAppKey(ctx context.Context, key AppKey, max int) (bool, error)
	// RevokeAppKey marks a key of an app's as revoked; one that is keeps its moment.
	// ErrNotFound: the app has no such key.
	RevokeAppKey(ctx context.Context, name, key string, now time.Time) error
	// AppUsers are the users with a connection that was let in by a key of the app's;
	// without a key, by any that is gone. They come in order, those after one, at most max.
	AppUsers(ctx context.Context, name, key, after string, max int) ([]string, error)
	// ForgetAppSessions removes those connections of these users.
	ForgetAppSessions(ctx context.Context, name, key string, users []string) error
}
