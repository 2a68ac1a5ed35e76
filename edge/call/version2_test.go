package call

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"
)

// The rules by which version 2 (commit 650c966, release 0.2.0) read its members, frozen: by the part that
// read and the kind, the members and what each was taken for. "given" counts if it was
// there at all. Another version is frozen beside them when Version goes up.
var (
	version2Claims = rules{"user_id": "text", "email": "text", "name": "text", "jti": "text", "iat": "number", "exp": "number"}
	version2Grant  = rules{
		"user_id": "text", "name": "text", "session_id": "text", "document": "text", "workspace_id": "text", "role": "text", "permissions": "texts", "epoch": "number",
		"locked": "flag", "access_at": "number", "access": "number", "exp": "number", "iat": "number", "jti": "text", "admitted_at": "number", "share": "number",
	}
	version2Audit = rules{"user_id": "text", "from": "number", "to": "number", "limit": "number"}
	version2      = map[string]rules{
		"session admit": {"document": "text", "client_id": "text", "claims": "claims", "gone_at": "number", "refresh": "flag", "access": "number", "again": "flag"},
		"session gone":  {"document": "text", "client_id": "text", "session_id": "text", "reason": "text", "admitted_at": "number"},
		// This one is of a client where others of its user's are left.
		"session client_gone": {"document": "text", "client_id": "text", "session_id": "text", "reason": "text", "admitted_at": "number"},

		"session access": {"document": "text", "access": "number", "workspace_id": "text", "reason": "text", "by": "text"},
		"session end": {
			"code": "text", "jti": "text", "sign_in": "text", "client_id": "text", "before": "number", "all": "flag", "document": "text", "reason": "text", "by": "text",
		},
		"session post":     {"data": "raw"},
		"session app_key":  {"package": "text", "key_id": "text", "reason": "text", "by": "text"},
		"session describe": {},
		"session audit":    version2Audit,

		"document grant": {"grant": "grant", "reason": "text"},
		"document end": {
			"user_id": "text", "fence": "number", "kick": "number", "tokens": "texts", "before_ms": "number", "admitted_at": "number",
		},
		"document lock":      {"locked": "flag", "held": "flag", "reason": "text", "by": "text", "retry_after_ms": "number"},
		"document access":    {},
		"document erase":     {},
		"document describe":  {},
		"document snapshots": {"before": "number", "limit": "number"},
		"document restore":   {"version": "number", "snapshot": "given", "reason": "text", "by": "text"},
		"document resolve":   {"user_id": "text", "limit": "number", "reason": "text", "by": "text"},
		"document audit":     version2Audit,

		"session connect":  {"kind": "text", "claims": "claims", "client_id": "text", "flat": "flag", "protocol": "text", "app": "app"},
		"document connect": {"kind": "text", "grant": "grant", "client_id": "text", "session_id": "text", "last_seq": "given", "redial": "flag", "protocol": "text"},

		// Of an answer a caller read what it wanted to know; the rest went on as it came.
		"answer ended":    {"ok": "flag", "closed": "flag", "gone": "flag", "last": "text", "admitted_at": "number"},
		"answer readmit":  {"readmit": "flag", "gone_at": "given", "access": "given"},
		"answer admit":    {"grant": "grant", "error": "raw"},
		"answer lock":     {"document_version": "raw"},
		"answer access":   {"access": "raw"},
		"answer erased":   {"erased": "raw"},
		"answer restored": {"restored": "raw", "error": "raw"},
		"answer resolved": {"resolved": "raw"},
		"answer app_key":  {"receipt": "raw"},
		"answer receipt":  {"receipt": "raw", "error": "raw"},
		"answer post":     {"seq": "raw", "error": "raw"},
	}
)

type rules map[string]string

