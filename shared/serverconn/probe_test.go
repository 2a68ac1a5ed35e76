package serverconn

import "testing"

// The reference's own vector for a message of eight bytes: 0, 1, … 7 under the key 0, 1, … 15.
func TestSipHash(t *testing.T) {
	if got := siphash(0x0706050403020100, 0x0f0e0d0c0b0a0908, 0x0706050403020100); got != 0x93f5f5799a932462 {
		t.Errorf("%x", got)
	}
}

// Power of the attacker: who has read the ids of many pings of other boots, and of this one.
func TestProbesAreOfTheirSecret(t *testing.T) {
	a, b := NewProbes(Secret{1}), NewProbes(Secret{2})
	seen := map[string]bool{}
	for range 1000 {
		n := a.Next()
		if b.Next() != n {
			t.Fatal("numbers differ")
		}
		for _, id := range []string{a.ID(n), b.ID(n)} {
			if seen[id] {
				t.Fatalf("%s is twice", id)
			}
			seen[id] = true
		}
	}
}
