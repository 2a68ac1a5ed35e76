package front

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

const identityPage = "../IDENTITY.md"

// provider is a token of the shape that a provider's own page describes, and what stands in it for the words in
// capitals of our table.
type provider struct {
	words  []string // for strings.NewReplacer
	header string
	token  string
	user   string
	// refused are changes that make it another's token, by what it then is: "claim", value, and the reason.
	refused map[string][3]string
}

// providers have their tokens from the pages that the table links, where those show one with its values and times
// (2026-12-02); the others are put together from the claims that the page lists.
var providers = map[string]provider{
	"Auth0": {
		words:  []string{"TENANT", "my-domain", "API_IDENTIFIER", "https://example.com/health-api"},
		header: `{"alg":"RS256","typ":"at+jwt","kid":"k1"}`,
		token: `{"iss":"https://my-domain.auth0.com/","sub":"auth0|123456","aud":["https://example.com/health-api","https://my-domain.auth0.com/userinfo"],
			"client_id":"my_client_id","exp":1311281970,"iat":1311280970,"jti":"73WakrfVbNJBaAmhQtEeDv","scope":"openid profile read:patients read:admin","my_custom_claim":"my_custom_value"}`,
		user: "auth0|123456",
		refused: map[string][3]string{
			"an ID token":              {"aud", `"my_client_id"`, "audience_mismatch"},
			"another API's":            {"aud", `["https://example.com/billing-api","https://my-domain.auth0.com/userinfo"]`, "audience_mismatch"},
			"another tenant's":         {"iss", `"https://other.auth0.com/"`, "issuer_mismatch"},
			"its issuer without slash": {"iss", `"https://my-domain.auth0.com"`, "issuer_mismatch"},
		},
	},
	"Clerk": {
		words:  []string{"FRONTEND_API", "clerk.your-site.com", "APP_ORIGIN", "https://example.com"},
		header: `{"alg":"RS256","cat":"cl_B7d4PD111AAA","kid":"k1","typ":"JWT"}`,
		token: `{"azp":"https://example.com","exp":1516239082,"fva":[7,-1],"iat":1516239022,"iss":"https://clerk.your-site.com","jti":"a1b2c3d4e5f6a7b8c9d0","nbf":1516239012,
			"o":{"id":"org_123","slg":"org-slug","rol":"admin","per":"read,manage","fpm":"3,2"},"fea":"o:dashboard,o:teams","pla":"u:free","sid":"sess_123","sts":"active","sub":"user_123","v":2}`,
		user: "user_123",
		refused: map[string][3]string{
			"another app's on a subdomain": {"azp", `"https://evil.example.com"`, "audience_mismatch"},
			"one without an origin":        {"azp", ``, "claim_missing"},
			"another instance's":           {"iss", `"https://clerk.other-site.com"`, "issuer_mismatch"},
			"one made for another service": {"aud", `"https://hasura.example.com"`, "audience_mismatch"},
		},
	},
	"Keycloak": {
		words:  []string{"HOST", "sso.example.com", "REALM", "acme", "CLIENT", "holdfast"},
		header: `{"alg":"RS256","typ":"JWT","kid":"k1"}`,
		token: `{"exp":1700000300,"iat":1700000000,"auth_time":1699999990,"jti":"onrtac:5f3b9a2e-7f5a-4b64-a9a5-3f0a2b7f4d1c","iss":"https://sso.example.com/realms/acme","aud":["holdfast","account"],
			"sub":"f3a1c0de-2f53-4d0c-8f6e-0c1b2a3d4e5f","typ":"Bearer","azp":"web","sid":"0f6a1d2c","acr":"1","allowed-origins":["https://app.example.com"],"realm_access":{"roles":["offline_access","uma_authorization"]},
			"resource_access":{"account":{"roles":["manage-account","view-profile"]}},"scope":"openid profile email","email_verified":false,"name":"Alice Liddell","preferred_username":"alice","email":"alice@example.com"}`,
		user: "f3a1c0de-2f53-4d0c-8f6e-0c1b2a3d4e5f",
		refused: map[string][3]string{
			"one without the mapper": {"aud", `"account"`, "audience_mismatch"},
			"one of no audience":     {"aud", ``, "claim_missing"},
			"an ID token":            {"aud", `"web"`, "audience_mismatch"},
			"another realm's":        {"iss", `"https://sso.example.com/realms/master"`, "issuer_mismatch"},
		},
	},
	"Microsoft Entra": {
		words:  []string{"TENANT_ID", "aaaabbbb-0000-cccc-1111-dddd2222eeee", "API_CLIENT_ID", "00001111-aaaa-2222-bbbb-3333cccc4444"},
		header: `{"typ":"JWT","alg":"RS256","kid":"k1"}`,
		token: `{"aud":"00001111-aaaa-2222-bbbb-3333cccc4444","iss":"https://login.microsoftonline.com/aaaabbbb-0000-cccc-1111-dddd2222eeee/v2.0","iat":1537231048,"nbf":1537231048,"exp":1537234948,
			"aio":"AXQAi/8IAAAA","azp":"11112222-bbbb-3333-cccc-4444dddd5555","azpacr":"0","name":"Abe Lincoln","oid":"aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb","preferred_username":"AbeLi@microsoft.com",
			"rh":"I","scp":"access_as_user","sub":"HKZpfaHyWadeOouYlitjrI-KffTm222X5rrV3xDqfKQ","tid":"aaaabbbb-0000-cccc-1111-dddd2222eeee","uti":"fqiBqXLPj0eQa82S-IYFAA","ver":"2.0"}`,
		user: "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb",
		refused: map[string][3]string{
			"another app's":         {"aud", `"22223333-cccc-4444-dddd-5555eeee6666"`, "audience_mismatch"},
			"one for Graph":         {"aud", `"00000003-0000-0000-c000-000000000000"`, "audience_mismatch"},
			"another tenant's":      {"iss", `"https://login.microsoftonline.com/bbbbcccc-1111-dddd-2222-eeee3333ffff/v2.0"`, "issuer_mismatch"},
			"a token of version 1":  {"iss", `"https://sts.windows.net/aaaabbbb-0000-cccc-1111-dddd2222eeee/"`, "issuer_mismatch"},
			"one without a profile": {"oid", ``, "claim_missing"},
		},
	},
	"Amazon Cognito": {
		words:  []string{"REGION", "us-west-2", "POOL_ID", "us-west-2_example", "APP_CLIENT_ID", "57cbishk4j24pabc1234567890"},
		header: `{"kid":"k1","alg":"RS256"}`,
		token: `{"sub":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","device_key":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","cognito:groups":["admin"],"token_use":"access","scope":"aws.cognito.signin.user.admin",
			"auth_time":1562190524,"iss":"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_example","exp":1562194124,"iat":1562190524,"origin_jti":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
			"jti":"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee","client_id":"57cbishk4j24pabc1234567890","username":"janedoe@example.com"}`,
		user: "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
		refused: map[string][3]string{
			"another app client's":  {"client_id", `"1example23456789"`, "audience_mismatch"},
			"an ID token":           {"client_id", ``, "claim_missing"},
			"one bound to a server": {"aud", `"https://solar-system-data.example"`, "audience_mismatch"},
			"another pool's":        {"iss", `"https://cognito-idp.us-west-2.amazonaws.com/us-west-2_other"`, "issuer_mismatch"},
		},
	},
	"Firebase": {
		words:  []string{"PROJECT_ID", "ingridio-abc12"},
		header: `{"alg":"RS256","kid":"k1","typ":"JWT"}`,
		token: `{"iss":"https://securetoken.google.com/ingridio-abc12","aud":"ingridio-abc12","auth_time":1747844293,"user_id":"jD7eF2XwFDPAGxe7NA44uLhOGp63","sub":"jD7eF2XwFDPAGxe7NA44uLhOGp63",
			"iat":1747844293,"exp":1747847893,"email":"test@example.com","email_verified":false,"firebase":{"identities":{"email":["test@example.com"]},"sign_in_provider":"password"}}`,
		user: "jD7eF2XwFDPAGxe7NA44uLhOGp63",
		refused: map[string][3]string{
			"another project's":         {"iss", `"https://securetoken.google.com/other-project"`, "issuer_mismatch"},
			"another project's, in aud": {"aud", `"other-project"`, "audience_mismatch"},
		},
	},
	"Google": {
		words:  []string{"CLIENT_ID", "1234987819200.apps.googleusercontent.com"},
		header: `{"alg":"RS256","kid":"k1","typ":"JWT"}`,
		token: `{"iss":"https://accounts.google.com","azp":"1234987819200.apps.googleusercontent.com","aud":"1234987819200.apps.googleusercontent.com","sub":"10769150350006150715113082367",
			"at_hash":"HK6E_P6Dh8Y93mRNtsDB1Q","hd":"example.com","email":"jsmith@example.com","email_verified":true,"iat":1353601026,"exp":1353604926,"nonce":"0394852-3190485-2490358"}`,
		user: "10769150350006150715113082367",
		refused: map[string][3]string{
			"another app's":    {"aud", `"407408718192.apps.googleusercontent.com"`, "audience_mismatch"},
			"the old issuer's": {"iss", `"accounts.google.com"`, "issuer_mismatch"},
		},
	},
	"Supabase": {
		words:  []string{"PROJECT", "abcdefghijklmnopqrst"},
		header: `{"alg":"ES256","kid":"k1","typ":"JWT"}`,
		token: `{"aal":"aal1","amr":[{"method":"password","timestamp":1640991600}],"app_metadata":{"provider":"email","providers":["email"]},"aud":"authenticated","email":"user@example.com",
			"exp":1640995200,"iat":1640991600,"iss":"https://abcdefghijklmnopqrst.supabase.co/auth/v1","phone":"","role":"authenticated","session_id":"123e4567-e89b-12d3-a456-426614174000",
			"sub":"123e4567-e89b-12d3-a456-426614174000","user_metadata":{"name":"John Doe"},"is_anonymous":false}`,
		user: "123e4567-e89b-12d3-a456-426614174000",
		refused: map[string][3]string{
			"another project's":      {"iss", `"https://zyxwvutsrqponmlkjihg.supabase.co/auth/v1"`, "issuer_mismatch"},
			"the anon key's":         {"iss", `"supabase"`, "issuer_mismatch"},
			"an audience of no user": {"aud", `"anon"`, "audience_mismatch"},
		},
	},
	"Okta": {
		words:  []string{"DOMAIN", "dev-123.okta.com", "SERVER_ID", "default", "API_AUDIENCE", "https://api.example.com"},
		header: `{"alg":"RS256","kid":"k1"}`,
		token: `{"ver":1,"jti":"AT.0mP4JKAZX1iACIT4vbEDF7LpvDVjxypPMf0D7uX39RE","iss":"https://dev-123.okta.com/oauth2/default","aud":"https://api.example.com","sub":"alice@example.com",
			"iat":1467145094,"exp":1467148694,"cid":"nmdP1fcyvdVO11AL7ECm","uid":"00ujmkLgagxeRrAg20g3","scp":["openid","email","flights","custom"],"custom_claim":"CustomValue"}`,
		user: "00ujmkLgagxeRrAg20g3",
		refused: map[string][3]string{
			"another API's":    {"aud", `"https://billing.example.com"`, "audience_mismatch"},
			"the org server's": {"iss", `"https://dev-123.okta.com"`, "issuer_mismatch"},
			"a program's":      {"uid", ``, "claim_missing"},
		},
	},
	"Zitadel": {
		words:  []string{"INSTANCE", "acme-a1b2c3.zitadel.cloud", "PROJECT_ID", "259242039378444290"},
		header: `{"alg":"RS256","kid":"k1","typ":"JWT"}`,
		token:  `{"iss":"https://acme-a1b2c3.zitadel.cloud","sub":"259242039378444226","aud":["259242039378444300","259242039378444290"],"exp":1700043200,"iat":1700000000,"nbf":1700000000,"client_id":"259242039378444300","jti":"V2_259242039378"}`,
		user:   "259242039378444226",
		refused: map[string][3]string{
			"another project's":  {"aud", `["359242039378444300","359242039378444290"]`, "audience_mismatch"},
			"another instance's": {"iss", `"https://other.zitadel.cloud"`, "issuer_mismatch"},
		},
	},
}

