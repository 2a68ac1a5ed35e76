package token

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// TestBestCurrentPractices goes through RFC 8725, JSON Web Token Best Current Practices, section
// by section: what an attacker tries, with which power, and how it ends. Every token but those of
// 3.1 and 3.3 has a true signature of the issuer: the attacker had the issuer write it, or has one
// that the issuer wrote for another purpose.
func TestBestCurrentPractices(t *testing.T) {
	parts := strings.Split(sign(rs256, good), ".")
	under := func(head string) string { return sign(head, good) }
	claims := func(body string) string { return sign(rs256, body) }
	own := func() string { // what an attacker with a key of their own can make
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
		s, _ := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
		return parts[0] + "." + parts[1] + "." + b64(string(s))
	}()
	bomb := strings.Repeat(`[`, 2900) + strings.Repeat(`]`, 2900)
	objects := strings.Repeat(`{"a":`, 900) + "1" + strings.Repeat(`}`, 900)
	for _, c := range []struct{ section, power, token, reason string }{
		{"3.1 algorithm verification", "writes any header: none", b64(`{"alg":"none"}`) + "." + parts[1] + ".", ReasonAlgorithm},
		{"3.1 algorithm verification", "writes any header: HS256 keyed with the public key", b64(`{"alg":"HS256"}`) + "." + parts[1] + "." + b64(strings.Repeat("m", 32)), ReasonAlgorithm},
		{"3.1 algorithm verification", "writes any header: Rs256", under(`{"alg":"Rs256","kid":"k1"}`), ReasonAlgorithm},
		{"3.1 algorithm verification", "writes any header: RS256 and a space", under(`{"alg":"RS256 ","kid":"k1"}`), ReasonAlgorithm},
		{"3.1 algorithm verification", "writes any header: RS256 and a zero byte", under(`{"alg":"RS256\u0000","kid":"k1"}`), ReasonAlgorithm},
		{"3.1 algorithm verification", "writes any header: a long s that folds to S", under(`{"alg":"R\u017f256","kid":"k1"}`), ReasonAlgorithm},
		{"3.1 algorithm verification", "writes any header: ALG beside alg", under(`{"ALG":"none","alg":"RS256","kid":"k1"}`), ""},
		{"3.1 algorithm verification", "writes any header: alg null", under(`{"alg":null,"kid":"k1"}`), ReasonAlgorithm},
		{"3.2 appropriate algorithms", "has the issuer sign with RS384", under(`{"alg":"RS384","kid":"k1"}`), ReasonAlgorithm},
		{"3.2 appropriate algorithms", "has the issuer sign with ES256", under(`{"alg":"ES256","kid":"k1"}`), ReasonAlgorithm},
		{"3.3 all cryptographic operations", "has a key of their own", own, ReasonSignature},
		{"3.3 all cryptographic operations", "adds a byte to a true signature", parts[0] + "." + parts[1] + "." + parts[2] + "AA", ReasonSignature},
		{"3.3 all cryptographic operations", "puts a zero before a true signature", parts[0] + "." + parts[1] + "." + "AAAA" + parts[2], ReasonSignature},
		{"3.3 all cryptographic operations", "signs with nothing but zeros", parts[0] + "." + parts[1] + "." + strings.Repeat("A", 342), ReasonSignature},
		{"3.3 all cryptographic operations", "leaves the signature out", parts[0] + "." + parts[1] + ".", ReasonMalformed},
		{"3.3 all cryptographic operations", "nests: signs a token inside a token", sign(`{"alg":"RS256","kid":"k1","cty":"JWT"}`, sign(rs256, good)), ReasonMalformed},
		{"3.4 cryptographic inputs", "says the payload is not encoded", under(`{"alg":"RS256","kid":"k1","b64":false}`), ReasonMalformed},
		{"3.4 cryptographic inputs", "says so in crit too", under(`{"alg":"RS256","kid":"k1","b64":false,"crit":["b64"]}`), ReasonMalformed},
		{"3.4 cryptographic inputs", "sends an encrypted token", "a.b.c.d.e", ReasonMalformed},
		{"3.6 compression", "says the payload is compressed", under(`{"alg":"RS256","kid":"k1","zip":"DEF"}`), ReasonMalformed},
		{"3.7 UTF-8", "writes Latin-1", claims(with("name", "\"J\xfcrgen\"")), ReasonMalformed},
		{"3.7 UTF-8", "writes an overlong slash", claims(with("user_id", "\"a\xc0\xafb\"")), ReasonMalformed},
		{"3.7 UTF-8", "writes UTF-16", claims("\xff\xfe{\x00}\x00"), ReasonMalformed},
		{"3.7 UTF-8", "begins with a byte order mark", claims("\ufeff" + good), ReasonMalformed},
		{"3.7 UTF-8", "writes half a surrogate pair", claims(with("user_id", `"a\ud800"`)), ReasonMalformed},
		{"3.8 issuer and subject", "is of another issuer", claims(with("iss", `"https://api.materi.dev.evil.example"`)), ReasonIssuer},
		{"3.8 issuer and subject", "spells the issuer in capitals", claims(with("iss", `"https://API.materi.dev"`)), ReasonIssuer},
		{"3.8 issuer and subject", "has no subject", claims(strings.Replace(with("user_id", `""`), `"email":"User@Example.com",`, "", 1)), ReasonClaimMissing},
		{"3.9 audience", "was given it for another service", claims(with("aud", `"https://elsewhere.example"`)), ReasonAudience},
		{"3.9 audience", "has an empty audience", claims(with("aud", `[]`)), ReasonClaimMissing},
		{"3.10 received claims", "names a file as the key", under(`{"alg":"RS256","kid":"/proc/self/environ"}`), "unknown"},
		{"3.10 received claims", "names a row as the key", under(`{"alg":"RS256","kid":"k1' OR '1'='1"}`), "unknown"},
		{"3.10 received claims", "names a property as the key", under(`{"alg":"RS256","kid":"__proto__"}`), "unknown"},
		{"3.10 received claims", "names the key with a zero byte", under(`{"alg":"RS256","kid":"k1\u0000"}`), "unknown"},
		{"3.10 received claims", "says where a key is", under(`{"alg":"RS256","kid":"k2","jku":"https://evil.example/jwks","x5u":"https://evil.example/c"}`), "unknown"},
		{"3.10 received claims", "brings a key", under(`{"alg":"RS256","kid":"k2","jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"},"x5c":["MIIB"]}`), "unknown"},
		{"3.11 explicit typing", "has a logout token", under(`{"alg":"RS256","typ":"logout+jwt","kid":"k1"}`), ReasonWrongType},
		{"3.11 explicit typing", "has a DPoP proof", under(`{"alg":"RS256","typ":"dpop+jwt","kid":"k1"}`), ReasonWrongType},
		{"3.11 explicit typing", "has a security event", under(`{"alg":"RS256","typ":"application/secevent+jwt","kid":"k1"}`), ReasonWrongType},
		{"3.11 explicit typing", "has a list as typ", under(`{"alg":"RS256","typ":["JWT"],"kid":"k1"}`), ReasonWrongType},
		{"3.11 explicit typing", "has RFC 9068's access token", under(`{"alg":"RS256","typ":"at+jwt","kid":"k1"}`), ""},
		{"3.11 explicit typing", "has it spelt in full", under(`{"alg":"RS256","typ":"application/AT+JWT","kid":"k1"}`), ""},
		{"3.12 mutually exclusive rules", "has a refresh token", claims(with("token_type", `"refresh"`)), ReasonWrongType},
		{"3.12 mutually exclusive rules", "has a token_type in capitals", claims(with("token_type", `"ACCESS"`)), ReasonWrongType},

		{"2.x sizes", "writes a bomb of arrays", claims(`{"a":` + bomb[:2800] + bomb[len(bomb)-2800:] + `}`), ReasonMalformed},
		{"2.x sizes", "writes a bomb of objects", claims(objects), ReasonMalformed},
		{"2.x sizes", "writes the bomb into the header", sign(`{"alg":"RS256","x":`+strings.Repeat("[", 2000)+strings.Repeat("]", 2000)+`}`, good), ReasonMalformed},
		{"2.x numbers", "has exp as a huge float", claims(with("exp", `1e308`)), ReasonMalformed},
		{"2.x numbers", "has exp as a number of a thousand digits", claims(with("exp", strings.Repeat("9", 1000))), ReasonMalformed},
		{"2.x numbers", "has exp as -0", claims(with("exp", `-0`)), ReasonMalformed},
		{"2.x numbers", "has exp as true", claims(with("exp", `true`)), ReasonMalformed},
		{"2.x numbers", "has exp as a list", claims(with("exp", `[1736244900]`)), ReasonMalformed},
		{"2.x numbers", "has iat as a string", claims(with("iat", `"1736243900"`)), ReasonMalformed},
		{"2.x numbers", "has a negative nbf", claims(with("nbf", `-5`)), ReasonMalformed},
		{"2.x numbers", "has exp with an exponent, which is a number", claims(with("exp", `1.7362449e9`)), ""},
		{"2.x unicode", "has a user id that shows as another's", claims(with("user_id", `"usr_\u200bowner"`)), ReasonMalformed},
		{"2.x unicode", "has a user id written backwards", claims(with("user_id", `"\u202erenwo_rsu"`)), ReasonMalformed},
		{"2.x unicode", "has a user id with a tag character", claims(with("user_id", `"usr_owner\udb40\udc41"`)), ReasonMalformed},
		{"2.x unicode", "has a line separator in the name, for the log", claims(with("name", `"a\u2028b"`)), ""},
		{"2.x unicode", "has a C1 control in the jti", claims(with("jti", `"a\u009bb"`)), ReasonMalformed},
		{"2.x unicode", "has a name in Persian, with the joiner it is written with", claims(with("name", `"\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"`)), ""},
		{"2.x duplicates", "names user_id twice, once with an escape", claims(`{"user\u005fid":"victim",` + good[1:]), ReasonMalformed},
		{"2.x duplicates", "names kid twice", under(`{"alg":"RS256","kid":"k1","kid":"k2"}`), ReasonMalformed},
		{"2.x duplicates", "hides a second one deeper, where it is another", claims(with("x", `{"user_id":"victim"}`)), ""},
	} {
		t.Run(c.section+": "+c.power, func(t *testing.T) {
			v := &Verifier{Issuer: issuer}
			if strings.HasPrefix(c.section, "3.9") {
				v.Audience = []string{"holdfast"}
			}
			got := verdict(v, c.token)
			if got != c.reason {
				t.Errorf("%q, want %q", got, c.reason)
			}
		})
	}
}

