package vars

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// One meaning of every value, whatever the variable: nothing is the default, 0 is what the
// row says or no value, and above the bounds is the largest.
func TestValues(t *testing.T) {
	const limit, plain, derived Number = "A_PER_MIN 120 unlimited 1000", "MAX_A 7", "A_BURST 0"
	for _, c := range []struct {
		v     Number
		value string
		want  int64
		wrong fault
	}{
		{limit, "", 120, good}, {limit, "0", 0, good}, {limit, "1000", 1000, good}, {limit, "1001", 1000, tooLarge}, {limit, "5", 5, good}, {limit, " 5", 120, noNumber},
		{limit, "-1", 120, noNumber}, {limit, "many", 120, noNumber}, {limit, "1e3", 120, noNumber}, {limit, "+5", 120, noNumber}, {limit, "٣", 120, noNumber}, {limit, "1.5", 120, noNumber},
		{plain, "0", 7, tooSmall}, {plain, "00", 7, tooSmall}, {plain, "1", 1, good}, {plain, "2147483647", 1<<31 - 1, good}, {plain, "2147483648", 1<<31 - 1, tooLarge},
		{plain, strings.Repeat("9", 400), 1<<31 - 1, tooLarge}, {derived, "", 0, good}, {derived, "0", 0, tooSmall}, {derived, "3", 3, good},
	} {
		if got, wrong := c.v.read(c.value); got != c.want || wrong != c.wrong {
			t.Errorf("%s of %q: %d, %d; want %d, %d", c.v, c.value, got, wrong, c.want, c.wrong)
		}
	}
	if d := GracePeriod.Duration("1500"); d != 1500*time.Millisecond {
		t.Error(d)
	}
	if d := KeepReplaced.Duration(""); d != 7*24*time.Hour {
		t.Error(d)
	}
	if d := TokenLeeway.Duration("0"); d != 0 {
		t.Error(d)
	}
	for value, want := range map[string][2]bool{"": {true, false}, "0": {false, false}, "false": {false, false}, "1": {true, true}, "off": {false, false}, "on": {true, true}, "yes": {true, false}} {
		if got := [2]bool{QueryTokens.On(value), EmailsVerified.On(value)}; got != want {
			t.Errorf("%q: %v", value, got)
		}
	}
	for value, want := range map[string]string{"": "write", "write": "write", "admin": "admin", "everybody": "write"} {
		if word, ok := SnapshotLevel.Choose(value); word != want || ok != (value != "everybody") {
			t.Errorf("%q: %q, %v", value, word, ok)
		}
	}
}

func complaint(pairs ...string) string {
	return Complaint(func(yield func(name, value string)) {
		for i := 0; i < len(pairs); i += 2 {
			yield(pairs[i], pairs[i+1])
		}
	})
}

// A value that is no word of a switch is named, and the default is taken: nothing is switched
// on by a slip of the pen.
func TestComplaintOfASwitch(t *testing.T) {
	for _, value := range []string{"", "0", "1", "false", "true", "off", "on"} {
		if line := complaint("QUERY_TOKENS", value, "EMBEDDED_ISSUER", value); line != "" {
			t.Errorf("complains of %q: %s", value, line)
		}
	}
	for _, value := range []string{"no", "yes", "FALSE", " 0"} {
		want := fmt.Sprintf("EMBEDDED_ISSUER: %d characters, not one of 0 1 false true off on, the default is taken", len(value))
		if line := complaint("EMBEDDED_ISSUER", value); !strings.Contains(line, want) || EmbeddedIssuer.On(value) || !QueryTokens.On(value) {
			t.Errorf("%q: %s", value, line)
		}
	}
}

// What is set and cannot be used is named once, with its bounds, and never with its value.
func TestComplaint(t *testing.T) {
	if line := complaint("MAX_MEMBERS", "100", "CONNECTS_PER_IP_PER_MIN", "0", "QUERY_TOKENS", "0", "LOG_LEVEL", "warn", "ADMIN_TOKEN", "x", "MAX_COMMENTS_PER_USER", "", "A_VARIABLE_OF_OUR_OWN", "17"); line != "" {
		t.Errorf("complains of nothing: %s", line)
	}
	got := complaint("MAX_MEMBERS", "whsec_a_secret", "HEARTBEAT_MS", "0", "TOKEN_LEEWAY_S", "86400", "LOG_LEVEL", "verbose", "MESSAGES_BURST", "0",
		"MAX_MEMBER", "7", "GRACE_PERIOD_S", "30", "grace_period_ms", "30", "ADMIN_TOKENS", "t0ken", "SHORT", "1")
	want := `{"level":"warn","event":"variables","unusable":[` +
		`"MAX_MEMBERS: 14 characters, not a number from 1 to 2147483647, taken is 100",` +
		`"HEARTBEAT_MS: a number outside 1 to 2147483647, taken is 10000",` +
		`"TOKEN_LEEWAY_S: a number outside 0 to 300, taken is 300",` +
		`"LOG_LEVEL: 7 characters, not one of info warn error",` +
		`"MESSAGES_BURST: a number outside 1 to 2147483647, the default is taken"],` +
		`"unknown":["MAX_MEMBER: is MAX_MEMBERS meant?","GRACE_PERIOD_S: is GRACE_PERIOD_MS meant?","grace_period_ms: is GRACE_PERIOD_MS meant?","ADMIN_TOKENS: is ADMIN_TOKEN meant?"]}`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	for _, value := range []string{"whsec_a_secret", "86400", "verbose", "t0ken"} {
		if strings.Contains(got, value) {
			t.Errorf("it shows %q", value)
		}
	}
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"A", "A", 0}, {"A", "B", 1}, {"AB", "BA", 2}, {"ABC", "ABCDE", 2}, {"ABC", "ABCDEF", 3}, {"KITTEN", "SITTIN", 2}, {"MAX_APP", "MAX_APPS", 1}} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("%s, %s: %d", c.a, c.b, got)
		}
	}
	seen := map[string]bool{}
	rows(func(row string) {
		if seen[nameOf(row)] {
			t.Errorf("%s stands twice", row)
		}
		seen[nameOf(row)] = true
	})
}