// read takes what the rules know of a text; what is zero is as good as missing.
func (r rules) read(t *testing.T, text []byte) map[string]any {
	t.Helper()
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	out := map[string]any{}
	for name, kind := range r {
		raw, there := all[name]
		var v any
		switch kind {
		case "text":
			v = as[string](raw)
		case "texts":
			v = as[[]string](raw)
		case "number":
			v = as[int64](raw)
		case "flag":
			v = as[bool](raw)
		case "claims":
			v = version2Claims.nested(t, raw)
		case "grant":
			v = version2Grant.nested(t, raw)
		case "app":
			v = rules{"package": "text", "key_id": "text", "session_id": "text"}.nested(t, raw)
		case "given", "raw":
			if there {
				out[name] = string(raw)
			}
			continue
		}
		if at := reflect.ValueOf(v); at.IsValid() && !at.IsZero() && (at.Kind() != reflect.Slice && at.Kind() != reflect.Map || at.Len() > 0) {
			out[name] = fmt.Sprint(v)
		}
	}
	return out
}

func (r rules) nested(t *testing.T, raw json.RawMessage) map[string]any {
	if raw == nil {
		return nil
	}
	return r.read(t, raw)
}

func as[T any](raw json.RawMessage) (v T) {
	json.Unmarshal(raw, &v)
	return v
}

// of finds the rules that a vector was read by.
func of(name string, text []byte) rules {
	to, what, _ := strings.Cut(name, ": ")
	switch to {
	case "session", "document":
		what = as[struct{ Kind string }](text).Kind
	case "session connect", "document connect":
		return version2[to]
	}
	what, _, _ = strings.Cut(what, ",")
	return version2[to+" "+what]
}

// What version 2 wrote reads as what we would have meant by it.
func TestVersion2IsUnderstood(t *testing.T) {
	old := load(t, 2)
	for _, v := range requests {
		text := old[v.name]
		if text == nil { // that version had none such
			continue
		}
		to, _, _ := strings.Cut(v.name, ": ")
		if got, err := parsers[to](text); err != 0 || string(got.Message().Text) != string(v.r.Message().Text) {
			t.Errorf("%s reads as\n %+v (%d), want\n %+v", v.name, got, err, v.r)
		}
		delete(old, v.name)
	}
	for _, a := range answers {
		if old[a.name] == nil { // nor answered such
			continue
		}
		if got := a.parse(old[a.name]); !reflect.DeepEqual(got, a.want) {
			t.Errorf("%s reads as\n %+v, want\n %+v", a.name, got, a.want)
		}
		delete(old, a.name)
	}
	for name := range old {
		t.Errorf("nobody reads %s", name)
	}
}

// What we write reads, by the rules of version 2, as what that wrote itself.
func TestVersion2Understands(t *testing.T) {
	old := load(t, 2)
	for name, text := range load(t, Version) {
		if old[name] == nil {
			continue
		}
		r := of(name, text)
		if r == nil {
			t.Errorf("%s: version 2 had no such kind", name)
			continue
		}
		if got, want := r.read(t, text), r.read(t, old[name]); !maps.Equal(got, want) || len(r) > 0 && len(want) == 0 {
			t.Errorf("%s: version 2 reads\n %v, of its own\n %v", name, got, want)
		}
	}
}

// The frozen rules find what they are there for: a member of another name, and a kind.
func TestFrozenRulesFire(t *testing.T) {
	r := version2["session gone"]
	before := r.read(t, []byte(`{"kind":"gone","document":"d","session_id":"s"}`))
	if got := r.read(t, []byte(`{"kind":"gone","document":"d","session":"s"}`)); maps.Equal(got, before) {
		t.Error("another name reads alike")
	}
	if of("session: novelty", []byte(`{"kind":"novelty"}`)) != nil {
		t.Error("version 2 knows a novelty")
	}
}

// What the version after this one writes is read by the rules of the package doc: more
// members, and the same.
func TestTheNextVersionIsUnderstood(t *testing.T) {
	for _, v := range requests {
		text := strings.Replace(string(v.r.Message().Text), fmt.Sprintf(`"v":%d}`, Version), fmt.Sprintf(`"v":%d,"added":{"by":["the next"]}}`, Version+1), 1)
		to, _, _ := strings.Cut(v.name, ": ")
		if got, err := parsers[to]([]byte(text)); err != 0 || !reflect.DeepEqual(got, v.r) {
			t.Errorf("%s reads as\n %+v (%d), want\n %+v", text, got, err, v.r)
		}
	}
}
