// Package vars is the one table of a deployment's variables: what each is called and counted
// in, what it is where nobody sets it, how large it may be, and what 0 means. Whatever reads a
// variable, in whichever module, reads it by its row here.
//
// A variable that is not set, or empty, is its default. 0 switches off, or is no limit, where
// the row says so; elsewhere it is as little a value as one that is no number is, and the
// default is taken in its place. Of a value above the most, the most is. Complaint names all
// of these at boot, so that nobody believes in a value that is not there.
//
// A row is a text, which takes a module the least room: a module holds the rows that it reads
// and no others. What they mean in words is in page_test.go, which writes edge/VARIABLES.md.
package vars

import (
	"math"
	"strings"
	"time"
)

// The kinds of rows. All begin with the variable's name.
type (
	// Number is a row "NAME default", "NAME default 1 most", or "NAME default zero most" with a
	// word for what 0 means. The name says the unit: _MS, _S and _DAYS are times, _BYTES bytes. A
	// default of 0 is worked out from another variable by whoever reads it.
	Number string
	// Switch is a row "NAME on" or "NAME off", by its default.
	Switch string
	// Word is a row "NAME word word …" of the words that it may be, the default first.
	Word string
	// Text is a row "NAME", or "NAME secret" where the value must not be shown.
	Text string
)

func nameOf(row string) string {
	name, _ := cut(row, ' ')
	return name
}

// cut returns what stands before a byte, and what behind it.
func cut(text string, at byte) (before, behind string) {
	for i := 0; i < len(text); i++ {
		if text[i] == at {
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// Name returns the variable's name.
func (v Number) Name() string { return nameOf(string(v)) }

// Name returns the variable's name.
func (v Switch) Name() string { return nameOf(string(v)) }

// Name returns the variable's name.
func (v Word) Name() string { return nameOf(string(v)) }

// Name returns the variable's name.
func (v Text) Name() string { return nameOf(string(v)) }

// bounds are what a Number may be. zero is what 0 means, "" for nothing.
type bounds struct {
	otherwise, least, most int64
	zero                   string
}

func (v Number) bounds() bounds {
	b := bounds{least: 1, most: math.MaxInt32}
	_, rest := cut(string(v), ' ')
	text, rest := cut(rest, ' ')
	b.otherwise, _ = whole(text)
	if rest == "" {
		return b
	}
	b.zero, text = cut(rest, ' ')
	b.most, _ = whole(text)
	if b.zero == "1" {
		b.zero = ""
	} else {
		b.least = 0
	}
	return b
}

// whole reads a whole number; what does not fit in 32 bits is one that is larger than all that do.
func whole(text string) (n int64, ok bool) {
	for i := 0; i < len(text); i++ {
		digit := text[i] - '0'
		if digit > 9 {
			return 0, false
		}
		n = min(10*n+int64(digit), math.MaxInt32+1)
	}
	return n, text != ""
}

// fault is what is wrong with a value.
type fault uint8

const (
	good fault = iota
	noNumber
	tooSmall
	tooLarge
)

func (v Number) read(value string) (n int64, wrong fault) {
	b := v.bounds()
	if value == "" {
		return b.otherwise, good
	}
	n, ok := whole(value)
	switch {
	case !ok:
		return b.otherwise, noNumber
	case n < b.least:
		return b.otherwise, tooSmall
	case n > b.most:
		return b.most, tooLarge
	}
	return n, good
}

// Int is the number that a value stands for.
func (v Number) Int(value string) int {
	n, _ := v.read(value)
	return int(n)
}

// Duration is the time that a value stands for.
func (v Number) Duration(value string) time.Duration {
	unit := time.Second
	switch name := v.Name(); {
	case strings.HasSuffix(name, "_MS"):
		unit = time.Millisecond
	case strings.HasSuffix(name, "_DAYS"):
		unit = 24 * time.Hour
	}
	return time.Duration(v.Int(value)) * unit
}

// On reports whether a value switches on. One that is no word of a switch is the default.
func (v Switch) On(value string) bool {
	switch value {
	case "1", "true", "on":
		return true
	case "0", "false", "off":
		return false
	}
	return strings.HasSuffix(string(v), " on")
}

// Choose is the word that a value is, the default for none; ok is whether it is one of
// those there are.
func (v Word) Choose(value string) (word string, ok bool) {
	_, rest := cut(string(v), ' ')
	first, _ := cut(rest, ' ')
	for rest != "" {
		if word, rest = cut(rest, ' '); word == value {
			return word, true
		}
	}
	return first, value == ""
}