var elliptic256 = sync.OnceValue(func() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
})

// publishedKeys are the keys of a provider: the one that signs, and others that are for something else.
func publishedKeys() string {
	public := elliptic256().PublicKey
	point := `"x":"` + b64(string(public.X.FillBytes(make([]byte, 32)))) + `","y":"` + b64(string(public.Y.FillBytes(make([]byte, 32)))) + `"`
	return `{"keys":[{"kty":"RSA","use":"enc","alg":"RSA-OAEP","kid":"e1","n":"AQAB","e":"AQAB"},{"kty":"oct","kid":"o1"},{"kty":"EC","use":"sig","crv":"secp256k1","kid":"b1"},` + jwk("r1") +
		`,{"kty":"EC","use":"sig","alg":"ES256","crv":"P-256","kid":"k1",` + point + `},` + strings.Replace(jwk("k1"), "{", `{"use":"sig",`, 1) + `]}`
}

// as signs a provider's token as its header says.
func as(header, body string) string {
	if !strings.Contains(header, "ES256") {
		return sign(header, body)
	}
	input := b64(header) + "." + b64(body)
	sum := sha256.Sum256([]byte(input))
	r, s, err := ecdsa.Sign(rand.Reader, elliptic256(), sum[:])
	if err != nil {
		panic(err)
	}
	return input + "." + b64(string(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)))
}

