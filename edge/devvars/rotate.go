package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/token"
)

// maxPrevious is how many old public keys the file keeps.
const maxPrevious = 2

// errNoKey holds nothing of the file, because the file holds secrets.
var errNoKey = errors.New("the file has no SIGNING_KEY='…' that can be used")

// rotate replaces the signing key. It keeps every other line of the file. After an interrupted
// run the file is either the old one or the new one, never half of each.
func rotate(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	signing, err := token.PublicKey([]byte(value(text, "SIGNING_KEY")))
	if err != nil || signing.ID == "" {
		return errNoKey
	}
	previous := []token.Key{signing}
	if old := value(text, "PREVIOUS_KEYS"); old != "" {
		keys, err := token.PublicKeys([]byte(old))
		if err != nil {
			return errors.New("PREVIOUS_KEYS cannot be used: mend it or remove the line")
		}
		previous = append(previous, keys...)
	}
	var list []string
	for _, key := range previous[:min(len(previous), maxPrevious)] {
		list = append(list, string(key.JWK))
	}
	key, err := signingKey()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "SIGNING_KEY=") && !strings.HasPrefix(line, "PREVIOUS_KEYS=") {
			out.WriteString(strings.TrimSuffix(line, "\n") + "\n")
		}
	}
	fmt.Fprintf(&out, "SIGNING_KEY='%s'\nPREVIOUS_KEYS='[%s]'\n", key, strings.Join(list, ","))
	return replace(file, out.Bytes())
}

func replace(file string, text []byte) error {
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name())
	_, err = temp.Write(text)
	if err = errors.Join(err, temp.Close()); err != nil {
		return err
	}
	return os.Rename(temp.Name(), file)
}

// value returns the value of a variable, "" if the file lacks it.
func value(text []byte, name string) string {
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(strings.TrimSpace(line), name+"="); ok {
			return strings.Trim(v, "'\"")
		}
	}
	return ""
}
