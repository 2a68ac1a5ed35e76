package signin

import (
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 12, 1, 10, 0, 5, 600_000_000, time.UTC)

func TestID(t *testing.T) {
	id := NewID(at, []byte("twelve bytes"))
	jti := id + "." + strings.Repeat("r", 22)
	if !IsID(id) || Of(jti) != id {
		t.Errorf("id %q of %q is %q", id, jti, Of(jti))
	}
	if got, known := At(jti, at.Truncate(time.Second)); !known || !got.Equal(at) {
		t.Errorf("signed in at %v, %v", got, known)
	}
	if other := NewID(at, []byte("Twelve bytes")); other == id {
		t.Error("two sign-ins of one millisecond have one id")
	}
	if later := NewID(at.Add(time.Hour), []byte("twelve bytes")); later[:8] == id[:8] {
		t.Error("the id does not say when")
	}
}

// TestAnotherIssuersTokens: another issuer's jti says nothing about a sign-in, whatever it looks like.
func TestAnotherIssuersTokens(t *testing.T) {
	id := NewID(at, []byte("twelve bytes"))
	for _, jti := range []string{
		"", ".", "t1", id, id + ".", "." + id, id + ".x", id + "." + strings.Repeat("r", 23), id + "." + strings.Repeat("r", 21) + ".",
		"0191f7a0-0000-7000-8000-000000000000", strings.Repeat("é", 12) + "." + strings.Repeat("r", 22),
	} {
		if got := Of(jti); got != "" {
			t.Errorf("%q is of the sign-in %q", jti, got)
		}
		if _, known := At(jti, at); known {
			t.Errorf("%q says when", jti)
		}
	}
	// A jti that looks like ours, with a time far ahead, would outlive every revocation.
	ahead := NewID(at.Add(time.Hour), []byte("twelve bytes")) + "." + strings.Repeat("r", 22)
	if _, known := At(ahead, at); known || !Issued(ahead, at).Equal(at) {
		t.Error("a sign-in that is younger than its token is believed")
	}
}

func TestRevoked(t *testing.T) {
	second := at.Truncate(time.Second)
	jti := NewID(at, []byte("twelve bytes")) + "." + strings.Repeat("r", 22)
	old := strings.Repeat("f", 22) + "." + strings.Repeat("r", 22)
	for _, c := range []struct {
		what   string
		jti    string
		issued time.Time
		ids    []string
		before time.Time
		want   bool
	}{
		{"nothing is revoked", jti, second, nil, time.Time{}, false},
		{"up to before the sign-in, in its second", jti, second, nil, at.Add(-time.Millisecond), false},
		{"up to the sign-in", jti, second, nil, at, true},
		{"a token of a later second", jti, second.Add(time.Second), nil, at, false},
		{"seconds only", "t1", second, nil, at.Add(-time.Millisecond), true},
		{"seconds only, the next", "t1", second.Add(time.Second), nil, at, false},
		{"itself", jti, second, []string{"t1", jti}, time.Time{}, true},
		{"its sign-in", jti, second, []string{Tokens(Of(jti))}, time.Time{}, true},
		{"a sign-in without a time", old, second, []string{Tokens(Of(old))}, time.Time{}, true},
		{"another sign-in", jti, second, []string{Tokens(Of(old))}, time.Time{}, false},
		{"another issuer's that begins alike", "t1.x", second, []string{"t1."}, time.Time{}, false},
		{"no id", "", second, []string{"", "."}, time.Time{}, false},
	} {
		if got := Revoked(c.jti, c.issued, c.ids, c.before); got != c.want {
			t.Errorf("%s: %v", c.what, got)
		}
	}
}
