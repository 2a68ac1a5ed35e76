package admin

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// webhookBytes is the longest address of a webhook.
	webhookBytes = 2048
	// maxApps is how many apps one answer holds at most, and defaultApps how many when
	// nobody says.
	maxApps     = 1000
	defaultApps = 100
	// maxKeysShown is how many of an app's keys are shown: all the good ones, and of the
	// revoked the newest.
	maxKeysShown = 100
)

// listApps answers with apps in the order of their packages, those after one.
func listApps(c *request) (answer, *protocol.Error) {
	after, err := c.query("after")
	if err != nil || after != "" && !protocol.PackageName(after) {
		return answer{}, rest.BadField("after")
	}
	limit, err := c.count("limit", maxApps, defaultApps)
	if err != nil {
		return answer{}, err
	}
	apps, failed := c.store.Apps(c.ctx, after, limit+1)
	if failed != nil {
		return answer{}, storeError(failed, noApp)
	}
	w := jsonscan.NewObject(nil)
	w.Array("apps")
	for _, app := range apps[:min(len(apps), limit)] {
		w.OpenItem()
		app.append(&w)
		w.Close()
	}
	w.CloseArray()
	w.Bool("more", len(apps) > limit)
	return ok(w.End()), nil
}

// getApp says what is stored of an app, and which keys it has: their ids, and never a key.
func getApp(c *request) (answer, *protocol.Error) {
	app, err := c.store.App(c.ctx, c.app)
	if err != nil {
		return answer{}, storeError(err, noApp)
	}
	keys, err := c.store.AppKeys(c.ctx, c.app, maxKeysShown)
	if err != nil {
		return answer{}, storeError(err, noApp)
	}
	w := jsonscan.NewObject(nil)
	app.append(&w)
	w.Array("keys")
	for _, key := range keys {
		w.OpenItem()
		w.Str("id", key.ID)
		w.Time("created_at", key.CreatedAt)
		if !key.RevokedAt.IsZero() {
			w.Time("revoked_at", key.RevokedAt)
		}
		w.Close()
	}
	w.CloseArray()
	return ok(w.End()), nil
}

func (a App) append(w *jsonscan.Writer) {
	w.Str("package", a.Package)
	w.Str("name", a.Name)
	w.Str("webhook_url", a.WebhookURL)
	w.Time("created_at", a.CreatedAt)
}

// putApp stores an app. Sessions read it whenever they start one, so no object is
// notified. The answer shows the secret once, when the app is made.
func putApp(c *request) (answer, *protocol.Error) {
	app := App{Package: c.app, Secret: c.secret(), CreatedAt: c.cfg.Now()}
	var err *protocol.Error
	if app.Name, err = c.text("name", titleBytes); err != nil {
		return answer{}, err
	}
	if app.WebhookURL, err = c.text("webhook_url", webhookBytes); err != nil || !isWebhook(app.WebhookURL) {
		return answer{}, rest.BadField("webhook_url")
	}
	made, failed := c.store.PutApp(c.ctx, app)
	if failed != nil {
		return answer{}, storeError(failed, noApp)
	}
	w := jsonscan.NewObject(nil)
	w.Str("package", app.Package)
	w.Str("name", app.Name)
	w.Str("webhook_url", app.WebhookURL)
	if !made {
		return ok(w.End()), nil
	}
	w.Str("webhook_secret", app.Secret)
	return created(w.End()), nil
}

// replaceAppSecret gives an app another secret, which only this answer shows. The one before signs
// nothing from now on.
func replaceAppSecret(c *request) (answer, *protocol.Error) {
	secret := c.secret()
	if err := c.store.SetAppSecret(c.ctx, c.app, secret); err != nil {
		return answer{}, storeError(err, noApp)
	}
	w := jsonscan.NewObject(nil)
	w.Str("webhook_secret", secret)
	return ok(w.End()), nil
}

func (c *request) secret() string { return "whs_" + c.random(32) }

// isWebhook reports whether apps may be called there: over https, and on the machine
// itself, where they are developed, also over http. The address stands in answers, so it
// holds no password; a fragment would never be sent.
func isWebhook(address string) bool {
	u, err := url.Parse(address)
	// A backslash is a slash to fetch, which is what will read it then.
	if err != nil || !protocol.Identifier(address, webhookBytes) || strings.ContainsAny(address, `#\`) ||
		u.User != nil || u.Hostname() == "" {
		return false
	}
	if port, bad := strconv.Atoi(u.Port()); u.Port() != "" && (bad != nil || port < 1 || port > 65535) {
		return false
	}
	switch u.Hostname() {
	case "localhost", "127.0.0.1", "::1":
		return u.Scheme == "https" || u.Scheme == "http"
	}
	return u.Scheme == "https"
}

func noApp() *protocol.Error {
	return &protocol.Error{Code: protocol.NotFound, Reason: "app_not_found", Message: "There is no such app."}
}