var setting = regexp.MustCompile("`([A-Z_]+)=([^`]+)`")

// providerRows are the rows of the page's table, by the provider.
func providerRows(t *testing.T) map[string][]string {
	t.Helper()
	page, err := os.ReadFile(identityPage)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	inside := false
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
		switch first := strings.TrimSpace(cells[0]); {
		case first == "provider":
			inside = true
		case !strings.HasPrefix(line, "|"):
			inside = false
		case inside && !strings.HasPrefix(first, "---"):
			rows[first] = cells
		}
	}
	return rows
}

// TestProviders: for each provider of the table what it says to set admits the user of a token of the shape that the
// provider's page describes, and nobody with another app's token of the same provider, signed by the same key.
func TestProviders(t *testing.T) {
	rows := providerRows(t)
	for name := range providers {
		if rows[name] == nil {
			t.Errorf("%s is not in the table", name)
		}
	}
	for name, cells := range rows {
		t.Run(name, func(t *testing.T) {
			p, known := providers[name]
			if !known || len(cells) != 4 || !strings.Contains(cells[3], "](https://") {
				t.Fatalf("no token of it is known, or no page is linked: %q", cells)
			}
			env := map[string]string{}
			words := strings.NewReplacer(p.words...)
			for _, found := range setting.FindAllStringSubmatch(cells[1], -1) {
				env[found[1]] = words.Replace(found[2])
			}
			at := &published{at: map[string]map[string]any{}}
			if url := env["JWKS_URL"]; url != "" {
				at.at[url] = map[string]any{"status": 200, "body": publishedKeys()}
			} else {
				at.document(env["ISSUER"], "https://keys.example/jwks")
				at.at["https://keys.example/jwks"]["body"] = publishedKeys()
			}
			var claims map[string]json.RawMessage
			if err := json.Unmarshal([]byte(p.token), &claims); err != nil {
				t.Fatal(err)
			}
			var iat int64
			json.Unmarshal(claims["iat"], &iat)
			w := newWorker(t, env)
			w.fetch, w.now = at.fetch, time.Unix(iat, 0).Add(30*time.Second).UTC()
			if got := w.who(as(p.header, p.token)); got != p.user {
				t.Errorf("the token of its page: %s, want %s (%v)", got, p.user, w.logs)
			}
			for what, change := range p.refused {
				changed := map[string]json.RawMessage{}
				for claim, value := range claims {
					changed[claim] = value
				}
				if delete(changed, change[0]); change[1] != "" {
					changed[change[0]] = json.RawMessage(change[1])
				}
				body, _ := json.Marshal(changed)
				if got := w.who(as(p.header, string(body))); got != "- "+change[2] {
					t.Errorf("%s: %s, want %s", what, got, change[2])
				}
			}
			// The key that signs RS256 signs nothing else, and no other key of the set does.
			for _, header := range []string{`{"alg":"RS256","kid":"e1"}`, `{"alg":"HS256","kid":"o1"}`, `{"alg":"none"}`, `{"alg":"PS256","kid":"r1"}`} {
				if got := w.who(as(header, p.token)); !strings.HasPrefix(got, "- ") {
					t.Errorf("%s: %s", header, got)
				}
			}
			// As one of several it is the same, but for the prefix.
			if env["ISSUER"] == "" || env["JWKS_URL"] != "" {
				return
			}
			entry, _ := json.Marshal(map[string]string{
				"issuer": env["ISSUER"], "audience": env["AUDIENCE"], "audience_claim": orElse(env["AUDIENCE_CLAIM"], "aud"), "subject_claim": env["SUBJECT_CLAIM"], "user_prefix": "p:",
			})
			w = newWorker(t, with(embedded(), "ISSUERS", "["+string(entry)+"]"))
			w.fetch, w.now = at.fetch, time.Unix(iat, 0).Add(30*time.Second).UTC()
			if got := w.who(as(p.header, p.token)); got != "p:"+p.user {
				t.Errorf("as one of several: %s", got)
			}
		})
	}
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// TestIdentityPage: the example of several issuers works, and the table has each member once.
func TestIdentityPage(t *testing.T) {
	page, err := os.ReadFile(identityPage)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "```json\n")
	example, _, _ := strings.Cut(rest, "```")
	raw, _ := json.Marshal(map[string]string{"ISSUERS": example})
	cfg, err := ParseEnv(raw)
	if err != nil || len(cfg.Issuers) != 3 {
		t.Fatalf("the example: %v", err)
	}
	raw, _ = json.Marshal(map[string]string{"ISSUERS": `[{"?":1}]`})
	_, err = ParseEnv(raw)
	_, list, _ := strings.Cut(err.Error(), "none of ")
	members := strings.Split(strings.TrimSuffix(list, "."), ", ")
	var documented []string
	for _, found := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\|").FindAllStringSubmatch(string(page), -1) {
		documented = append(documented, found[1])
	}
	if !slices.Equal(members, documented) {
		t.Errorf("documented are %v, read are %v", documented, members)
	}
}
