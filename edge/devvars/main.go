// Devvars writes the secrets of a development server once: ADMIN_TOKEN; SIGNING_KEY, the
// embedded issuer's private key; and APP_SESSION_SECRET, which signs the session ids that
// apps are given. A file that exists keeps what it has, and gets what has been added since
// it was made. No value is ever shown.
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
	"strings"
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
	added := false
	if err == nil && !written {
		added, err = complete(*file)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "devvars:", err)
		os.Exit(1)
	case written:
		fmt.Printf("wrote %s: ADMIN_TOKEN, SIGNING_KEY and APP_SESSION_SECRET, new and random\n", *file)
	case added:
		fmt.Printf("kept %s, and added APP_SESSION_SECRET\n", *file)
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
	key, err := signingKey()
	if err != nil {
		return false, err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return false, err
	}
	defer os.Remove(temp.Name())
	_, err = fmt.Fprintf(temp, "# Secrets of this machine's development server. Delete the file for new ones.\nADMIN_TOKEN='%s'\nSIGNING_KEY='%s'\n%s='%s'\n",
		secret(), key, appSessionSecret, secret())
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

// appSessionSecret came later than the others: there are files without it.
const appSessionSecret = "APP_SESSION_SECRET"

// complete adds what a file of before lacks. One that has the name, with whatever value, is
// left as it is.
func complete(file string) (added bool, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return false, err
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(strings.TrimSpace(line), appSessionSecret+"=") {
			return false, nil
		}
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		text = append(text, '\n')
	}
	return true, replace(file, fmt.Appendf(text, "%s='%s'\n", appSessionSecret, secret()))
}

// secret is 32 random bytes.
func secret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
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
