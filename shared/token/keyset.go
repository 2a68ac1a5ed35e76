package token

import "time"

// Ages say how long we trust what an issuer published. A zero field means the constant of
// the same name.
type Ages struct {
	// Fresh is how long we use a key set without fetching it again.
	Fresh time.Duration
	// Stale is how long we use an old key set while the issuer does not answer.
	Stale time.Duration
	// UnknownCooldown is the least time between two fetches because of a kid that is
	// not in the set. Anybody can invent such a kid.
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

// Decision is what the caller does about a kid.
type Decision uint8

// The decisions.
const (
	// Use says to use the key.
	Use Decision = iota
	// Fetch says to fetch the key set, call Load or Failed, and look up again. While the
	// set is needed every caller gets this decision: callers share one fetch.
	Fetch
	// Unknown says that there is no such key.
	Unknown
	// Unfit says that the key is not for the token's algorithm (RFC 8725, section 3.1).
	Unfit
	// NotYet says that a kid may not cause another fetch so soon. The issuer may have
	// published such a key meanwhile.
	NotYet
	// Unavailable says that the issuer failed to answer, and that we let it rest for now.
	Unavailable
)

// orDefault replaces the fields that are not set.
func (a Ages) orDefault() Ages {
	for _, f := range [...]struct {
		age       *time.Duration
		otherwise time.Duration
	}{{&a.Fresh, Fresh}, {&a.Stale, Stale}, {&a.UnknownCooldown, UnknownCooldown}} {
		if *f.age <= 0 {
			*f.age = f.otherwise
		}
	}
	return a
}

// KeySet holds the keys that check tokens: either fetched keys, which age, or configured
// keys, which do not. It is not safe for concurrent use.
type KeySet struct {
	ages     Ages
	allowed  []string
	static   []Key
	keys     map[string]Key
	loadedAt time.Time
	failedAt time.Time
	// askedAt is when the fetch under way began, zero for none. The request may die and
	// never report, so it counts only for FetchLimit.
	askedAt time.Time
}

// NewFetched returns a set whose keys have to be fetched. It uses the keys for these
// algorithms; none means Algorithm.
func NewFetched(ages Ages, allowed ...string) *KeySet {
	return &KeySet{ages: ages.orDefault(), allowed: allowed}
}

// NewStatic returns a set of configured keys. The first is the one that signs at present:
// it checks tokens that name no kid. A token that names none of the keys is refused, unless
// the only key has no name.
func NewStatic(keys ...Key) *KeySet { return &KeySet{static: keys} }

// Load stores a fetched key set, and returns how many of its keys for our algorithms it
// could not use. A set without a usable key counts as Failed and changes nothing, so an
// issuer's error page locks nobody out.
func (s *KeySet) Load(jwks []byte, now time.Time) (leftOut int, err error) {
	keys, leftOut, err := readKeySet(jwks, s.allowed)
	if err != nil {
		s.Failed(now)
		return leftOut, err
	}
	s.keys, s.loadedAt, s.failedAt, s.askedAt = keys, now, time.Time{}, time.Time{}
	return leftOut, nil
}

// Failed records a fetch that brought no key set.
func (s *KeySet) Failed(now time.Time) { s.failedAt, s.askedAt = now, time.Time{} }

// Lookup decides what to do about a token. fetched says that the caller fetched the set for this
// very token: a kid that is missing now is unknown. key is set with Use. wait is how long NotYet
// and Unavailable last.
func (s *KeySet) Lookup(t *Token, fetched bool, now time.Time) (key Key, d Decision, wait time.Duration) {
	key, d, wait = s.named(t.KeyID, fetched, now)
	if d == Use && !key.Fits(t.Algorithm) {
		return Key{}, Unfit, 0
	}
	return key, d, wait
}

func (s *KeySet) named(kid string, fetched bool, now time.Time) (key Key, d Decision, wait time.Duration) {
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
		// A fetch is under way, or the issuer does not answer: the old key serves on.
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
