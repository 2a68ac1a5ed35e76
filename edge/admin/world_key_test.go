package admin

import (
	"context"
	"slices"
	"strings"
	"time"
)

func (w *world) FindDocumentKey(_ context.Context, hash string) (DocumentKey, error) {
	if err := w.enter("find a key", "FindDocumentKey"); err != nil {
		return DocumentKey{}, err
	}
	w.did = w.did[:len(w.did)-1]
	for _, k := range w.keys {
		if k.Hash == hash {
			return k, nil
		}
	}
	return DocumentKey{}, ErrNotFound
}

func (w *world) DocumentKeys(_ context.Context, p Page) (keys []DocumentKey, err error) {
	for _, k := range w.keys {
		if k.ID > p.After {
			k.Hash = ""
			keys = append(keys, k)
		}
	}
	slices.SortFunc(keys, func(a, b DocumentKey) int { return strings.Compare(a.ID, b.ID) })
	return keys[:min(len(keys), p.Limit)], w.enter("list keys", "DocumentKeys")
}

func (w *world) AddDocumentKey(_ context.Context, key DocumentKey, max int) (bool, error) {
	if err := w.enter("add key "+key.Name, "AddDocumentKey"); err != nil {
		return false, err
	}
	valid := 0
	for _, k := range w.keys {
		if k.RevokedAt.IsZero() && (k.Expires.IsZero() || k.Expires.After(start)) {
			valid++
		}
	}
	if valid >= max {
		return false, nil
	}
	w.keys = append(w.keys, key)
	return true, nil
}

func (w *world) RevokeDocumentKey(_ context.Context, id string, now time.Time) error {
	if err := w.enter("revoke key "+id, "RevokeDocumentKey"); err != nil {
		return err
	}
	for i := range w.keys {
		if w.keys[i].ID == id {
			if w.keys[i].RevokedAt.IsZero() {
				w.keys[i].RevokedAt = now
			}
			return nil
		}
	}
	return ErrNotFound
}

func (w *world) ForgetDocumentKeys(_ context.Context, ended time.Time) error {
	return w.enter("ForgetDocumentKeys before "+ended.Format(time.RFC3339), "ForgetDocumentKeys")
}
