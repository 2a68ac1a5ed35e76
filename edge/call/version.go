//go:build !nextversion

package call

// Version is what this build writes: 1 had no v, and answered an unknown kind with
// INTERNAL_ERROR or {"ok":false}.
const Version = 2

// next is what the version after this one adds, for the test that mixes the two.
type next struct{}

func (next) kind(k *Kind, _ string) *Kind { return k }

func (*next) fields(*fields) {}

func (next) passed() bool { return true }

// nextWord is the word of a kind that only the next version knows; here it is admit's own.
const nextWord = "admit"
