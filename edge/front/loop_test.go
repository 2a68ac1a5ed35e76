package front

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
)

var now = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

const (
	issuer = "https://api.materi.dev"
	good   = `{"user_id":"usr_owner","email":"owner@example.com","name":"Olive","iat":1736243900,"exp":1736244900,` +
		`"jti":"t1","token_type":"access","iss":"` + issuer + `"}`
	grant = `{"grant":{"user_id":"usr_owner","name":"Olive","session_id":"s1","document":"welcome","workspace_id":"ws_demo",` +
		`"role":"owner","permissions":["read","write"],"epoch":3,"locked":false,"exp":1736244900,"jti":"t1"}}`
)

var signer = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func sign(head, body string) string {
	input := b64(head) + "." + b64(body)
	sum := sha256.Sum256([]byte(input))
	s, err := rsa.SignPKCS1v15(nil, signer(), crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return input + "." + b64(string(s))
}

func goodToken() string { return sign(`{"alg":"RS256","typ":"JWT","kid":"k1"}`, good) }

func jwk(kid string) string {
	return `{"kty":"RSA","kid":"` + kid + `","n":"` + b64(string(signer().N.Bytes())) + `","e":"AQAB","d":"c2VjcmV0"}`
}

// otherJWK is a key that has signed none of the tokens here.
func otherJWK(kid string) string {
	n := signer().N.Bytes()
	n[5]++
	return `{"kty":"RSA","kid":"` + kid + `","n":"` + b64(string(n)) + `","e":"AQAB"}`
}

// worker plays the JavaScript around a Front: it carries out steps, knows no
// word of any protocol, and keeps what it sent.
type worker struct {
	t     *testing.T
	front *Front
	now   time.Time
	// steps are the names of the steps so far, with the binding where there is one.
	steps []string
	// bodies are those of the calls to objects.
	bodies []map[string]any
	logs   []string
	// said is the text of all steps.
	said string

	fetch   func(url string) map[string]any
	call    func(name string, body map[string]any) map[string]any
	forward func(name string, body map[string]any) map[string]any // nil: 101
	query   func(sql string, args []any) map[string]any
	hold    func(step map[string]any) map[string]any
	claims  func(claims map[string]any) map[string]any
}

func newWorker(t *testing.T, env map[string]string) *worker {
	t.Helper()
	raw, _ := json.Marshal(env)
	cfg, err := ParseEnv(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &worker{
		t: t, front: New(cfg), now: now,
		call:    func(string, map[string]any) map[string]any { return map[string]any{"body": grant} },
		forward: func(string, map[string]any) map[string]any { return nil },
	}
}

func embedded() map[string]string {
	return map[string]string{"ISSUER": issuer, "EMBEDDED_ISSUER": "1", "SIGNING_KEY": jwk("k1"), "APP_SESSION_SECRET": appSecret + " older"}
}

func (w *worker) step(event map[string]any) (step map[string]any) {
	w.t.Helper()
	event["now"] = w.now.UnixMilli()
	raw, _ := json.Marshal(event)
	out := w.front.Step(raw)
	if json.Unmarshal(out, &step) != nil {
		w.t.Fatalf("not JSON: %s", out)
	}
	w.said += string(out)
	return step
}

// fetching is a deployment that trusts another issuer, and takes the tokens of all its apps.
func fetching() map[string]string {
	return map[string]string{"ISSUER": issuer, "AUDIENCE": "*", "JWKS_URL": "https://issuer.example/keys"}
}

// run asks until a final step; "socket" stands for a document's 101.
func (w *worker) run(event map[string]any) map[string]any {
	w.t.Helper()
	for range 12 {
		step := w.step(event)
		do := step["do"].(string)
		if line, ok := step["log"].(string); ok {
			w.logs = append(w.logs, line)
		}
		switch binding, ok := step["binding"].(string); {
		case ok && do == "query":
			w.steps = append(w.steps, do+" "+binding)
		case ok:
			w.steps = append(w.steps, do+" "+binding+"/"+step["name"].(string))
		default:
			w.steps = append(w.steps, do)
		}
		var body, result map[string]any
		if text, ok := step["body"].(string); ok && step["state"] != nil {
			if err := json.Unmarshal([]byte(text), &body); err != nil {
				w.t.Fatalf("%s: %v", text, err)
			}
			if body["v"] != float64(call.Version) {
				w.t.Errorf("a request of no version: %s", text)
			}
			delete(body, "v")
			w.bodies = append(w.bodies, body)
			// Behind the check nobody needs the token any more.
			if state, _ := json.Marshal(step["state"]); strings.Contains(string(state), "eyJ") {
				w.t.Errorf("%s: the token is still in the state", do)
			}
		}
		switch do {
		case "note":
			result = map[string]any{}
		case "verify":
			result = map[string]any{"ok": verify(step)}
		case "fetch":
			result = w.fetch(step["url"].(string))
		case "claims_hook":
			result = w.claims(step["claims"].(map[string]any))
		case "call":
			result = w.call(step["name"].(string), body)
		case "forward":
			if result = w.forward(step["name"].(string), body); result == nil {
				if step["settle"] == true {
					w.step(map[string]any{"kind": "settled", "state": step["state"]})
				}
				if line, ok := step["log_after"].(string); ok {
					w.logs = append(w.logs, line)
				}
				return map[string]any{"do": "socket", "first": step["first"]}
			}
		case "query":
			result = w.query(step["sql"].(string), step["args"].([]any))
		case "hold":
			result = w.hold(step)
		default:
			return step
		}
		event = map[string]any{"kind": "result", "state": step["state"], "result": result}
	}
	w.t.Fatalf("no end: %v", w.steps)
	return nil
}

// verify is WebCrypto: the key and the algorithm that it is given, nothing else.
func verify(step map[string]any) bool {
	jwk := step["jwk"].(map[string]any)
	if jwk["d"] != nil {
		panic("a private key left the core")
	}
	bytes := func(name string) []byte {
		text, _ := jwk[name].(string)
		b, _ := base64.RawURLEncoding.DecodeString(text)
		return b
	}
	s, _ := base64.RawURLEncoding.DecodeString(step["signature"].(string))
	input := []byte(step["input"].(string))
	sum := sha256.Sum256(input)
	switch text, _ := json.Marshal(step["algorithm"]); string(text) {
	case `{"hash":"SHA-256","name":"RSASSA-PKCS1-v1_5"}`:
		return rsa.VerifyPKCS1v15(&rsa.PublicKey{N: new(big.Int).SetBytes(bytes("n")), E: 65537}, crypto.SHA256, sum[:], s) == nil
	case `{"hash":"SHA-256","name":"ECDSA","namedCurve":"P-256"}`:
		public := &ecdsa.PublicKey{Curve: elliptic.P256(), X: new(big.Int).SetBytes(bytes("x")), Y: new(big.Int).SetBytes(bytes("y"))}
		return ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(s[:32]), new(big.Int).SetBytes(s[32:]))
	case `{"name":"Ed25519"}`:
		return ed25519.Verify(bytes("x"), input, s)
	default:
		panic("WebCrypto knows no " + string(text))
	}
}

const line = "http://127.0.0.1:8787/v1/ws/documents/welcome"

func get(url string, headers ...string) map[string]any {
	h := map[string]string{"host": "127.0.0.1:8787"}
	for i := 0; i < len(headers); i += 2 {
		h[headers[i]] = headers[i+1]
	}
	return map[string]any{"kind": "request", "method": "GET", "url": url, "headers": h}
}

func upgrade(url string, headers ...string) map[string]any {
	return get(url, append(headers, "upgrade", "websocket")...)
}

// failure reads the error of a final step, whatever its form.
func failure(t *testing.T, step map[string]any) (code, reason string) {
	t.Helper()
	text, _ := step["frame"].(string)
	if text == "" {
		text, _ = step["body"].(string)
	}
	var frame struct {
		Type, Event string
		Data        struct {
			Code    string `json:"error_code"`
			Details struct{ Reason string }
		}
	}
	if err := json.Unmarshal([]byte(text), &frame); err != nil || frame.Type != "system" || frame.Event != "error" {
		t.Fatalf("not an error frame: %v (%v)", step, err)
	}
	return frame.Data.Code, frame.Data.Details.Reason
}

func (w *worker) way() string { return strings.Join(w.steps, ", ") }
