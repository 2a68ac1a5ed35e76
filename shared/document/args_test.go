package document_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

// args reads a command's key=value arguments.
type args struct {
	t *testing.T
	d *datadriven.TestData
}

func (a args) has(key string) bool { return a.d.HasArg(key) }

func (a args) str(key, def string) string {
	for _, arg := range a.d.CmdArgs {
		if arg.Key == key && len(arg.Vals) > 0 {
			return strings.Join(arg.Vals, ",")
		}
	}
	return def
}

// session is the user's session, s-<user> unless the command says otherwise.
func (a args) session() string { return a.str("session", "s-"+a.str("user", "")) }

func (a args) uint(key string, def uint64) uint64 {
	if text := a.str(key, ""); text != "" {
		var n uint64
		if _, err := fmt.Sscan(text, &n); err != nil {
			a.t.Fatalf("%s: %s: %v", a.d.Pos, key, err)
		}
		return n
	}
	return def
}

func (a args) duration(key string, def time.Duration) time.Duration {
	if text := a.str(key, ""); text != "" {
		d, err := time.ParseDuration(text)
		if err != nil {
			a.t.Fatalf("%s: %s: %v", a.d.Pos, key, err)
		}
		return d
	}
	return def
}
