package jsonscan_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// walked returns an object's members as "key=value" lines.
func walked(next func() bool, key, value func() []byte) []string {
	var out []string
	for next() {
		out = append(out, string(key())+"="+string(value()))
	}
	return out
}

func TestWalk(t *testing.T) {
	cases := []struct {
		in   string
		want []string
	}{
		{`{}`, nil},
		{` { } `, nil},
		{`{"a":1}`, []string{`a=1`}},
		{" {\n\"a\" : { \"x\" : \"}\" } ,\t\"b\":[1, 2] , \"\":null } ", []string{`a={ "x" : "}" }`, `b=[1, 2]`, `=null`}},
		{`{"\u0061\"":"\\","a":-1.5e3}`, []string{`a"="\\"`, `a=-1.5e3`}},
		{`{"a":1,"a":2}`, []string{`a=1`, `a=2`}},
		{`{"é":"\"{[","z":[[],{"q":"]"}]}`, []string{`é="\"{["`, `z=[[],{"q":"]"}]`}},
	}
	for _, c := range cases {
		o, ok := jsonscan.Parse([]byte(c.in))
		if got := walked(o.Next, o.Key, o.Value); !ok || !reflect.DeepEqual(got, c.want) {
			t.Errorf("Parse(%q) walks %q, want %q", c.in, got, c.want)
		}
		s := jsonscan.Scan([]byte(c.in), 16)
		if got := walked(s.Next, s.Key, s.Value); s.Err() != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("Scan(%q) walks %q (%v), want %q", c.in, got, s.Err(), c.want)
		}
		if o.Next() || s.Next() {
			t.Errorf("%q: Next after the end", c.in)
		}
	}
}

func TestScanErrors(t *testing.T) {
	cases := []struct {
		in    string
		depth int
		want  error
	}{
		{``, 16, jsonscan.ErrSyntax},
		{`[]`, 16, jsonscan.ErrSyntax},
		{`"a"`, 16, jsonscan.ErrSyntax},
		{`{`, 16, jsonscan.ErrSyntax},
		{`{"a":1`, 16, jsonscan.ErrSyntax},
		{`{"a":1,`, 16, jsonscan.ErrSyntax},
		{`{"a":1,}`, 16, jsonscan.ErrSyntax},
		{`{"a":1 "b":2}`, 16, jsonscan.ErrSyntax},
		{`{"a":1}]`, 16, jsonscan.ErrSyntax},
		{`{} x`, 16, jsonscan.ErrSyntax},
		{"{\"a\":\"\xff\"}", 16, jsonscan.ErrUTF8},
		{`{}`, 0, jsonscan.ErrDepth},
		{`{"a":1}`, 1, nil},
		{`{"a":[]}`, 1, jsonscan.ErrDepth},
		{`{"a":[]}`, 2, nil},
		{`{"a":` + strings.Repeat("[", jsonscan.DepthLimit-1) + strings.Repeat("]", jsonscan.DepthLimit-1) + `}`, 1 << 40, nil},
		{`{"a":` + strings.Repeat("[", jsonscan.DepthLimit) + strings.Repeat("]", jsonscan.DepthLimit) + `}`, 1 << 40, jsonscan.ErrDepth},
	}
	for _, c := range cases {
		s := jsonscan.Scan([]byte(c.in), c.depth)
		for s.Next() {
			// Next must not return true for the faulty part.
			if c.want != nil && s.Err() != nil {
				t.Errorf("Scan(%.40q, %d): a member beside %v", c.in, c.depth, s.Err())
			}
		}
		if s.Err() != c.want || s.Next() || s.Err() != c.want {
			t.Errorf("Scan(%.40q, %d): %v, want %v", c.in, c.depth, s.Err(), c.want)
		}
	}
}

// TestWalkGarbage: on text that was never checked a walk ends, and a member without a value is none.
func TestWalkGarbage(t *testing.T) {
	for _, in := range []string{`{"a":}`, `{"a":,"b":1}`, `{"a"`, `{"a":`, `{"a`, `{"`, `{1:2}`, `{,,}`, `{"a":"`} {
		o, _ := jsonscan.Parse([]byte(in))
		for o.Next() {
			if len(o.Value()) == 0 {
				t.Errorf("Parse(%q) has a member without a value", in)
			}
		}
	}
}

func TestField(t *testing.T) {
	obj := []byte(`{"a":{"b":"inner"},"b":"first","b":"second","\u0063":3}`)
	for name, want := range map[string]string{"b": `"first"`, "c": `3`, "a": `{"b":"inner"}`, "inner": ``, "": ``} {
		if got := string(jsonscan.Field(obj, name)); got != want {
			t.Errorf("Field(%q) = %s, want %s", name, got, want)
		}
	}
	if jsonscan.Field([]byte(`["b"]`), "b") != nil || jsonscan.Field(nil, "b") != nil {
		t.Error("Field of what is no object is not nil")
	}
}

func TestElements(t *testing.T) {
	cases := map[string][]string{
		`[]`:                           nil,
		` [ ] `:                        nil,
		`[1]`:                          {"1"},
		`[ "a,]" , [1,[2]] ,{"x":[]}]`: {`"a,]"`, `[1,[2]]`, `{"x":[]}`},
		`{"a":1}`:                      nil,
		`7`:                            nil,
		``:                             nil,
	}
	for in, want := range cases {
		var got []string
		a := jsonscan.Elements([]byte(in))
		for a.Next() {
			got = append(got, string(a.Value()))
		}
		if !reflect.DeepEqual(got, want) || a.Next() {
			t.Errorf("Elements(%q) = %q, want %q", in, got, want)
		}
	}
}

// TestValuesAreCapped: no slice that a walk returns gives access to the text behind it.
func TestValuesAreCapped(t *testing.T) {
	text := []byte(`{"a":1,"b":[2,3]}`)
	o, _ := jsonscan.Parse(text)
	for o.Next() {
		_ = append(o.Value(), "XX"...)
		_ = append(o.Key(), "XX"...)
	}
	for a := jsonscan.Elements(jsonscan.Field(text, "b")); a.Next(); {
		_ = append(a.Value(), "XX"...)
	}
	s := jsonscan.Scan(text, 16)
	for s.Next() {
		_ = append(s.Value(), "XX"...)
		_ = append(s.Key(), "XX"...)
	}
	if got := string(text); got != `{"a":1,"b":[2,3]}` {
		t.Errorf("appending to a value changed the text: %s", got)
	}
}
