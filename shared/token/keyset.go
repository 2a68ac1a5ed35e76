package token

import "time"

// Ages is how long what an issuer published is believed. Fields that are zero are
// the constants of the same names.
type Ages struct {
	// Fresh is how long a key set is used without asking again.
	Fresh time.Duration
	// Stale is how long an old one is used while the issuer does not answer.
	Stale time.Duration
	// UnknownCooldown is the least time between two fetches for the sake of a
	// kid that is not in the set: anybody can invent one.
	UnknownCooldown time.Duration
}

// The default Ages, and the limits of a fetch.
const (
	Fresh           = 10 * time.Minute
	Stale           = time.Hour
	UnknownCooldown = 30 * time.Second
	// FailureCooldown is the least time between a failed fetch and the next.
	FailureCooldown = 5 * time.Second
	// FetchLimit is how long one fetch may take.
	FetchLimit = 5 * time.Second
)

// Decision is what to do about a kid.
type Decision uint8

// The decisions.
const (
	// Use the key.
	Use Decision = iota
	// Fetch the key set, tell Load or Failed, then look up again. Everybody is told so
	// while the set is needed: the caller makes one fetch of them all.
	Fetch
	// Unknown: there is no such key.
	Unknown
	// NotYet: the set may not be fetched again for the sake of a kid so soon. The issuer
	// may have such a key by now.
	NotYet
	// Unavailable: the issuer did not answer of late, and is left alone for a time.
	Unavailable
)

// KeySet is the keys tokens are checked with: fetched ones that age, or ones that
// are configured and do not age. It is not safe for concurrent use.
type KeySet struct {
	ages     Ages
	static   []Key
	keys     map[string]Key
	loadedAt time.Time
	failedAt time.Time
	// askedAt is when the fetch under way was asked for, zero when there is none. Its
	// request may die and never report, so it counts for a limited time.
	askedAt time.Time
}

// NewFetched returns a set that is fetched, and has not been yet.
func NewFetched(ages Ages) *KeySet {
	for _, a := range [...]struct {
		age       *time.Duration
		otherwise time.Duration
	}{{&ages.Fresh, Fresh}, {&ages.Stale, Stale}, {&ages.UnknownCooldown, UnknownCooldown}} {
		if *a.age <= 0 {
			*a.age = a.otherwise
		}
	}
	return &KeySet{ages: ages}
}

// NewStatic returns a set of configured keys, of which the first is the one that
// signs at present. A token that names no kid is checked with that; one that names
// none of the keys is refused, unless the only key has no name.
func NewStatic(keys ...Key) *KeySet { return &KeySet{static: keys} }

// Load takes a fetched key set, and says how many of its RSA keys for signatures it had to
// leave out. One that cannot be used counts as Failed and changes nothing: an issuer's
// error page must not lock everybody out.
func (s *KeySet) Load(jwks []byte, now time.Time) (leftOut int, err error) {
	keys, leftOut, err := readKeySet(jwks)
	if err != nil {
		s.Failed(now)
		return leftOut, err
	}
	s.keys, s.loadedAt, s.failedAt, s.askedAt = keys, now, time.Time{}, time.Time{}
	return leftOut, nil
}

// Failed says that a fetch brought nothing.
func (s *KeySet) Failed(now time.Time) { s.failedAt, s.askedAt = now, time.Time{} }

// Lookup says what to do about a token that names kid; fetched says that the set was
// fetched for this very token, so that what is not in it is not there. The key is set when
// the decision is Use; wait, when it is NotYet or Unavailable, is for how long it is that.
func (s *KeySet) Lookup(kid string, fetched bool, now time.Time) (key Key, d Decision, wait time.Duration) {
	if s.static != nil {
		if kid == "" || len(s.static) == 1 && s.static[0].ID == "" {
			return s.static[0], Use, 0
		}
		for _, key := range s.static {
			if key.ID == kid {
				return key, Use, 0
			}
		}
		return Key{}, Unknown, 0
	}
	if kid == "" {
		return Key{}, Unknown, 0
	}
	key, known := s.keys[kid]
	age, asked := now.Sub(s.loadedAt), now.Sub(s.askedAt)
	failing := FailureCooldown - now.Sub(s.failedAt)
	if age < 0 || failing > FailureCooldown { // the clock was set back
		age, failing = s.ages.Fresh, 0
	}
	asking := 0 <= asked && asked <= FetchLimit
	switch {
	case known && age < s.ages.Fresh:
		return key, Use, 0
	case known && age < s.ages.Stale && (asking || failing > 0):
		// Somebody is already asking the issuer, or it does not answer.
		return key, Use, 0
	case !known && s.keys != nil && age < s.ages.UnknownCooldown:
		if fetched {
			return Key{}, Unknown, 0
		}
		return Key{}, NotYet, s.ages.UnknownCooldown - age
	case failing > 0:
		return Key{}, Unavailable, failing
	}
	if !asking {
		s.askedAt = now
	}
	return Key{}, Fetch, 0
}
