package signature

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
)

const secret = "whs_secret"

func sign(at time.Time, body, by string) string {
	h := hmac.New(sha256.New, []byte(by))
	fmt.Fprintf(h, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(h.Sum(nil)))
}

// TestACallHasOneMAC: however a header is written, a call has one MAC.
func TestACallHasOneMAC(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	header := sign(now, "body", secret)
	at, mac, _ := strings.Cut(header, ",")
	names := map[string]bool{}
	for _, header := range []string{header, mac + ", " + at, at + "," + strings.ToUpper(strings.TrimPrefix(mac, "v1="))} {
		s, refused := Parse(header, now, DefaultWindow)
		if name, ok := s.MAC([]byte("body"), []string{"another", secret}); refused == "" && ok {
			names[name] = true
		}
	}
	if len(names) != 1 {
		t.Errorf("%d names", len(names))
	}
}

// FuzzParse: whatever the header holds, only what a secret signed within the window counts.
func FuzzParse(f *testing.F) {
	now := time.Unix(1_700_000_000, 0)
	f.Add(sign(now, "body", secret), "body")
	f.Add(sign(now, "body", "whs_other")+","+sign(now, "body", secret), "body")
	f.Add(strings.Replace(sign(now, "body", secret), "t=", "t=0", 1), "body")
	f.Add("t=,v1=,v1", "")
	f.Fuzz(func(t *testing.T, header, body string) {
		s, refused := Parse(header, now, DefaultWindow)
		if refused != "" || !s.Signs([]byte(body), []string{secret}) {
			return
		}
		for part := range strings.SplitSeq(header, ",") {
			at, is := strings.CutPrefix(strings.TrimSpace(part), "t=")
			if !is {
				continue
			}
			h := hmac.New(sha256.New, []byte(secret))
			fmt.Fprintf(h, "%s.%s", at, body)
			if !strings.Contains(strings.ToLower(header), hex.EncodeToString(h.Sum(nil))) {
				t.Fatalf("%q is taken for a signature of %q", header, body)
			}
			return
		}
		t.Fatalf("%q has no time", header)
	})
}

// FuzzWindow: no header makes Parse panic, and Parse accepts none outside the window.
func FuzzWindow(f *testing.F) {
	now := time.Unix(1736244000, 0)
	f.Add("t=1736244000,v1=" + strings.Repeat("a", 64))
	f.Add("v1=" + strings.Repeat("A", 64) + " , t=+1736244000,v0=")
	f.Fuzz(func(t *testing.T, header string) {
		s, refused := Parse(header, now, DefaultWindow)
		if refused != "" {
			return
		}
		seconds, bad := strconv.ParseInt(s.at, 10, 64)
		if bad != nil || seconds < now.Unix()-300 || seconds > now.Unix()+300 || len(s.macs) == 0 || len(s.macs) > maxSignatures {
			t.Errorf("%q was taken", header)
		}
		if s.Signs([]byte("body"), []string{"secret"}) {
			t.Errorf("%q signs", header)
		}
	})
}
