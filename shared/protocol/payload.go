package protocol

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Every payload has an Append, which writes the data of a frame, and a Parse, which reads
// it. These rules hold for all of them. The data has passed Decode. A reader ignores unknown
// members. Of two members with one name the first counts. null counts as absent. Parse
// returns false for a member of the wrong type, and when a required member is missing.
// Append leaves an empty member out wherever a reader can conclude it from the absence.
// Raw JSON aliases the data.

// members reads an object member by member. Each look-up walks the object, which
// suits small payloads. A payload with an op in it is walked once instead.
type members struct {
	data []byte
	// ok turns false when data is not an object or a member has the wrong type.
	ok bool
}

func read(data []byte) members {
	_, ok := jsonscan.Parse(data)
	return members{data, ok}
}

// field returns the raw value of a member, nil when it is absent or null.
func (m *members) field(name string) []byte {
	raw := jsonscan.Field(m.data, name)
	if jsonscan.IsNull(raw) {
		return nil
	}
	return raw
}

func (m *members) has(name string) bool { return m.field(name) != nil }

func (m *members) need(names ...string) {
	for _, name := range names {
		m.ok = m.ok && m.has(name)
	}
}

func (m *members) str(name string) string {
	return typed(m, name, jsonscan.Str)
}

func (m *members) strs(name string) []string {
	return typed(m, name, jsonscan.Strs)
}

func (m *members) num(name string) uint64 {
	return typed(m, name, jsonscan.Uint)
}

func (m *members) count(name string) int {
	n := m.num(name)
	m.ok = m.ok && n <= maxCount
	return int(n & maxCount)
}

// maxCount is the largest limit or count that a 32-bit int holds.
const maxCount = 1<<31 - 1

func (m *members) flag(name string) bool {
	return typed(m, name, jsonscan.Bool)
}

func (m *members) time(name string) time.Time {
	return typed(m, name, jsonscan.Time)
}

func (m *members) millis(name string) time.Duration {
	return m.span(name, time.Millisecond)
}

func (m *members) seconds(name string) time.Duration {
	return m.span(name, time.Second)
}

// span calls no function value: one of the type that typed would take looks to the browser module's
// build (.toolchain/suspend.mjs) like one that may wait.
func (m *members) span(name string, unit time.Duration) time.Duration {
	raw := m.field(name)
	if raw == nil {
		return 0
	}
	v, ok := span(raw, unit)
	if !ok {
		m.ok = false
		return 0
	}
	return v
}

func typed[T any](m *members, name string, as func([]byte) (T, bool)) T {
	var none T
	raw := m.field(name)
	if raw == nil {
		return none
	}
	v, ok := as(raw)
	if !ok {
		m.ok = false
		return none
	}
	return v
}

// empty reports whether a frame came without data, which some events allow.
func empty(data []byte) bool { return len(data) == 0 || jsonscan.IsNull(data) }

// The writers of members that Append leaves out when they are empty.

func optStr(w *jsonscan.Writer, name, v string) {
	if v != "" {
		w.Str(name, v)
	}
}

func optUint(w *jsonscan.Writer, name string, v uint64) {
	if v != 0 {
		w.Uint(name, v)
	}
}

func optCount(w *jsonscan.Writer, name string, v int) {
	if v > 0 {
		w.Int(name, int64(v))
	}
}

func optTime(w *jsonscan.Writer, name string, t time.Time) {
	if !t.IsZero() {
		w.Time(name, t)
	}
}

// whole writes a duration in whole units. It rounds down, so that no reader gets
// more time than there is, and writes a negative duration as 0.
func whole(w *jsonscan.Writer, name string, d, unit time.Duration) {
	w.Int(name, int64(max(d, 0)/unit))
}
