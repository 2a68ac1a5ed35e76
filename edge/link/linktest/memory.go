// Package linktest has a store of links in memory, for tests.
package linktest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Memory is a link.Store. Down makes each of its methods fail. edge/e2e tests the true one.
type Memory struct {
	Down    bool
	Rows    []link.Link
	Guested []Made
}

// Made is a guest's row.
type Made struct {
	Link, Number string
	Until        time.Time
	Ended        bool
}

var errDown = errors.New("linktest: the store is down")

func (m *Memory) at(id string) (*link.Link, error) {
	if m.Down {
		return nil, errDown
	}
	for i := range m.Rows {
		if m.Rows[i].ID == id {
			return &m.Rows[i], nil
		}
	}
	return nil, link.ErrNotFound
}

func good(l *link.Link, now time.Time) bool { return l.RevokedAt.IsZero() && now.Before(l.ExpiresAt) }

// Add implements link.Store.
func (m *Memory) Add(_ context.Context, l link.Link, max link.Limits, known bool) (bool, error) {
	if m.Down {
		return false, errDown
	}
	if known && l.Document == "nowhere" {
		return false, link.ErrNotFound
	}
	n := 0
	for i := range m.Rows {
		if m.Rows[i].Document == l.Document && good(&m.Rows[i], l.CreatedAt) {
			n++
		}
	}
	if n >= max.PerDocument {
		return false, nil
	}
	m.Rows = append(m.Rows, l)
	return true, nil
}

// Link implements link.Store.
func (m *Memory) Link(_ context.Context, id string) (link.Link, error) {
	l, err := m.at(id)
	if err != nil {
		return link.Link{}, err
	}
	return m.counted(*l), nil
}

func (m *Memory) counted(l link.Link) link.Link {
	for _, g := range m.Guested {
		if g.Link == l.ID {
			l.Used++
		}
	}
	return l
}

// Links implements link.Store.
func (m *Memory) Links(_ context.Context, document, after string, max int) (list []link.Link, err error) {
	if m.Down {
		return nil, errDown
	}
	for _, l := range m.Rows {
		if l.Document == document && l.ID > after {
			list = append(list, m.counted(l))
		}
	}
	slices.SortFunc(list, func(a, b link.Link) int { return strings.Compare(a.ID, b.ID) })
	return list[:min(max, len(list))], nil
}

// SetRole implements link.Store.
func (m *Memory) SetRole(_ context.Context, document, id, role string, now time.Time) error {
	l, err := m.at(id)
	switch {
	case err != nil:
		return err
	case l.Document != document || !good(l, now):
		return link.ErrNotFound
	}
	l.Role = role
	return nil
}

// Revoke implements link.Store.
func (m *Memory) Revoke(_ context.Context, document, id string, now time.Time) error {
	l, err := m.at(id)
	switch {
	case err != nil:
		return err
	case l.Document != document:
		return link.ErrNotFound
	case l.RevokedAt.IsZero():
		l.RevokedAt = now
	}
	return nil
}

func (m *Memory) pass(id, hash string, until, now time.Time) (*link.Link, link.Pass, error) {
	l, err := m.at(id)
	if err == link.ErrNotFound || err == nil && (l.Hash != hash || !good(l, now)) {
		return nil, link.Pass{}, nil
	}
	if err != nil {
		return nil, link.Pass{}, err
	}
	if l.ExpiresAt.Before(until) {
		until = l.ExpiresAt
	}
	return l, link.Pass{Document: l.Document, Role: l.Role, Until: until, Ends: l.ExpiresAt}, nil
}

// Made implements link.Store.
func (m *Memory) Made(_ context.Context, id, hash, number string, until, now time.Time) (link.Pass, bool, error) {
	l, p, err := m.pass(id, hash, until, now)
	if l == nil || m.counted(*l).Used >= l.Uses {
		return link.Pass{}, false, err
	}
	m.Guested = append(m.Guested, Made{id, number, p.Until, false})
	return p, true, nil
}

func (m *Memory) guest(id, number string) *Made {
	for i := range m.Guested {
		if g := &m.Guested[i]; g.Link == id && g.Number == number {
			return g
		}
	}
	return nil
}

// Renewed implements link.Store.
func (m *Memory) Renewed(_ context.Context, id, hash, number string, until, now time.Time) (link.Pass, bool, error) {
	l, p, err := m.pass(id, hash, until, now)
	g := m.guest(id, number)
	if l == nil || g == nil || g.Ended {
		return link.Pass{}, false, err
	}
	g.Until = p.Until
	return p, true, nil
}

// Ended implements link.Store.
func (m *Memory) Ended(_ context.Context, id, number string) (bool, error) {
	g := m.guest(id, number)
	switch {
	case m.Down:
		return false, errDown
	case g == nil:
		return false, link.ErrNotFound
	}
	return g.Ended, nil
}

// Guests implements link.Store.
func (m *Memory) Guests(_ context.Context, id, after string, now time.Time, max int) (list []string, err error) {
	if m.Down {
		return nil, errDown
	}
	for _, g := range m.Guested {
		if g.Link == id && g.Number > after && !g.Ended && g.Until.After(now.Add(-time.Minute)) {
			list = append(list, g.Number)
		}
	}
	slices.Sort(list)
	return list[:min(max, len(list))], nil
}

// End implements link.Store.
func (m *Memory) End(_ context.Context, id, number, upTo string) error {
	if m.Down {
		return errDown
	}
	for i := range m.Guested {
		if g := &m.Guested[i]; g.Link == id && (g.Number == number || number == "" && g.Number <= upTo) {
			g.Ended = true
		}
	}
	return nil
}

// GuestsUnder implements link.Store.
func (m *Memory) GuestsUnder(_ context.Context, maker, document string, now time.Time, max int) (list []link.Guest, err error) {
	if m.Down {
		return nil, errDown
	}
	for i := range m.Rows {
		for _, g := range m.Guested {
			if l := &m.Rows[i]; l.ID == g.Link && l.Maker == maker && maker != "" && good(l, now) && (document == "" || document == l.Document) && !g.Ended {
				list = append(list, link.Guest{UserID: protocol.GuestID(l.ID, g.Number), Document: l.Document})
			}
		}
	}
	return list[:min(max, len(list))], nil
}

// RevokeMade implements link.Store.
func (m *Memory) RevokeMade(_ context.Context, maker string, now time.Time) error {
	if m.Down {
		return errDown
	}
	for i := range m.Rows {
		if l := &m.Rows[i]; l.Maker == maker && l.RevokedAt.IsZero() {
			l.RevokedAt = now
		}
	}
	return nil
}

// LinksUnder implements link.Store.
func (m *Memory) LinksUnder(ctx context.Context, maker string, now time.Time, max int) (list []string, err error) {
	for _, l := range m.Rows {
		guests, err := m.Guests(ctx, l.ID, "", now, 1)
		if err != nil {
			return nil, err
		}
		if l.Maker == maker && len(guests) > 0 && len(list) < max {
			list = append(list, l.ID)
		}
	}
	return list, nil
}

// Forget implements link.Store.
func (m *Memory) Forget(_ context.Context, document string) error {
	if m.Down {
		return errDown
	}
	m.Rows = slices.DeleteFunc(m.Rows, func(l link.Link) bool { return l.Document == document })
	return nil
}
