package front

import (
	"fmt"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func withOperators() map[string]string {
	env := embedded()
	env["ADMIN_TOKEN"] = "olive:first-token,bare-token  olive:second:token nobody: :nameless"
	env["WEBHOOK_SECRET"] = "s1 s2"
	return env
}

// A stranger boots nothing, and gets the same answer whatever was wrong.
func TestOnlyOperatorsReachTheHandler(t *testing.T) {
	const url = "http://127.0.0.1:8787/v1/admin/users/ann/revoke"
	w := newWorker(t, withOperators())
	var first any
	for _, header := range []string{"", "Bearer wrong", "Basic Zmlyc3Q=", "Bearer " + goodToken()} {
		end := w.run(get(url, "authorization", header))
		if code, reason := failure(t, end); end["do"] != "respond" || end["status"] != 401.0 || code != "AUTHENTICATION_FAILED" || reason != "not_an_operator" {
			t.Fatalf("%q: %v", header, end)
		}
		if want := `{"level":"warn","event":"operator_refused","code":"AUTHENTICATION_FAILED","reason":"not_an_operator"}`; end["log"] != want {
			t.Errorf("logged %v", end["log"])
		}
		if first == nil {
			first = fmt.Sprint(end)
		}
		if fmt.Sprint(end) != first {
			t.Errorf("%q gets another answer: %v", header, end)
		}
	}
	if end := w.run(get(url, "authorization", "Bearer first-token")); end["do"] != "handler" {
		t.Errorf("an operator: %v", end)
	}
}

// What cannot be a signature of this moment boots nothing either.
func TestOnlySignaturesReachTheHandler(t *testing.T) {
	const url = "http://127.0.0.1:8787/v1/webhooks/permissions"
	mac := strings.Repeat("a", 64)
	w := newWorker(t, withOperators())
	for header, reason := range map[string]string{
		"":                            "signature_invalid",
		"t=1736244000":                "signature_invalid",
		"t=1736244000,v1=" + mac[1:]:  "signature_invalid",
		"t=1736243699,v1=" + mac:      "signature_expired",
		"t=1736244301,v1=" + mac:      "signature_expired",
		"t=1099511627776,v1=" + mac:   "signature_invalid",
		"t=-99999999999999,v1=" + mac: "signature_invalid",
	} {
		end := w.run(get(url, protocol.SignatureHeader, header))
		if code, got := failure(t, end); end["status"] != 401.0 || code != "AUTHENTICATION_FAILED" || got != reason || end["log"] == nil {
			t.Errorf("%q: %v", header, end)
		}
	}
	for _, at := range []string{"1736244000", "1736243700", "1736244300"} {
		if end := w.run(get(url, protocol.SignatureHeader, "t="+at+",v1="+mac)); end["do"] != "handler" {
			t.Errorf("at %s: %v", at, end)
		}
	}
	for text, want := range map[string]string{"60": "1m0s", "": "5m0s", "0": "5m0s", "-1": "5m0s", "86401": "24h0m0s", "x": "5m0s"} {
		if got := vars.WebhookWindow.Duration(text).String(); got != want {
			t.Errorf("a window of %q is %s", text, got)
		}
	}
}
