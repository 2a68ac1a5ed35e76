package peek_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token/peek"
)

const header = `{"alg":"RS256","typ":"JWT"}`

// jwt returns an unsigned token with these claims.
func jwt(claims string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(header)) + "." + enc([]byte(claims)) + "." + enc([]byte("\xfb\xff\xfe"))
}

// s2 holds the example of seed S2.
const s2 = `{
  "user_id": "2441f8c8-0e14-4a71-8f32-8cbbf80382ae", "email": "user@example.com", "name": "John Doe",
  "workspace_ids": ["ws_123", "ws_456"], "permissions": {"documents": ["read", "write"], "workspaces": ["read"]},
  "iat": 1704067200, "exp": 1704068100, "jti": "token_unique_id", "token_type": "access"
}`

// S2: "const payload = token.split('.')[1];".
func TestPeek(t *testing.T) {
	cases := map[string]peek.Claims{
		s2:                              {Exp: 1704068100, Iat: 1704067200, UserID: "2441f8c8-0e14-4a71-8f32-8cbbf80382ae", Email: "user@example.com", JTI: "token_unique_id"},
		`{}`:                            {},
		`{"exp":1704068100.75,"iat":0}`: {Exp: 1704068100},
		`{"exp":1,"exp":2}`:             {Exp: 2},
		`{"exp":1,"user_id":42,"sub":-1,"email":["a"],"jti":true}`: {Exp: 1, UserID: "42", Sub: "-1"}, // the server judges them
		`{"exp":1,"user_id":4.2,"sub":null,"email":{}}`:            {Exp: 1},
		`{"exp":9223372036854775807}`:                              {Exp: math.MaxInt64},
		`{"user_id":"\u00fc😀?>","email":"é@x"}`:                    {UserID: "ü😀?>", Email: "é@x"},
	}
	for claims, want := range cases {
		got, err := peek.Peek(jwt(claims))
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", claims, got, err, want)
		}
	}
}

func TestPeekMalformed(t *testing.T) {
	good := jwt(s2)
	part := strings.Split(good, ".")
	cases := map[string]string{
		"empty":                   "",
		"no dots":                 strings.Join(part, ""),
		"two parts":               part[0] + "." + part[1],
		"four parts":              good + ".x",
		"an empty header":         "." + part[1] + "." + part[2],
		"an empty payload":        part[0] + ".." + part[2],
		"no signature":            part[0] + "." + part[1] + ".",
		"padding":                 part[0] + "." + part[1] + "=." + part[2],
		"a line break":            part[0] + "." + part[1][:8] + "\n" + part[1][8:] + "." + part[2],
		"plain base64":            strings.NewReplacer("-", "+", "_", "/").Replace(jwt(`{"user_id":"ü😀?>~~~???"}`)),
		"a length of 4n+1":        part[0] + "." + part[1] + ".abcde",
		"bits left over":          part[0] + "." + part[1] + ".ab",
		"a header of other bytes": "é." + part[1] + "." + part[2],
		"too long":                good + strings.Repeat("A", protocol.TokenBytes),
		"a payload of text":       jwt(`hello`),
		"a payload of an array":   jwt(`[1]`),
		"a payload of null":       jwt(`null`),
		"a payload cut off":       jwt(s2[:40]),
		"a payload not UTF-8":     jwt("{\"user_id\":\"\xff\"}"),
		"a payload too deep":      jwt(`{"a":` + strings.Repeat("[", 16) + strings.Repeat("]", 16) + `}`),
		"exp is text":             jwt(`{"exp":"1704068100"}`),
		"exp is null":             jwt(`{"exp":null}`),
		"exp with an exponent":    jwt(`{"exp":1e9}`),
		"exp with both":           jwt(`{"exp":1.7e9}`),
		"exp out of range":        jwt(`{"exp":9223372036854775808}`),
		"iat is text":             jwt(`{"iat":"1"}`),
		"the first of two is bad": jwt(`{"exp":"x","exp":1}`),
	}
	for name, token := range cases {
		if c, err := peek.Peek(token); !errors.Is(err, peek.ErrMalformed) || c != (peek.Claims{}) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	prefix := part[0] + "." + part[1] + "."
	for size := protocol.TokenBytes - 4; size < protocol.TokenBytes+4; size++ {
		signature := strings.Repeat("A", size-len(prefix))
		_, err := peek.Peek(prefix + signature)
		if want := size <= protocol.TokenBytes && len(signature)%4 != 1; (err == nil) != want {
			t.Errorf("a token of %d bytes: %v", size, err)
		}
	}
}

// TestNames: a page accepts a token that can be its user's. The server alone knows which claim counts.
func TestNames(t *testing.T) {
	const claims = `{"user_id":"u1","sub":"auth0|5f7c","email":"Ann@Example.com","uid":42,"https://app.example/id":"a-7","deep":{"user_id":"u9"},"list":["u9"]}`
	for user, want := range map[string]bool{
		"u1": true, "auth0|5f7c": true, "ann@example.com": true, "Ann@Example.com": true, "42": true, "a-7": true,
		"u9": false, "U1": false, "4": false, "": false, "deep": false, "user_id": false,
	} {
		if got := peek.Names(jwt(claims), user); got != want {
			t.Errorf("%q: %v", user, got)
		}
	}
	if peek.Names("a.b", "u1") || peek.Names(jwt(`{"user_id":"u1"`), "u1") {
		t.Error("what is no token names somebody")
	}
}

// FuzzPeek compares Peek with encoding/base64 and encoding/json.
func FuzzPeek(f *testing.F) {
	f.Add(jwt(s2))
	f.Add(jwt(`{"exp":1.5,"iat":-3,"jti":"\ud800"}`))
	f.Add("a.b.c")
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		got, err := peek.Peek(token)
		if err != nil {
			if err != peek.ErrMalformed || got != (peek.Claims{}) {
				t.Fatalf("%+v beside %v", got, err)
			}
			return
		}
		part := strings.Split(token, ".")
		if len(part) != 3 {
			t.Fatalf("%d parts", len(part))
		}
		for _, p := range part {
			if _, err := base64.RawURLEncoding.Strict().DecodeString(p); err != nil {
				t.Fatalf("%q: %v", p, err)
			}
		}
		payload, _ := base64.RawURLEncoding.DecodeString(part[1])
		var want map[string]any
		if err := json.Unmarshal(payload, &want); err != nil {
			t.Fatalf("%s: %v", payload, err)
		}
		same := func(name, got string) {
			w, _ := want[name].(string)
			if _, integer := want[name].(float64); w != got && !(integer && strings.Trim(got, "-0123456789") == "") {
				t.Fatalf("%s: %s is %q", payload, name, got)
			}
		}
		same("user_id", got.UserID)
		same("email", got.Email)
		same("jti", got.JTI)
		if w, _ := want["exp"].(float64); math.Abs(w-float64(got.Exp)) > 1+math.Abs(w)/(1<<52) {
			t.Fatalf("%s: exp is %d", payload, got.Exp)
		}
	})
}
