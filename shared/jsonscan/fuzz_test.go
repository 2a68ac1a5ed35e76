package jsonscan_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// depthOf returns the nesting of a valid text, as the standard library reads it.
func depthOf(t *testing.T, b []byte) int {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	depth, most := 0, 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return most
		}
		if err != nil {
			t.Fatalf("a valid text that does not decode: %v", err)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
			most = max(most, depth)
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
}

// FuzzCheck compares the whole reader with encoding/json.
func FuzzCheck(f *testing.F) {
	for _, c := range texts {
		if len(c.in) < 1000 {
			f.Add([]byte(c.in))
		}
	}
	f.Add(opFrame)
	f.Fuzz(func(t *testing.T, b []byte) {
		const maxDepth = 8
		valid := json.Valid(b) && utf8.Valid(b)
		good := valid && depthOf(t, b) <= maxDepth
		err := jsonscan.Check(b, maxDepth)
		if (err == nil) != good {
			t.Fatalf("Check = %v; valid %v, valid UTF-8 %v", err, json.Valid(b), utf8.Valid(b))
		}
		if valid && !good && err != jsonscan.ErrDepth {
			t.Fatalf("too deep, but Check = %v", err)
		}
		sameMembers(t, b, good, maxDepth)
		sameValues(t, b, good)
	})
}

// sameMembers walks b as Scan, Parse and encoding/json do. On an invalid text the walks
// need only end.
func sameMembers(t *testing.T, b []byte, good bool, maxDepth int) {
	o, isObject := jsonscan.Parse(b)
	walk := walked(o.Next, o.Key, o.Value)
	s := jsonscan.Scan(b, maxDepth)
	scan := walked(s.Next, s.Key, s.Value)
	if (s.Err() == nil) != (good && isObject) {
		t.Fatalf("Scan says %v, Check %v, object %v", s.Err(), good, isObject)
	}
	var elements int
	for a := jsonscan.Elements(b); a.Next(); elements++ {
		if good && !json.Valid(a.Value()) {
			t.Fatalf("element %q is not valid", a.Value())
		}
	}
	if !good {
		return
	}
	var list []json.RawMessage
	if json.Unmarshal(b, &list) == nil && len(list) != elements {
		t.Fatalf("%d elements, want %d", elements, len(list))
	}
	if !isObject {
		return
	}
	if len(walk) != len(scan) {
		t.Fatalf("Parse walks %q, Scan %q", walk, scan)
	}
	for i := range walk {
		if walk[i] != scan[i] {
			t.Fatalf("Parse walks %q, Scan %q", walk, scan)
		}
	}
	var want map[string]json.RawMessage
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for o, _ := jsonscan.Parse(b); o.Next(); {
		if _, twice := got[string(o.Key())]; !twice {
			if first := jsonscan.Field(b, string(o.Key())); !bytes.Equal(first, o.Value()) {
				t.Fatalf("Field(%q) = %s, want %s", o.Key(), first, o.Value())
			}
		}
		got[string(o.Key())] = string(o.Value())
	}
	if len(got) != len(want) {
		t.Fatalf("members %q, want %q", got, want)
	}
	for k, v := range want {
		if got[k] != string(v) {
			t.Fatalf("member %q is %s, want %s", k, got[k], v)
		}
	}
}

// sameValues reads b as each kind of value.
func sameValues(t *testing.T, b []byte, good bool) {
	if v, ok := jsonscan.Uint(b); ok {
		if want, err := strconv.ParseUint(string(b), 10, 64); err != nil || v != want || !good {
			t.Fatalf("Uint(%s) = %d", b, v)
		}
	} else if _, err := strconv.ParseUint(string(b), 10, 64); err == nil && good {
		t.Fatalf("Uint(%s) refused", b)
	}
	if v, ok := jsonscan.Int(b); ok {
		if want, err := strconv.ParseInt(string(b), 10, 64); err != nil || v != want || !good {
			t.Fatalf("Int(%s) = %d", b, v)
		}
	} else if _, err := strconv.ParseInt(string(b), 10, 64); err == nil && good {
		t.Fatalf("Int(%s) refused", b)
	}
	text, ok := jsonscan.Str(b)
	exact := len(b) > 1 && b[0] == '"' && b[len(b)-1] == '"'
	if ok != (good && exact) {
		t.Fatalf("Str(%q) = %q, %v", b, text, ok)
	}
	if ok {
		var want string
		if json.Unmarshal(b, &want) != nil || text != want {
			t.Fatalf("Str(%s) = %q, want %q", b, text, want)
		}
	}
	jsonscan.Bool(b)
	jsonscan.Time(b)
	list, ok := jsonscan.Strs(b)
	if good {
		var want []string
		var any []*string
		isList := json.Unmarshal(b, &want) == nil && json.Unmarshal(b, &any) == nil && b[0] == '['
		for _, s := range any {
			isList = isList && s != nil
		}
		if ok != isList || ok && len(list) != len(want) {
			t.Fatalf("Strs(%s) = %q, %v, want %q", b, list, ok, want)
		}
	}
}

// FuzzString writes any string and reads it back, here and in encoding/json.
func FuzzString(f *testing.F) {
	for _, s := range []string{"", "plain", "\"\\/\b\f\n\r\t\x00\x1f\x7f", "é€😀\u2028", "\xff\xc3(", "\xed\xa0\x80", "</script>&"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		raw := jsonscan.AppendString([]byte("x"), s)[1:]
		if err := jsonscan.Check(raw, 0); err != nil {
			t.Fatalf("%q is written as %s: %v", s, raw, err)
		}
		var want string
		if err := json.Unmarshal(raw, &want); err != nil {
			t.Fatal(err)
		}
		got, ok := jsonscan.Str(raw)
		if !ok || got != want || got != string([]rune(s)) {
			t.Fatalf("%q comes back as %q, in encoding/json as %q", s, got, want)
		}
		// Str must read what encoding/json writes alike.
		theirs, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := jsonscan.Str(theirs); !ok || got != string([]rune(s)) {
			t.Fatalf("%s reads as %q", theirs, got)
		}
	})
}
