// Devvars writes the secrets of a development server once: ADMIN_TOKEN; SIGNING_KEY, the
// private key of the embedded issuer; and APP_SESSION_SECRET, which signs the session ids of
// apps. If the file exists devvars keeps what it holds, and adds the secrets that it lacks.
// It never prints a value.
//
//	go run ./edge/devvars -file .dev.vars
//
// With -rotate devvars makes a new SIGNING_KEY, and puts the public half of the old one first
// in PREVIOUS_KEYS. It keeps the two newest of those.
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

// create writes the file unless it exists. It writes all of it or nothing: an interrupted run
// must not leave half a key, which later runs would keep.
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
	// Link, not Rename: of two runs at a time the second must not replace the first's file.
	if err := os.Link(temp.Name(), file); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return false, nil
		}
		return false, err
	}
	return true, nil
}

// appSessionSecret is newer than the others, so older files lack it.
const appSessionSecret = "APP_SESSION_SECRET"

// complete adds the secrets that an older file lacks. It leaves a variable that exists as it
// is, whatever its value.
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

// secret returns 32 random bytes.
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

// signingKey makes a key that is named by its thumbprint (RFC 7638), so that no two keys
// share a name.
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
