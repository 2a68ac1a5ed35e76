package client

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// fakeStore is what the browser keeps of a user, as web/src/offline.ts does: it outlives the
// tabs. What a tab asks of it is done in that tab's order, later, or not at all when the
// browser is closed before.
type fakeStore struct {
	records []storedOp
	marks   map[string]uint64
	unsent  map[string]bool
	n       uint64
	key     int // another one after each sign-out: what was begun before is refused
	full    bool
	waiting []storeCall
}

type storedOp struct {
	n      uint64
	id     string
	record []byte
}

type storeCall struct {
	tab *fakeTab
	key int
	e   Effect
}

// ask has the store do something for a tab.
func (w *world) ask(t *fakeTab, e Effect) {
	s := &w.store
	s.waiting = append(s.waiting, storeCall{t, t.key, e})
	if !w.lag {
		w.work(len(s.waiting) - 1)
	}
}

// work carries out one call, and answers the tab.
func (w *world) work(at int) {
	s := &w.store
	call := s.waiting[at]
	s.waiting = slices.Delete(s.waiting, at, at+1)
	old := call.key != s.key
	switch e := call.e.(type) {
	case Keep:
		if old || s.full {
			w.later(call.tab, KeepFailed{IDs: []string{e.ID}})
		} else if s.at(e.ID) < 0 {
			s.n++
			s.records = append(s.records, storedOp{s.n, e.ID, slices.Clone(e.Record)})
			s.unsent[e.ID] = e.Unsent
			if w.onKept != nil {
				w.onKept(e.ID)
			}
			w.later(call.tab, Kept{IDs: []string{e.ID}})
		}
	case Mark:
		var before []string
		for _, id := range e.IDs {
			if mark := s.marks[id]; s.at(id) >= 0 && !s.unsent[id] && !old {
				before = append(before, fmt.Sprintf(`{"id":%q,"mark":%d}`, id, mark))
			} else if !old && !s.full {
				s.marks[id] = e.Version
			}
			delete(s.unsent, id)
		}
		w.later(call.tab, Marked{Before: []byte("[" + strings.Join(before, ",") + "]")})
	case Forget:
		for _, id := range e.IDs {
			if i := s.at(id); i >= 0 && !old {
				s.records = slices.Delete(s.records, i, i+1)
			}
			delete(s.marks, id)
			delete(s.unsent, id)
		}
	case LoadKept:
		w.later(call.tab, s.load(e.After, old))
	case EraseKept:
		if !old {
			s.records, s.marks, s.unsent = nil, map[string]uint64{}, map[string]bool{}
			s.key++
			if w.onErased != nil {
				w.onErased()
			}
		}
	}
}

func (s *fakeStore) at(id string) int {
	return slices.IndexFunc(s.records, func(r storedOp) bool { return r.id == id })
}

// load returns a page of three.
func (s *fakeStore) load(after uint64, old bool) KeptLoaded {
	if old {
		return KeptLoaded{}
	}
	b := bytes.NewBufferString("[")
	n := 0
	for _, r := range s.records {
		if r.n > after && n < 3 {
			if n++; n > 1 {
				b.WriteByte(',')
			}
			fmt.Fprintf(b, `{"n":%d,"unsent":%t,"record":%s`, r.n, s.unsent[r.id], r.record)
			if v, ok := s.marks[r.id]; ok {
				fmt.Fprintf(b, `,"mark":%d`, v)
			}
			b.WriteByte('}')
		}
	}
	b.WriteByte(']')
	return KeptLoaded{Records: b.Bytes(), Last: s.n}
}

// first is the oldest call of some tab.
func (s *fakeStore) first(t *fakeTab) int {
	return slices.IndexFunc(s.waiting, func(c storeCall) bool { return c.tab == t })
}

// abandon is what becomes of a tab's calls when it is gone: the first few are done.
func (w *world) abandon(t *fakeTab, done int) {
	for ; done > 0 && w.store.first(t) >= 0; done-- {
		w.work(w.store.first(t))
	}
	w.store.waiting = slices.DeleteFunc(w.store.waiting, func(c storeCall) bool { return c.tab == t })
}
