package issuer

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/vars"
)

// What the table of variables says of one that nobody sets is what the issuer does without a
// word.
func TestDefaultsAreTheTables(t *testing.T) {
	for _, c := range []struct {
		v    vars.Number
		want time.Duration
	}{
		{vars.AccessTokenTTL, DefaultAccessTTL}, {vars.RefreshTokenTTL, DefaultRefreshTTL}, {vars.SignInMax, DefaultSignInMax}, {vars.LoginWindow, DefaultLoginWindow},
	} {
		if got := c.v.Duration(""); got != c.want {
			t.Errorf("%s: %s, and the issuer's is %s", c.v.Name(), got, c.want)
		}
	}
	for _, c := range []struct {
		v    vars.Number
		want int
	}{
		{vars.RefreshesPerSignInPerMin, DefaultRefreshes}, {vars.LoginFailures, DefaultLoginFailures}, {vars.LoginFailuresPerAccount, DefaultLoginFailuresAccount},
	} {
		if got := c.v.Int(""); got != c.want {
			t.Errorf("%s: %d, and the issuer's is %d", c.v.Name(), got, c.want)
		}
	}
}
