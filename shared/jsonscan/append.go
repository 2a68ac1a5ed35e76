package jsonscan

import (
	"strconv"
	"time"
	"unicode/utf8"
)

const hex = "0123456789abcdef"

// AppendString appends s as a JSON string. It writes U+FFFD for a byte that is not UTF-8, so
// the result is always valid.
func AppendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if plain[c] {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && n == 1 {
				dst = append(dst, s[start:i]...)
				dst = append(dst, "\uFFFD"...)
				start = i + 1
			}
			i += n
			continue
		}
		dst = append(dst, s[start:i]...)
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\b':
			dst = append(dst, '\\', 'b')
		case '\f':
			dst = append(dst, '\\', 'f')
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
		i++
		start = i
	}
	dst = append(dst, s[start:]...)
	return append(dst, '"')
}

// AppendStrings appends list as an array of strings; a nil list as [].
func AppendStrings(dst []byte, list []string) []byte {
	dst = append(dst, '[')
	for i, s := range list {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendString(dst, s)
	}
	return append(dst, ']')
}

// Writer appends the members of one object in the order of the calls. Get a Writer from
// NewObject by value, call the methods on that variable, and finish with End:
//
//	w := jsonscan.NewObject(dst)
//	w.Str("name", name)
//	dst = w.End()
type Writer struct {
	// Buf is the text so far. After Key the caller may append any one value to it.
	Buf []byte
}

// NewObject opens an object at the end of dst.
func NewObject(dst []byte) Writer { return Writer{append(dst, '{')} }

// Key appends a name. The caller appends its value to Buf next.
func (w *Writer) Key(name string) {
	// The text ends in '{' only if the object has just been opened: no value ends so.
	if n := len(w.Buf); n > 0 && w.Buf[n-1] != '{' {
		w.Buf = append(w.Buf, ',')
	}
	w.Buf = append(AppendString(w.Buf, name), ':')
}

// Str appends a string.
func (w *Writer) Str(name, v string) {
	w.Key(name)
	w.Buf = AppendString(w.Buf, v)
}

// Uint appends a non-negative integer.
func (w *Writer) Uint(name string, v uint64) {
	w.Key(name)
	w.Buf = strconv.AppendUint(w.Buf, v, 10)
}

// Int appends an integer.
func (w *Writer) Int(name string, v int64) {
	w.Key(name)
	w.Buf = strconv.AppendInt(w.Buf, v, 10)
}

// Bool appends true or false.
func (w *Writer) Bool(name string, v bool) {
	w.Key(name)
	w.Buf = strconv.AppendBool(w.Buf, v)
}

// Raw appends a value that is JSON already, or null if it is empty.
func (w *Writer) Raw(name string, v []byte) {
	w.Key(name)
	if len(v) == 0 {
		w.Buf = append(w.Buf, "null"...)
		return
	}
	w.Buf = append(w.Buf, v...)
}

// Strs appends an array of strings.
func (w *Writer) Strs(name string, v []string) {
	w.Key(name)
	w.Buf = AppendStrings(w.Buf, v)
}

// Time appends a moment as AppendTime writes it, in quotes.
func (w *Writer) Time(name string, t time.Time) {
	w.Key(name)
	w.Buf = append(w.Buf, '"')
	w.Buf = AppendTime(w.Buf, t)
	w.Buf = append(w.Buf, '"')
}

// Open begins a nested object. The members that follow belong to it until Close.
func (w *Writer) Open(name string) {
	w.Key(name)
	w.Buf = append(w.Buf, '{')
}

// Close ends what Open began.
func (w *Writer) Close() { w.Buf = append(w.Buf, '}') }

// Array begins an array; what follows are its items until CloseArray. Each begins with
// Item, and then any one value may be appended to Buf; or with OpenItem, which begins an
// object, to be ended with Close.
func (w *Writer) Array(name string) {
	w.Key(name)
	w.Buf = append(w.Buf, '[')
}

// NewArray opens an array at the end of dst, for its items; CloseArray ends it.
func NewArray(dst []byte) Writer { return Writer{append(dst, '[')} }

// Item begins an item of an array.
func (w *Writer) Item() {
	// Only an array that has just been opened ends in its bracket: no value does.
	if n := len(w.Buf); n > 0 && w.Buf[n-1] != '[' {
		w.Buf = append(w.Buf, ',')
	}
}

// OpenItem begins an item that is an object.
func (w *Writer) OpenItem() {
	w.Item()
	w.Buf = append(w.Buf, '{')
}

// CloseArray ends what Array or NewArray began.
func (w *Writer) CloseArray() { w.Buf = append(w.Buf, ']') }

// End closes the object and returns the text.
func (w *Writer) End() []byte { return append(w.Buf, '}') }
