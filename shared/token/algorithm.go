package token

import "slices"

// Algorithm is the signature algorithm that we accept if the deployment names no other, and
// the one that the embedded issuer signs with.
const Algorithm = "RS256"

// algorithm is a signature algorithm and the one kind of key that it takes (RFC 7518,
// section 3.1; RFC 8037, section 3.1).
type algorithm struct {
	name, kty, crv string
	// signature is the length of its signatures in bytes, or 0 if that depends on the key. Those
	// of ECDSA are the two numbers one after the other, never DER (RFC 7518, section 3.4).
	signature int
}

// algorithms are all that a deployment may name. Each has a public key: with a shared secret
// (HS256) whoever checks a token could make one.
var algorithms = [...]algorithm{
	{"RS256", "RSA", "", 0},
	{"RS384", "RSA", "", 0},
	{"RS512", "RSA", "", 0},
	{"PS256", "RSA", "", 0},
	{"PS384", "RSA", "", 0},
	{"PS512", "RSA", "", 0},
	{"ES256", "EC", "P-256", 64},
	{"ES384", "EC", "P-384", 96},
	{"EdDSA", "OKP", "Ed25519", 64},
}

// KnownAlgorithm reports whether a deployment may allow an algorithm.
func KnownAlgorithm(name string) bool { return find(name).kty != "" }

// find returns the algorithm of a name; the zero value for an unknown one.
func find(name string) algorithm {
	for _, a := range algorithms {
		if a.name == name {
			return a
		}
	}
	return algorithm{}
}

// allows reports whether an allow-list has an algorithm. An empty list is Algorithm alone.
func allows(list []string, name string) bool {
	if len(list) == 0 {
		return name == Algorithm
	}
	return slices.Contains(list, name)
}
