package sessionid_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/sessionid"
)

// TestASessionIDIsSignedByHMAC compares the signature with the standard library's HMAC, for secrets
// of any length.
func TestASessionIDIsSignedByHMAC(t *testing.T) {
	for _, n := range []int{0, 1, 43, 63, 64, 65, 200} {
		secret := strings.Repeat("k", n)
		h := hmac.New(sha256.New, []byte(secret))
		h.Write([]byte("holdfast app session dTE.00"))
		want := "dTE.00" + hex.EncodeToString(h.Sum(nil))[:32]
		if got := sessionid.Sign("dTE.00", secret); got != want {
			t.Errorf("with a secret of %d bytes: %s, want %s", n, got, want)
		}
	}
}

// TestForgedSessionIDs: the attacker can write any text, and has ids that others got.
func TestForgedSessionIDs(t *testing.T) {
	text := protocol.AppSessionID("usr_owner", strings.Repeat("0f", 16))
	id := sessionid.Sign(text, "now")
	if user, ok := protocol.AppSessionUser(id); !ok || user != "usr_owner" {
		t.Errorf("%s is %q's, %v", id, user, ok)
	}
	if !sessionid.Signed(id, []string{"now"}) || !sessionid.Signed(id, []string{"next", "now"}) {
		t.Error("a signed id is refused")
	}
	other := protocol.AppSessionID("usr_other", strings.Repeat("0f", 16))
	for name, made := range map[string]string{
		"none": "", "short": "0f", "unsigned": text, "signed by another": sessionid.Sign(text, "then"),
		"of another user": other + id[len(text):], "a digit changed": id[:len(id)-1] + string('0'+(id[len(id)-1]+1)%10),
		"longer": id + "0", "in upper case": strings.ToUpper(id),
	} {
		if sessionid.Signed(made, []string{"now"}) {
			t.Errorf("%s: %s counts as signed", name, made)
		}
	}
	if sessionid.Signed(id, nil) || sessionid.Signed(id, []string{""}) {
		t.Error("an id counts as signed without a secret")
	}
}
