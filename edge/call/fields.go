package call

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// fields visits the members of a text, each of which is so spelt once, to be written and to
// be read alike. Reading, it is asked once for each member of the text.
type fields struct {
	w       jsonscan.Writer
	reading bool
	// zeros has members written that are zero.
	zeros      bool
	key, value []byte
}

func newObject(dst []byte) jsonscan.Writer { return jsonscan.NewObject(dst) }

// read reads the members of a checked object.
func read(obj []byte, visit func(*fields)) bool {
	o, ok := jsonscan.Parse(obj)
	f := fields{reading: true}
	for o.Next() {
		f.key, f.value = o.Key(), o.Value()
		visit(&f)
	}
	return ok
}

// object writes an object; whole with the members that are zero.
func object(dst []byte, visit func(*fields), whole bool) []byte {
	f := fields{w: newObject(dst), zeros: whole}
	visit(&f)
	return f.w.End()
}

// at reports whether the member at hand is the one of this name.
func (f *fields) at(name string) bool { return f.reading && jsonscan.Equal(f.key, name) }

// writes reports whether a member is to be written.
func (f *fields) writes(zero bool) bool { return !f.reading && (f.zeros || !zero) }

func (f *fields) str(name string, v *string) {
	switch {
	case f.writes(*v == ""):
		f.w.Str(name, *v)
	case f.at(name):
		*v, _ = jsonscan.Str(f.value)
	}
}

func (f *fields) strs(name string, v *[]string) {
	switch {
	case f.writes(len(*v) == 0):
		f.w.Strs(name, *v)
	case f.at(name):
		*v, _ = jsonscan.Strs(f.value)
	}
}

func (f *fields) flag(name string, v *bool) {
	switch {
	case f.writes(!*v):
		f.w.Bool(name, *v)
	case f.at(name):
		*v, _ = jsonscan.Bool(f.value)
	}
}

func (f *fields) uint(name string, v *uint64) {
	switch {
	case f.writes(*v == 0):
		f.w.Uint(name, *v)
	case f.at(name):
		*v, _ = jsonscan.Uint(f.value)
	}
}

// count is a number that is never negative.
func (f *fields) count(name string, v *int) {
	n := uint64(max(*v, 0))
	f.uint(name, &n)
	*v = int(min(n, 1<<31-1))
}

// given is a number of which it counts whether it was said.
func (f *fields) given(name string, v *uint64, given *bool) {
	switch {
	case !f.reading && *given:
		f.w.Uint(name, *v)
	case f.at(name):
		*v, *given = jsonscan.Uint(f.value)
	}
}

// raw is a value that is passed on as it is.
func (f *fields) raw(name string, v *[]byte) {
	switch {
	case !f.reading && len(*v) > 0:
		f.w.Raw(name, *v)
	case f.at(name):
		*v = f.value
	}
}

// Moment is a point in time, in milliseconds since 1970; 0 is none. A type with a time.Time
// in it, behind an interface, would bring a module 8 kB that print one.
type Moment int64

// At is t as a Moment.
func At(t time.Time) Moment {
	if t.IsZero() {
		return 0
	}
	return Moment(t.UnixMilli())
}

// Time is the moment as a time, the zero one for none.
func (m Moment) Time() time.Time {
	if m == 0 {
		return time.Time{}
	}
	return time.UnixMilli(int64(m)).UTC()
}

// millis and seconds are moments, by the unit they are written in.
func (f *fields) millis(name string, v *Moment) { f.moment(name, v, 1) }

func (f *fields) seconds(name string, v *Moment) { f.moment(name, v, 1000) }

func (f *fields) moment(name string, v *Moment, unit Moment) {
	switch {
	case f.writes(*v == 0):
		f.w.Int(name, int64(*v/unit))
	case f.at(name):
		n, _ := jsonscan.Int(f.value)
		*v = Moment(n) * unit
	}
}
