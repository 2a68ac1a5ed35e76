// Devvars writes the secrets of a development server once: ADMIN_TOKEN, and
// SIGNING_KEY, the embedded issuer's private key. A file that exists is left as
// it is, and no value is ever shown.
//
//	go run ./edge/devvars -file .dev.vars
//
// With -rotate the file gets a new SIGNING_KEY, and the public half of the one it had
// becomes the first of PREVIOUS_KEYS, of which the two newest are kept.
package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
)

func main() {
	file := flag.String("file", ".dev.vars", "where the secrets go")
	again := flag.Bool("rotate", false, "make a new signing key, and keep the old one's public half")
	flag.Parse()
	if *again {
		if err := rotate(*file); err != nil {
			fmt.Fprintln(os.Stderr, "devvars:", err)
			os.Exit(1)
		}
		fmt.Printf("rotated %s: SIGNING_KEY is new, PREVIOUS_KEYS has the old one\n", *file)
		return
	}
	written, err := create(*file)
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "devvars:", err)
		os.Exit(1)
	case written:
		fmt.Printf("wrote %s: ADMIN_TOKEN and SIGNING_KEY, new and random\n", *file)
	default:
		fmt.Printf("kept %s\n", *file)
	}
}

// create writes the file unless it is there. It appears whole or not at all: an
// interrupted run must not leave half a key that would then be kept.
func create(file string) (written bool, err error) {
	if _, err := os.Lstat(file); !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	admin := make([]byte, 32)
	rand.Read(admin)
	key, err := signingKey()
	if err != nil {
		return false, err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name())
	_, err = fmt.Fprintf(temp, "# Secrets of this machine's development server. Delete the file for new ones.\nADMIN_TOKEN='%s'\nSIGNING_KEY='%s'\n",
		base64.RawURLEncoding.EncodeToString(admin), key)
	if err = errors.Join(err, temp.Close()); err != nil {
		return false, err
	}
	// Link, not Rename: of two runs at once the second must not replace the first's.
	if err := os.Link(temp.Name(), file); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return false, nil
		}
		return false, err
	}
	return true, nil
}

// jwk is a private RSA key, with the members in the order of RFC 7517's example.
type jwk struct {
	Kty string `json:"kty"`
	N   string `json:"n"`
	E   string `json:"e"`
	D   string `json:"d"`
	P   string `json:"p"`
	Q   string `json:"q"`
	DP  string `json:"dp"`
	DQ  string `json:"dq"`
	QI  string `json:"qi"`
	Alg string `json:"alg"`
	Use string `json:"use"`
	Kid string `json:"kid"`
}

// signingKey makes a key whose name is its thumbprint (RFC 7638), so that two
// keys never share one.
func signingKey() ([]byte, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	b64 := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	n, e := b64(key.N), b64(big.NewInt(int64(key.E)))
	print := sha256.Sum256([]byte(`{"e":"` + e + `","kty":"RSA","n":"` + n + `"}`))
	return json.Marshal(jwk{
		Kty: "RSA", N: n, E: e, D: b64(key.D), P: b64(key.Primes[0]), Q: b64(key.Primes[1]),
		DP: b64(key.Precomputed.Dp), DQ: b64(key.Precomputed.Dq), QI: b64(key.Precomputed.Qinv),
		Alg: "RS256", Use: "sig", Kid: base64.RawURLEncoding.EncodeToString(print[:]),
	})
}