// verdict takes all three steps, with the signer's key under the name k1.
func verdict(v *Verifier, text string) string {
	tok, err := v.Parse(text)
	if err != nil {
		return err.Reason
	}
	if _, decision, _ := NewStatic(Key{ID: "k1", fits: []string{Algorithm}}).Lookup(tok, false, now); decision != Use {
		return "unknown"
	}
	claims, err := v.Validate(tok, verify(tok), now)
	if err != nil {
		return err.Reason
	}
	if claims.Subject != "2441f8c8-0e14-4a71-8f32-8cbbf80382ae" {
		return "taken for " + claims.Subject
	}
	return ""
}

// TestWeakKeys. Section 3.5: a key that an attacker can find is refused. Section 3.4: so is one that
// proves nothing, or that is for another purpose.
func TestWeakKeys(t *testing.T) {
	n := modulus(2048)
	for power, jwk := range map[string]string{
		"factors 1024 bits":              `{"kty":"RSA","n":"` + modulus(1024) + `","e":"AQAB"}`,
		"reads a shared secret":          `{"kty":"oct","k":"cGFzc3dvcmQ"}`,
		"has e = 1":                      `{"kty":"RSA","n":"` + n + `","e":"AQ"}`,
		"has a key for encryption":       `{"kty":"RSA","use":"enc","n":"` + n + `","e":"AQAB"}`,
		"has a key that encrypts":        `{"kty":"RSA","key_ops":["encrypt","wrapKey"],"n":"` + n + `","e":"AQAB"}`,
		"has a key with ops of no shape": `{"kty":"RSA","key_ops":"verify","n":"` + n + `","e":"AQAB"}`,
		"has an elliptic key":            `{"kty":"EC","crv":"P-256","x":"AQAB","y":"AQAB"}`,
	} {
		if key, err := PublicKey([]byte(jwk)); err == nil {
			t.Errorf("who %s: %s", power, key.JWK)
		}
	}
	if _, err := PublicKey([]byte(`{"kty":"RSA","key_ops":["verify"],"n":"` + n + `","e":"AQAB"}`)); err != nil {
		t.Error(err)
	}
}

// TestEmailsStayApart: where the e-mail is the subject, two people's e-mails never become one.
func TestEmailsStayApart(t *testing.T) {
	subject := func(email string) string {
		c, err := check(&Verifier{Subject: EmailClaim, EmailsVerified: true}, sign(rs256, strings.Replace(good, "User@Example.com", email, 1)), now)
		if err != nil {
			return err.Reason
		}
		return c.Subject
	}
	if subject("KIM@Example.com") != subject("kim@example.com") {
		t.Error("capitals make another person")
	}
	for _, other := range []string{"\u212aim@example.com", "k\u0131m@example.com", "ki\u0301m@example.com"} {
		if subject(other) == subject("kim@example.com") {
			t.Errorf("%q is taken for kim", other)
		}
	}
}

// TestTooLargeCostsNothing: Parse does not take apart a text that is too large.
func TestTooLargeCostsNothing(t *testing.T) {
	text := strings.Repeat(".", protocol.TokenBytes+1)
	if n := testing.AllocsPerRun(10, func() { (&Verifier{}).Parse(text) }); n > 2 {
		t.Errorf("%v allocations", n)
	}
}
