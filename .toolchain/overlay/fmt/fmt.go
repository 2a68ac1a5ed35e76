// Package fmt stands in for Go's in the browser module, which needs neither it nor the
// reflection that it brings. What the module links makes errors with it, whose text nobody
// reads there: the page has its own. So it prints numbers, strings and errors, with no width, and
// calls no method but Error.
package fmt

import (
	"errors"
	"io"
	"os"
	"strconv"
)

// State, Formatter, Stringer, GoStringer, ScanState and Scanner are there for those who name them.
type State interface {
	Write(b []byte) (n int, err error)
	Width() (wid int, ok bool)
	Precision() (prec int, ok bool)
	Flag(c int) bool
}

// Formatter is never called.
type Formatter interface{ Format(f State, verb rune) }

// Stringer is never called.
type Stringer interface{ String() string }

// GoStringer is never called.
type GoStringer interface{ GoString() string }

// ScanState is never made.
type ScanState interface {
	ReadRune() (r rune, size int, err error)
	UnreadRune() error
	SkipSpace()
	Token(skipSpace bool, f func(rune) bool) (token []byte, err error)
	Width() (wid int, ok bool)
	Read(buf []byte) (n int, err error)
}

// Scanner is never called.
type Scanner interface {
	Scan(state ScanState, verb rune) error
}

// wrapError is what Errorf makes of one %w.
type wrapError struct {
	text string
	err  error
}

func (e *wrapError) Error() string { return e.text }
func (e *wrapError) Unwrap() error { return e.err }

// wrapErrors is what Errorf makes of several.
type wrapErrors struct {
	text string
	errs []error
}

func (e *wrapErrors) Error() string   { return e.text }
func (e *wrapErrors) Unwrap() []error { return e.errs }

// Errorf wraps the errors of each %w.
func Errorf(format string, a ...any) error {
	text, wrapped := appendf(nil, format, a)
	switch len(wrapped) {
	case 0:
		return errors.New(string(text))
	case 1:
		return &wrapError{string(text), wrapped[0]}
	}
	return &wrapErrors{string(text), wrapped}
}

// appendf appends the text, and returns the errors of %w too.
func appendf(b []byte, format string, a []any) ([]byte, []error) {
	var wrapped []error
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b = append(b, format[i])
			continue
		}
		for i++; i < len(format) && !letter(format[i]); i++ { // flags, widths and precisions
		}
		switch {
		case i == len(format):
			return append(b, '%'), wrapped
		case format[i] == '%':
			b = append(b, '%')
			continue
		case len(a) == 0:
			b = append(b, "%!"...)
			continue
		}
		if err, ok := a[0].(error); ok && format[i] == 'w' {
			wrapped = append(wrapped, err)
		}
		b = appendValue(b, format[i], a[0])
		a = a[1:]
	}
	return b, wrapped
}

func letter(c byte) bool { return c == '%' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }

func appendValue(b []byte, verb byte, v any) []byte {
	base := 10
	if verb == 'x' || verb == 'X' {
		base = 16
	}
	switch v := v.(type) {
	case string:
		if verb == 'q' {
			return append(append(append(b, '"'), v...), '"')
		}
		return append(b, v...)
	case []byte:
		return append(b, v...)
	case error:
		return append(b, v.Error()...)
	case bool:
		return strconv.AppendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), base)
	case int32:
		return strconv.AppendInt(b, int64(v), base)
	case int64:
		return strconv.AppendInt(b, v, base)
	case uint:
		return strconv.AppendUint(b, uint64(v), base)
	case uint8:
		return strconv.AppendUint(b, uint64(v), base)
	case uint16:
		return strconv.AppendUint(b, uint64(v), base)
	case uint32:
		return strconv.AppendUint(b, uint64(v), base)
	case uint64:
		return strconv.AppendUint(b, v, base)
	case nil:
		return append(b, "<nil>"...)
	}
	return append(b, '?')
}

func appendAll(b []byte, a []any, between string) []byte {
	for i, v := range a {
		if i > 0 {
			b = append(b, between...)
		}
		b = appendValue(b, 'v', v)
	}
	return b
}

// Appendf, Append and Appendln append to b.
func Appendf(b []byte, format string, a ...any) []byte {
	b, _ = appendf(b, format, a)
	return b
}

// Append puts nothing between its arguments.
func Append(b []byte, a ...any) []byte { return appendAll(b, a, "") }

// Appendln puts spaces between its arguments.
func Appendln(b []byte, a ...any) []byte { return append(appendAll(b, a, " "), '\n') }

// Sprintf returns the text.
func Sprintf(format string, a ...any) string { return string(Appendf(nil, format, a...)) }

// Sprint returns the text.
func Sprint(a ...any) string { return string(Append(nil, a...)) }

// Sprintln returns the text.
func Sprintln(a ...any) string { return string(Appendln(nil, a...)) }

// Fprintf writes the text.
func Fprintf(w io.Writer, format string, a ...any) (int, error) {
	return w.Write(Appendf(nil, format, a...))
}

// Fprint writes the text.
func Fprint(w io.Writer, a ...any) (int, error) { return w.Write(Append(nil, a...)) }

// Fprintln writes the text.
func Fprintln(w io.Writer, a ...any) (int, error) { return w.Write(Appendln(nil, a...)) }

// Printf writes to the console.
func Printf(format string, a ...any) (int, error) { return Fprintf(os.Stdout, format, a...) }

// Print writes to the console.
func Print(a ...any) (int, error) { return Fprint(os.Stdout, a...) }

// Println writes to the console.
func Println(a ...any) (int, error) { return Fprintln(os.Stdout, a...) }
