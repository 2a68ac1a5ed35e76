package issuer

import (
	"testing"
	"time"
)

// TestForkEndsTheFamily: thief and victim were equally quick, and both have a child of one token.
// The first child that is used after the overlap counts as the one in use, and the next use of
// the other ends both.
func TestForkEndsTheFamily(t *testing.T) {
	for name, early := range map[string]int{"the thief waits": 0, "the thief refreshes once more at once": 1, "and once more": 2} {
		w := newWorld(t)
		stolen := w.login("owner@example.com", password).cookie.Value
		victim, thief := w.refresh(stolen).cookie.Value, w.refresh(stolen).cookie.Value
		for range early {
			w.now = w.now.Add(3 * time.Second)
			thief = w.refresh(thief).cookie.Value
		}
		w.now = w.now.Add(15 * time.Minute)
		a := w.refresh(victim)
		if a.status != 200 {
			t.Fatalf("%s: the victim: %d %s", name, a.status, a.body)
		}
		w.now = w.now.Add(Overlap + time.Millisecond)
		if b := w.refresh(thief); b.status != 401 || b.reason != "refresh_token_reused" || b.access != "" {
			t.Errorf("%s: the thief: %d %s", name, b.status, b.body)
		}
		if b := w.refresh(a.cookie.Value); b.status != 401 {
			t.Errorf("%s: the family lives on: %d", name, b.status)
		}
	}
}

// TestForkOfABusyThief: a thief who refreshes all the time, always within the grace, does not outlive it.
func TestForkOfABusyThief(t *testing.T) {
	w := newWorld(t)
	stolen := w.login("owner@example.com", password).cookie.Value
	victim, thief := w.refresh(stolen).cookie.Value, w.refresh(stolen).cookie.Value
	for range 180 {
		w.now = w.now.Add(5 * time.Second)
		thief = w.refresh(thief).cookie.Value
	}
	if a := w.refresh(victim); a.status != 200 {
		t.Fatalf("the victim: %d %s", a.status, a.body)
	}
	for n := 1; ; n++ {
		w.now = w.now.Add(5 * time.Second)
		a := w.refresh(thief)
		if a.status == 401 {
			break
		}
		if thief = a.cookie.Value; n > 2 {
			t.Fatalf("the thief is still there %d s later", n*5)
		}
	}
}

// Honest tabs share one cookie. Whatever they do at once, whichever answer comes last
// and whichever is lost, they stay signed in for a month of it.
func TestTabsAreNoFork(t *testing.T) {
	w := newWorld(t)
	jar := w.login("owner@example.com", password).cookie.Value
	for round := range 200 {
		w.now = w.now.Add(14 * time.Minute)
		asked := jar
		var answers []string
		for tab := range 1 + round%4 {
			a := w.refresh(asked)
			if a.status != 200 {
				t.Fatalf("round %d, tab %d: %d %s", round, tab, a.status, a.body)
			}
			answers = append(answers, a.cookie.Value)
			w.now = w.now.Add(time.Second)
		}
		switch round % 3 {
		case 0: // the last answer comes last
			jar = answers[len(answers)-1]
		case 1: // the first does
			jar = answers[0]
		case 2: // a fourth tab had the first answer's cookie before the last came
			a := w.refresh(answers[0])
			if a.status != 200 {
				t.Fatalf("round %d: %d %s", round, a.status, a.body)
			}
			if jar = a.cookie.Value; len(answers) > 1 {
				jar = answers[len(answers)-1]
			}
		}
	}
	// A tab whose answer took long: the other's token had been used meanwhile.
	late := w.refresh(jar).cookie.Value
	other := w.refresh(jar).cookie.Value
	w.now = w.now.Add(time.Minute)
	w.refresh(other)
	w.now = w.now.Add(Overlap)
	if a := w.refresh(late); a.status != 200 {
		t.Errorf("within the grace: %d %s", a.status, a.body)
	}
}

// Two tabs come with the token at once, late: the children of both are good.
func TestLateTabsAtOnce(t *testing.T) {
	w := newWorld(t)
	jar := w.refresh(w.login("owner@example.com", password).cookie.Value).cookie.Value
	w.now = w.now.Add(15 * time.Minute)
	var other answer
	w.store.before["Supersede"] = func() { other = w.refresh(jar) }
	a := w.refresh(jar)
	w.now = w.now.Add(15 * time.Minute)
	if a.status != 200 || other.status != 200 {
		t.Fatalf("%d, %d", a.status, other.status)
	}
	if b := w.refresh(other.cookie.Value); b.status != 200 {
		t.Errorf("%d %s", b.status, b.body)
	}
	// A token is not used up when the others could not be marked.
	jar = w.login("owner@example.com", password).cookie.Value
	jar = w.refresh(jar).cookie.Value
	w.now = w.now.Add(15 * time.Minute)
	w.store.down = "Supersede"
	if b := w.refresh(jar); b.status != 503 {
		t.Errorf("%d %s", b.status, b.body)
	}
	w.store.down = ""
	w.now = w.now.Add(15 * time.Minute)
	if b := w.refresh(jar); b.status != 200 {
		t.Errorf("%d %s", b.status, b.body)
	}
}
