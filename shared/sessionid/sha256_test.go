package sessionid

import (
	"crypto/sha256"
	"testing"
)

// FuzzSum256 compares sum256 with the standard library's, for any text.
func FuzzSum256(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("abc"))
	for n := range 260 {
		f.Add(make([]byte, n))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, want := sum256(text), sha256.Sum256(text); got != want {
			t.Errorf("%d bytes: %x, want %x", len(text), got, want)
		}
	})
}
