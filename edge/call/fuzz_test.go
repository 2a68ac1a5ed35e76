package call

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// Whatever a text says, what was read of it is written and read again as the same; and
// what is no JSON object is no request.
func FuzzRequest(f *testing.F) {
	for version := Version - 1; version <= Version; version++ {
		for _, text := range load(f, version) {
			f.Add(text)
		}
	}
	f.Add([]byte(`{"kind":"lock","retry_after_ms":-1}`))
	f.Add([]byte(`{"kind":"end","code":"TOKEN_REVOKED","before":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for to, parse := range parsers {
			r, err := parse(text)
			if (r == nil) != (err != 0) {
				t.Fatalf("%s: %v and %v", to, r, err)
			}
			if r == nil {
				continue
			}
			var object map[string]any
			if json.Unmarshal(text, &object) != nil && !strings.Contains(string(text), `\u`) {
				t.Fatalf("%q is taken for an object", text)
			}
			written := r.Message().Text
			again, err := parse(written)
			if err != 0 {
				t.Fatalf("%s of %q is no request", written, text)
			}
			if once := again.Message().Text; string(once) != string(written) || reflect.TypeOf(r) != reflect.TypeOf(again) {
				t.Fatalf("%s, and again %s", written, once)
			}
		}
	})
}

// An answer is read without harm, whoever gave it.
func FuzzAnswer(f *testing.F) {
	for _, text := range load(f, Version) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		for _, a := range answers {
			if strings.Contains(a.name, "refused") {
				continue // it is asked for its code
			}
			a.parse(text)
		}
		ParseOK(text)
		if value, err := ParseAnswer(text, &KindEnd); (value == nil) == (err == nil) {
			t.Fatalf("%q is %q and %v", text, value, err)
		}
	})
}
