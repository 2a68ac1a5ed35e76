package token

import (
	"crypto"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var now = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

const (
	issuer = "https://api.materi.dev"
	// good holds seed S2's claims, with times around now (1736244000).
	good = `{"user_id":"2441f8c8-0e14-4a71-8f32-8cbbf80382ae","email":"User@Example.com","name":"John Doe",` +
		`"workspace_ids":["ws_123","ws_456"],"permissions":{"documents":["read","write"],"workspaces":["read"]},` +
		`"iat":1736243900,"exp":1736244900,"jti":"token_unique_id","token_type":"access","iss":"` + issuer + `"}`
	rs256 = `{"alg":"RS256","typ":"JWT","kid":"k1"}`
)

var signer = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// sign makes a token with a true RS256 signature over any text.
func sign(head, body string) string {
	input := b64(head) + "." + b64(body)
	sum := sha256.Sum256([]byte(input))
	s, err := rsa.SignPKCS1v15(nil, signer(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return input + "." + b64(string(s))
}

// verify checks a token's signature as WebCrypto does.
func verify(t *Token) bool {
	sum := sha256.Sum256([]byte(t.Input))
	s, err := base64.RawURLEncoding.DecodeString(t.Signature)
	return err == nil && rsa.VerifyPKCS1v15(&signer().PublicKey, crypto.SHA256, sum[:], s) == nil
}

func check(v *Verifier, text string, at time.Time) (Claims, *protocol.Error) {
	t, err := v.Parse(text)
	if err != nil {
		return Claims{}, err
	}
	return v.Validate(t, verify(t), at)
}

// with returns the good claims with one replaced or added, or, for "", removed.
func with(name, raw string) string {
	body := good
	if i := strings.Index(body, `"`+name+`":`); i >= 0 {
		end := i + strings.IndexByte(body[i:], ':') + 1
		depth := 0
	value:
		for ; end < len(body); end++ {
			switch body[end] {
			case '[', '{':
				depth++
			case ']', '}':
				if depth == 0 {
					break value
				}
				depth--
			case ',':
				if depth == 0 {
					end++
					break value
				}
			}
		}
		body = body[:i] + body[end:]
		body = strings.Replace(body, ",}", "}", 1)
	}
	if raw == "" {
		return body
	}
	return `{"` + name + `":` + raw + "," + body[1:]
}

// S2: “"user_id": "2441f8c8-0e14-4a71-8f32-8cbbf80382ae", "email": "user@example.com", "name": "John Doe"”.
func TestGoodToken(t *testing.T) {
	v := &Verifier{Issuer: issuer}
	c, err := check(v, sign(rs256, good), now)
	if err != nil {
		t.Fatal(err, err.Reason)
	}
	want := Claims{
		Subject: "2441f8c8-0e14-4a71-8f32-8cbbf80382ae", Email: "user@example.com", Name: "John Doe", ID: "token_unique_id",
		IssuedAt: time.Unix(1736243900, 0).UTC(), ExpiresAt: time.Unix(1736244900, 0).UTC(),
	}
	if c != want {
		t.Errorf("got %+v\nwant %+v", c, want)
	}
}

// TestAttacks: each case is what an attacker tries. One without a key can write any header
// and any claims. One with an account has a true signature over honest claims. The cases
// with a true signature over odd claims are those of a careless issuer.
//
// S1: "All tokens are verified for signature" and "Expired tokens are rejected".
func TestAttacks(t *testing.T) {
	hs256 := func() string {
		input := b64(`{"alg":"HS256","kid":"k1"}`) + "." + b64(good)
		m := hmac.New(sha256.New, signer().N.Bytes())
		m.Write([]byte(input))
		return input + "." + b64(string(m.Sum(nil)))
	}()
	true_ := sign(rs256, good)
	parts := strings.Split(true_, ".")
	other := b64(strings.Replace(good, "2441f8c8", "00000000", 1))
	big := func(n int) string { // a token of exactly n bytes, or of the next length that base64 allows
		for pad := 0; ; pad++ {
			if s := sign(rs256, with("pad", `"`+strings.Repeat("x", pad)+`"`)); len(s) >= n {
				return s
			} else if n-len(s) > 8 {
				pad += (n - len(s)) * 3 / 5
			}
		}
	}
	for _, c := range []struct{ power, token, reason string }{
		{"says nothing", "", ReasonMissing},
		{"says no algorithm is needed", b64(`{"alg":"none","kid":"k1"}`) + "." + b64(good) + ".", ReasonAlgorithm},
		{"says NoNe", b64(`{"alg":"NoNe"}`) + "." + b64(good) + "." + parts[2], ReasonAlgorithm},
		{"says rs256 in lower case", b64(`{"alg":"rs256"}`) + "." + b64(good) + "." + parts[2], ReasonAlgorithm},
		{"signs with the public key as an HMAC secret", hs256, ReasonAlgorithm},
		{"uses RS512 with the true key", sign(`{"alg":"RS512","kid":"k1"}`, good), ReasonAlgorithm},
		{"uses PS256", sign(`{"alg":"PS256","kid":"k1"}`, good), ReasonAlgorithm},
		{"leaves alg out", sign(`{"kid":"k1"}`, good), ReasonAlgorithm},
		{"has a list as alg", sign(`{"alg":["RS256"]}`, good), ReasonAlgorithm},
		{"names alg twice, the good one first", sign(`{"alg":"RS256","alg":"none"}`, good), ReasonMalformed},
		{"names alg twice, spelt with an escape", sign(`{"alg":"none","\u0061lg":"RS256"}`, good), ReasonMalformed},
		{"has crit", sign(`{"alg":"RS256","kid":"k1","crit":["exp"]}`, good), ReasonMalformed},
		{"has a kid of 129 bytes", sign(`{"alg":"RS256","kid":"`+strings.Repeat("k", 129)+`"}`, good), ReasonMalformed},
		{"has a number as kid", sign(`{"alg":"RS256","kid":1}`, good), ReasonMalformed},
		{"swaps the claims", parts[0] + "." + other + "." + parts[2], ReasonSignature},
		{"cuts the signature", parts[0] + "." + parts[1] + "." + parts[2][:300], ReasonSignature},
		{"drops the signature", parts[0] + "." + parts[1] + ".", ReasonMalformed},
		{"has two parts", parts[0] + "." + parts[1], ReasonMalformed},
		{"has four parts", true_ + ".x", ReasonMalformed},
		{"pads the base64", parts[0] + "==." + parts[1] + "." + parts[2], ReasonMalformed},
		{"uses plain base64", "+" + parts[0] + "." + parts[1] + "." + parts[2], ReasonMalformed},
		{"puts a line break into the signature", parts[0] + "." + parts[1] + "." + parts[2][:8] + "\n" + parts[2][8:], ReasonMalformed},
		{"sets bits behind the signature's end", parts[0] + "." + parts[1] + "." + trailing(parts[2]), ReasonMalformed},
		{"is 8 kB and one byte", big(protocol.TokenBytes + 1), ReasonTooLarge},
		{"names user_id twice", sign(rs256, `{"user_id":"victim",`+good[1:]), ReasonMalformed},
		{"names exp twice", sign(rs256, `{"exp":9999999999,`+good[1:]), ReasonMalformed},
		{"nests deeply", sign(rs256, with("x", strings.Repeat("[", 32)+strings.Repeat("]", 32))), ReasonMalformed},
		{"writes no UTF-8", sign(rs256, with("name", "\"\xff\"")), ReasonMalformed},
		{"is an array", sign(rs256, `[]`), ReasonMalformed},
		{"adds text behind the claims", sign(rs256, good+`{}`), ReasonMalformed},
		{"comes from another issuer", sign(rs256, with("iss", `"https://evil.example"`)), ReasonIssuer},
		{"adds a slash to the issuer", sign(rs256, with("iss", `"`+issuer+`/"`)), ReasonIssuer},
		{"has no issuer", sign(rs256, with("iss", "")), ReasonClaimMissing},
		{"has a list as issuer", sign(rs256, with("iss", `["`+issuer+`"]`)), ReasonMalformed},
		{"has no exp", sign(rs256, with("exp", "")), ReasonClaimMissing},
		{"has no iat", sign(rs256, with("iat", "")), ReasonClaimMissing},
		{"has no user_id and no e-mail", sign(rs256, strings.Replace(with("user_id", ""), `"email":"User@Example.com",`, "", 1)), ReasonClaimMissing},
		{"has an empty user_id and no e-mail", sign(rs256, strings.Replace(with("user_id", `""`), `"email":"User@Example.com",`, "", 1)), ReasonClaimMissing},
		{"has no user_id, but an e-mail", sign(rs256, with("user_id", "")), ReasonClaimMissing},
		{"has an empty user_id and an e-mail", sign(rs256, with("user_id", `""`)), ReasonClaimMissing},
		{"has user_id null and an e-mail", sign(rs256, with("user_id", `null`)), ReasonClaimMissing},
		{"has a fraction as user_id", sign(rs256, with("user_id", `7.0`)), ReasonMalformed},
		{"has a list as user_id", sign(rs256, with("user_id", `["2441f8c8-0e14-4a71-8f32-8cbbf80382ae"]`)), ReasonMalformed},
		{"has a filler in user_id", sign(rs256, with("user_id", `"2441f8c8-0e14-4a71-8f32-8cbbf80382aeㅤ"`)), ReasonMalformed},
		{"has a line break in user_id", sign(rs256, with("user_id", `"a\nb"`)), ReasonMalformed},
		{"has a user_id of 257 bytes", sign(rs256, with("user_id", `"`+strings.Repeat("u", 257)+`"`)), ReasonMalformed},
		{"has exp as a string", sign(rs256, with("exp", `"1736244900"`)), ReasonMalformed},
		{"has exp null", sign(rs256, with("exp", `null`)), ReasonMalformed},
		{"has a negative exp", sign(rs256, with("exp", `-1`)), ReasonMalformed},
		{"has exp 0", sign(rs256, with("exp", `0`)), ReasonMalformed},
		{"has exp 1e400", sign(rs256, with("exp", `1e400`)), ReasonMalformed},
		{"has exp beyond any calendar", sign(rs256, with("exp", `9223372036854775807`)), ReasonMalformed},
		{"was issued tomorrow", sign(rs256, with("iat", `1736330400`)), ReasonNotYetValid},
		{"is valid from tomorrow", sign(rs256, with("nbf", `1736330400`)), ReasonNotYetValid},
		{"has nbf as a string", sign(rs256, with("nbf", `"0"`)), ReasonMalformed},
		{"expired", sign(rs256, with("exp", `1736243990`)), ReasonExpired},
		{"is a refresh token", sign(rs256, with("token_type", `"refresh"`)), ReasonWrongType},
		{"has token_type true", sign(rs256, with("token_type", `true`)), ReasonMalformed},
		{"writes USER_ID beside user_id", sign(rs256, with("USER_ID", `"victim"`)), ""},
		{"brings its own key along", sign(`{"alg":"RS256","kid":"k1","jwk":{"kty":"RSA"},"jku":"https://evil.example","x5u":"https://evil.example"}`, good), ""},
		{"has a fraction in exp", sign(rs256, with("exp", `1736244900.5`)), ""},
		{"has a kid that is a path", sign(`{"alg":"RS256","kid":"../../dev/null"}`, good), ""},
		{"is 8 kB", big(protocol.TokenBytes - 3), ""},
	} {
		t.Run(c.power, func(t *testing.T) {
			claims, err := check(&Verifier{Issuer: issuer}, c.token, now)
			switch {
			case c.reason == "" && err != nil:
				t.Errorf("refused with %s %s", err.Code, err.Reason)
			case c.reason == "" && claims.Subject != "2441f8c8-0e14-4a71-8f32-8cbbf80382ae":
				t.Errorf("subject %q", claims.Subject)
			case c.reason != "" && err == nil:
				t.Errorf("accepted: %+v", claims)
			case c.reason != "" && err.Reason != c.reason:
				t.Errorf("reason %s, want %s", err.Reason, c.reason)
			case c.reason != "" && (err.Code == protocol.TokenExpired) != (c.reason == ReasonExpired):
				t.Errorf("code %s", err.Code)
			}
		})
	}
}

// trailing sets a bit of the last character that 256 bytes do not use.
func trailing(s string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	i := strings.IndexByte(digits, s[len(s)-1])
	return s[:len(s)-1] + digits[i|1:i|1+1]
}

// S2: “"details": { "reason": "token_expired", "expired_at": "2025-01-07T10:00:00Z" }”
// and "Max Age | Must not be expired".
func TestClock(t *testing.T) {
	v := &Verifier{Issuer: issuer, Leeway: DefaultLeeway}
	text := sign(rs256, good)
	exp, iat := time.Unix(1736244900, 0), time.Unix(1736243900, 0)
	for _, c := range []struct {
		at     time.Time
		reason string
	}{
		{exp.Add(DefaultLeeway - time.Second), ""},
		{exp.Add(DefaultLeeway), ReasonExpired},
		{iat.Add(-DefaultLeeway), ""},
		{iat.Add(-DefaultLeeway - time.Second), ReasonNotYetValid},
	} {
		_, err := check(v, text, c.at)
		if got := reasonOf(err); got != c.reason {
			t.Errorf("at exp%+v: %q, want %q", c.at.Sub(exp), got, c.reason)
		}
	}
	_, err := check(v, text, exp.Add(time.Hour))
	body := string(err.AppendJSON(nil))
	if !strings.Contains(body, `"details":{"reason":"token_expired","expired_at":"2025-01-07T10:15:00Z"}`) {
		t.Errorf("not seed S2's shape: %s", body)
	}
}

func TestAudience(t *testing.T) {
	v := &Verifier{Issuer: issuer, Audience: []string{"holdfast", "phone"}}
	for raw, reason := range map[string]string{
		"":                     ReasonClaimMissing,
		`"holdfast"`:           "",
		`["other","holdfast"]`: "",
		`"phone"`:              "",
		`"holdfast phone"`:     ReasonAudience,
		`"HOLDFAST"`:           ReasonAudience,
		`"other"`:              ReasonAudience,
		`["other"]`:            ReasonAudience,
		`7`:                    ReasonClaimMissing,
		`[7]`:                  ReasonMalformed,
	} {
		_, err := check(v, sign(rs256, with("aud", raw)), now)
		if got := reasonOf(err); got != reason {
			t.Errorf("aud %s: %q, want %q", raw, got, reason)
		}
	}
}

func reasonOf(err *protocol.Error) string {
	if err == nil {
		return ""
	}
	return err.Reason
}

// FuzzParse: golang-jwt's parser accepts every token that Parse accepts, and understands it alike.
func FuzzParse(f *testing.F) {
	f.Add(sign(rs256, good))
	f.Add(sign(rs256, `{"a":[1,{"b":null,"c":[]},true,-1.5e300,"\ud800\u00e9/\/"],"exp":99999999999999999999}`))
	f.Add("..")
	parser := jwt.NewParser(jwt.WithValidMethods([]string{Algorithm}), jwt.WithStrictDecoding(), jwt.WithJSONNumber())
	f.Fuzz(func(t *testing.T, text string) {
		v := &Verifier{Issuer: issuer}
		tok, err := v.Parse(text)
		if err != nil {
			return
		}
		if !strings.HasPrefix(text, tok.Input+".") || len(tok.KeyID) > keyIDBytes {
			t.Fatalf("input %q, kid %q", tok.Input, tok.KeyID)
		}
		theirs := jwt.MapClaims{}
		if _, _, err := parser.ParseUnverified(text, theirs); err != nil {
			t.Fatalf("golang-jwt does not take it: %v", err)
		}
		if !reflect.DeepEqual(theirs, tok.claims) {
			t.Fatalf("claims %#v, golang-jwt reads %#v", tok.claims, theirs)
		}
		v.Validate(tok, true, now)
	})
}
