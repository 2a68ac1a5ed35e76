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
	// maxFetches is how many may be under way at once. The caller shares
	// results, not waits: a wait belongs to the request that began it.
	maxFetches = 4
)

// Decision is what to do about a kid.
type Decision uint8

// The decisions.
const (
	// Use the key.
	Use Decision = iota
	// Fetch the key set, tell Load or Failed, then look up again.
	Fetch
	// Unknown: there is no such key.
	Unknown
	// Unavailable: nobody can say at present; try again after FailureCooldown.
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
	// begun are the moments at which the fetches under way were asked for. One
	// whose request died never reports, so the old ones are dropped.
	begun []time.Time
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

// Load takes a fetched key set. One that cannot be used counts as Failed and
// changes nothing: an issuer's error page must not lock everybody out.
func (s *KeySet) Load(jwks []byte, now time.Time) error {
	keys, err := readKeySet(jwks)
	if err != nil {
		s.Failed(now)
		return err
	}
	s.keys, s.loadedAt, s.failedAt = keys, now, time.Time{}
	s.done()
	return nil
}

// Failed says that a fetch brought nothing.
func (s *KeySet) Failed(now time.Time) {
	s.failedAt = now
	s.done()
}

func (s *KeySet) done() {
	if len(s.begun) > 0 {
		s.begun = s.begun[1:]
	}
}

// Lookup says what to do about a token that names kid; the key is set when the
// decision is Use.
func (s *KeySet) Lookup(kid string, now time.Time) (Key, Decision) {
	if s.static != nil {
		if kid == "" || len(s.static) == 1 && s.static[0].ID == "" {
			return s.static[0], Use
		}
		for _, key := range s.static {
			if key.ID == kid {
				return key, Use
			}
		}
		return Key{}, Unknown
	}
	if kid == "" {
		return Key{}, Unknown
	}
	key, known := s.keys[kid]
	age := now.Sub(s.loadedAt)
	have := s.keys != nil
	switch {
	case have && known && age < s.ages.Fresh:
		return key, Use
	case have && !known && age < s.ages.UnknownCooldown:
		return Key{}, Unknown
	}
	fetch := s.mayFetch(now)
	switch {
	case have && known && age < s.ages.Stale && (!fetch || len(s.begun) > 0):
		// The issuer does not answer, or somebody is already asking it.
		return key, Use
	case fetch:
		s.begun = append(s.begun, now)
		return Key{}, Fetch
	}
	return Key{}, Unavailable
}

func (s *KeySet) mayFetch(now time.Time) bool {
	for len(s.begun) > 0 && now.Sub(s.begun[0]) > FetchLimit+time.Second {
		s.begun = s.begun[1:]
	}
	return len(s.begun) < maxFetches && (s.failedAt.IsZero() || now.Sub(s.failedAt) >= FailureCooldown)
}
