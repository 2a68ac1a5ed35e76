//go:build !nextversion

package call

// Version is what this build writes. Version 1, which had no v, is not understood any more.
const Version = 3

// next is what the version after this one adds, for the test that mixes the two.
type next struct{}

func (next) kind(k *Kind, _ string) *Kind { return k }

func (*next) fields(*fields) {}

func (next) passed() bool { return true }

// nextWord is the word of a kind that only the next version knows; here it is admit's own.
const nextWord = "admit"
