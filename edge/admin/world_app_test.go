package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// appTables are the tables of apps, with the conditions of the statements of SQLStore.
type appTables struct {
	apps     []App
	keys     []AppKey
	sessions []appSession
}

type appSession struct{ app, user, key string }

// attach is what a session object does before it lets an app in.
func (w *world) attach(app, user, key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	good := slices.ContainsFunc(w.apps.keys, func(k AppKey) bool { return k.ID == key && k.Package == app && k.RevokedAt.IsZero() })
	if good {
		w.apps.sessions = append(w.apps.sessions, appSession{app, user, key})
	}
	return good
}

// noAppSecrets looks for what may be said once, to whoever made it: not in the log, not in
// an error, and never a hash.
func (w *world) noAppSecrets(a reply) {
	w.t.Helper()
	said := strings.Join(w.lines, "")
	if a.status != 200 && a.status != 201 {
		said += a.text
	}
	for _, hidden := range []string{"hfa_", "whs_"} {
		if strings.Contains(said, hidden) {
			w.t.Errorf("a secret is in an error or in the log: %.300s %s", a.text, w.lines)
		}
	}
	for _, k := range w.apps.keys {
		if strings.Contains(a.text+said, k.Hash) {
			w.t.Errorf("a hash is in the answer or in the log: %.300s %s", a.text, w.lines)
		}
	}
}

// fails is how a statement fails that quotes what was bound to it.
func (w *world) fails(name, bound string) error {
	if w.down[name] {
		return fmt.Errorf("%w, and %s", errDown, bound)
	}
	return nil
}

func (w *world) app(name string) int {
	return slices.IndexFunc(w.apps.apps, func(a App) bool { return a.Package == name })
}

func (w *world) Apps(_ context.Context, after string, max int) (apps []App, err error) {
	for _, a := range w.apps.apps {
		if a.Package > after {
			a.Secret = ""
			apps = append(apps, a)
		}
	}
	slices.SortFunc(apps, func(a, b App) int { return strings.Compare(a.Package, b.Package) })
	return apps[:min(len(apps), max)], w.fails("Apps", after)
}

func (w *world) App(_ context.Context, name string) (App, error) {
	if err := w.fails("App", name); err != nil {
		return App{}, err
	}
	i := w.app(name)
	if i < 0 {
		return App{}, ErrNotFound
	}
	a := w.apps.apps[i]
	a.Secret = ""
	return a, nil
}

func (w *world) PutApp(_ context.Context, a App) (bool, error) {
	if err := w.fails("PutApp", a.Secret); err != nil {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.did = append(w.did, "app "+a.Package+" "+a.Name+" "+a.WebhookURL)
	if i := w.app(a.Package); i >= 0 {
		w.apps.apps[i].Name, w.apps.apps[i].WebhookURL = a.Name, a.WebhookURL
		return false, nil
	}
	w.apps.apps = append(w.apps.apps, a)
	return true, nil
}

func (w *world) SetAppSecret(_ context.Context, name, secret string) error {
	if err := w.fails("SetAppSecret", secret); err != nil {
		return err
	}
	i := w.app(name)
	if i < 0 {
		return ErrNotFound
	}
	w.apps.apps[i].Secret = secret
	return w.enter("secret of "+name, "")
}

func (w *world) DeleteApp(_ context.Context, name string) (bool, error) {
	if err := w.enter("delete app "+name, "DeleteApp"); err != nil {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	i := w.app(name)
	if i >= 0 {
		w.apps.apps = slices.Delete(w.apps.apps, i, i+1)
	}
	w.apps.keys = slices.DeleteFunc(w.apps.keys, func(k AppKey) bool { return k.Package == name })
	return i >= 0, nil
}

func (w *world) AppKeys(_ context.Context, name string, max int) (keys []AppKey, err error) {
	for _, k := range w.apps.keys {
		if k.Package == name {
			k.Hash = ""
			keys = append(keys, k)
		}
	}
	return keys[:min(len(keys), max)], w.fails("AppKeys", name)
}

func (w *world) AddAppKey(_ context.Context, key AppKey, max int) (bool, error) {
	if err := w.fails("AddAppKey", key.Hash); err != nil {
		return false, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	good := 0
	for _, k := range w.apps.keys {
		if k.Package == key.Package && k.RevokedAt.IsZero() {
			good++
		}
	}
	if w.app(key.Package) < 0 || good >= max {
		return false, nil
	}
	w.apps.keys = append(w.apps.keys, key)
	return true, nil
}

func (w *world) RevokeAppKey(_ context.Context, name, key string, now time.Time) error {
	if err := w.enter("revoke "+name+" "+key, "RevokeAppKey"); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := range w.apps.keys {
		if k := &w.apps.keys[i]; k.ID == key && k.Package == name {
			if k.RevokedAt.IsZero() {
				k.RevokedAt = now
			}
			return nil
		}
	}
	return ErrNotFound
}

// of says whether a connection was let in by a key, or without one, by any that is gone.
func (w *world) of(s appSession, name, key string) bool {
	if key != "" {
		return s.key == key
	}
	return s.app == name && !slices.ContainsFunc(w.apps.keys, func(k AppKey) bool { return k.ID == s.key })
}

func (w *world) AppUsers(_ context.Context, name, key, after string, max int) (users []string, err error) {
	if err := w.enter("users of "+name+" "+key, "AppUsers"); err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.apps.sessions {
		if w.of(s, name, key) && s.user > after && !slices.Contains(users, s.user) {
			users = append(users, s.user)
		}
	}
	slices.Sort(users)
	return users[:min(len(users), max)], nil
}

func (w *world) ForgetAppSessions(_ context.Context, name, key string, users []string) error {
	if err := w.enter("forget "+name+" "+key+" "+strings.Join(users, ","), "ForgetAppSessions"); err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.apps.sessions = slices.DeleteFunc(w.apps.sessions, func(s appSession) bool {
		return w.of(s, name, key) && slices.Contains(users, s.user)
	})
	return nil
}

func (w *world) ForgetAppKeys(_ context.Context, ended time.Time) error {
	return w.enter("ForgetAppKeys before "+ended.Format(time.RFC3339), "ForgetAppKeys")
}
