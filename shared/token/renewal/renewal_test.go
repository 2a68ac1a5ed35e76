package renewal

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/token/peek"
)

var now = time.Unix(1_700_000_000, 0)

// claims are those of a token that is issued and ends so long after now.
func claims(issued, ends time.Duration) peek.Claims {
	return peek.Claims{Iat: now.Add(issued).Unix(), Exp: now.Add(ends).Unix()}
}

// TestEnd: the client finds a token's end with a wrong clock, too.
func TestEnd(t *testing.T) {
	const hour = time.Hour
	for name, c := range map[string]struct {
		ahead   time.Duration // the server's clock, if the client knows it
		known   bool
		claims  peek.Claims
		end     time.Duration
		expired bool
	}{
		"a good clock":                {claims: claims(0, 15*time.Minute), end: 15 * time.Minute},
		"half used":                   {claims: claims(-hour/2, hour/2), end: hour / 2},
		"spent":                       {claims: claims(-2*hour, -hour), end: -hour, expired: true},
		"our clock is slow":           {claims: claims(3*hour, 4*hour), end: hour},
		"our clock is slow, known":    {ahead: 3 * hour, known: true, claims: claims(3*hour, 4*hour), end: hour},
		"our clock is fast, known":    {ahead: -3 * hour, known: true, claims: claims(-3*hour, -2*hour), end: hour},
		"spent by the server's clock": {ahead: 2 * hour, known: true, claims: claims(0, hour), end: -hour, expired: true},
	} {
		var clock Clock
		if c.known {
			clock.Measure(now, now.Add(c.ahead))
		}
		if end, expired := clock.End(now, c.claims); !end.Equal(now.Add(c.end)) || expired != c.expired {
			t.Errorf("%s: ends after %s, expired %v", name, end.Sub(now), expired)
		}
	}
	// A token that looks expired although it is new shows that our clock is fast.
	var clock Clock
	if _, expired := clock.End(now, claims(-3*hour, -2*hour)); !expired {
		t.Error("the first one is believed")
	}
	if end, expired := clock.End(now, claims(-3*hour+time.Minute, -2*hour+time.Minute)); expired || !end.Equal(now.Add(hour)) {
		t.Errorf("the next one ends after %s", end.Sub(now))
	}
}

func TestAt(t *testing.T) {
	for name, c := range map[string]struct{ end, ttl, taken, want time.Duration }{
		"a minute before":           {end: 15 * time.Minute, ttl: 15 * time.Minute, want: 14 * time.Minute},
		"half of a short life":      {end: 90 * time.Second, ttl: 90 * time.Second, want: 45 * time.Second},
		"nearly spent":              {end: 30 * time.Second, ttl: 15 * time.Minute, want: 15 * time.Second},
		"spent, but not at once":    {end: 4 * time.Second, ttl: 15 * time.Minute, want: Pause},
		"taken while ago and spent": {end: 20 * time.Second, ttl: 15 * time.Minute, taken: -20 * time.Second, want: 0},
	} {
		if at := At(now, now.Add(c.end), c.ttl, Margin, now.Add(c.taken)); !at.Equal(now.Add(c.want)) {
			t.Errorf("%s: after %s, want %s", name, at.Sub(now), c.want)
		}
	}
	if at := At(now, now.Add(30*time.Second), 15*time.Minute, Margin, time.Time{}); at.After(now) {
		t.Errorf("the first one, nearly spent: after %s", at.Sub(now))
	}
}

func TestRead(t *testing.T) {
	for token, want := range map[string]string{
		"": ReasonMissing, "a.b.c": ReasonFormat, string(make([]byte, 9<<10)): ReasonTooLong,
		"eyJhbGciOiJub25lIn0.eyJleHAiOjEwLCJpYXQiOjIwfQ.c2ln": ReasonFormat, // ends before it begins
		"eyJhbGciOiJub25lIn0.eyJleHAiOjIwLCJpYXQiOjEwfQ.c2ln": "",
	} {
		if _, reason := Read(token); reason != want {
			t.Errorf("%.60q: %q, want %q", token, reason, want)
		}
	}
}
