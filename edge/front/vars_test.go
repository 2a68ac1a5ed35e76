package front

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/signature"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// What the table of variables says of one that nobody sets is what the shared cores say.
func TestDefaultsAreTheTables(t *testing.T) {
	env, _ := json.Marshal(embedded())
	cfg, err := ParseEnv(env)
	if want := (token.Ages{Fresh: token.Fresh, Stale: token.Stale, UnknownCooldown: token.UnknownCooldown}); err != nil || cfg.KeyAges != want {
		t.Errorf("%+v, %v", cfg.KeyAges, err)
	}
	if cfg.MaxTokenLife != token.MaxLife || cfg.Issuers[0].Verifier.Leeway != token.DefaultLeeway || cfg.WebhookWindow != signature.DefaultWindow ||
		vars.TokenLeeway.Duration("999999") != token.MaxLeeway {
		t.Errorf("%+v", cfg)
	}
}

// A variable that cannot be used, and a name that is nearly one, are named as the Worker
// starts: beside what keeps everybody out, and without any value.
func TestComplaints(t *testing.T) {
	for name, c := range map[string]struct {
		env  map[string]string
		want []string
	}{
		"nothing": {embedded(), nil},
		"a variable": {with(embedded(), "MAX_MEMBERS", "s3cret", "MAX_MEMBER", "s3cret"), []string{
			`{"level":"warn","event":"variables","unusable":["MAX_MEMBERS: 6 characters, not a number from 1 to 2147483647, taken is 100"],"unknown":["MAX_MEMBER: is MAX_MEMBERS meant?"]}`}},
		"both": {with(embedded(), "SUBJECT_CLAIM", "aud", "LOG_LEVEL", "loud"), []string{
			`{"level":"error","event":"not_configured","reason":"subject_claim_unusable"`, `{"level":"warn","event":"variables","unusable":["LOG_LEVEL: 4 characters, not`}},
	} {
		raw, _ := json.Marshal(c.env)
		cfg, err := ParseEnv(raw)
		lines := strings.FieldsFunc(Complaints(raw, cfg, err), func(r rune) bool { return r == '\n' })
		if len(lines) != len(c.want) {
			t.Errorf("%s: %q", name, lines)
			continue
		}
		for i, want := range c.want {
			if !strings.HasPrefix(lines[i], want) || strings.Contains(lines[i], "s3cret") {
				t.Errorf("%s: %s", name, lines[i])
			}
		}
	}
}
