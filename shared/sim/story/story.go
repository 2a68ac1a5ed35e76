// Package story plays transcripts: files of commands, each with what follows from it. It
// decides how they are found, read, compared and written anew, and how a command's
// arguments are spelt. What a command means is each core's own.
//
// go test ./shared/… -run Stories -rewrite writes what happened; the diff is what is to be
// reviewed.
//
// It is part of the test kit: tests alone import it.
package story

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/holdfast-dev/holdfast/shared/sim/clock"
)

// Run plays every file of testdata, each from its own beginning. A command writes what
// follows from it to c.Out; where nothing does, the transcript says "nothing".
func Run(t *testing.T, begin func(t *testing.T) (play func(c *Command))) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no stories: %v", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			play := begin(t)
			datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
				c := &Command{T: t, TestData: d, Out: &strings.Builder{}}
				play(c)
				if c.Out.Len() == 0 {
					return "nothing\n"
				}
				return c.Out.String()
			})
		})
	}
}

// Command is one line of a transcript: NAME [ARG …] [KEY=VALUE …], and the text below it.
type Command struct {
	T *testing.T
	*datadriven.TestData
	Out *strings.Builder
}

// Fail ends the test at this command.
func (c *Command) Fail(format string, args ...any) {
	c.T.Helper()
	c.T.Fatalf("%s: %s: %s", c.Pos, c.Cmd, fmt.Sprintf(format, args...))
}

// Unknown ends the test: there is no such command.
func (c *Command) Unknown() {
	c.T.Helper()
	c.T.Fatalf("%s: unknown command %s", c.Pos, c.Cmd)
}

// Has is whether an argument is there, with a value or without.
func (c *Command) Has(key string) bool { return c.HasArg(key) }

// First is the first argument where it has no value, as a name does; else "".
func (c *Command) First() string {
	if len(c.CmdArgs) == 0 || len(c.CmdArgs[0].Vals) > 0 {
		return ""
	}
	return c.CmdArgs[0].Key
}

// Str is an argument's value; a list in brackets has commas between its parts.
func (c *Command) Str(key, otherwise string) string {
	for _, arg := range c.CmdArgs {
		if arg.Key == key && len(arg.Vals) > 0 {
			return strings.Join(arg.Vals, ",")
		}
	}
	return otherwise
}

// Uint is an argument's number.
func (c *Command) Uint(key string, otherwise uint64) uint64 {
	text := c.Str(key, "")
	if text == "" {
		return otherwise
	}
	var n uint64
	if _, err := fmt.Sscan(text, &n); err != nil {
		c.Fail("%s: %v", key, err)
	}
	return n
}

// Span is an argument's length of time.
func (c *Command) Span(key string, otherwise time.Duration) time.Duration {
	text := c.Str(key, "")
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		c.Fail("%s: %v", key, err)
	}
	return d
}

// Moment is an argument's time, as what has passed since the story began.
func (c *Command) Moment(key string, otherwise time.Time) time.Time {
	return clock.Start.Add(c.Span(key, otherwise.Sub(clock.Start)))
}

// Alarm shows a core's deadline when it has moved. It begins by showing that there is none,
// unless Shown says that this is known.
type Alarm struct{ Shown string }

// None is an alarm that is known not to be set.
var None = Alarm{"none"}

// Show writes the deadline where it is another than before.
func (a *Alarm) Show(out io.Writer, at time.Time, ok bool) {
	text := "none"
	if ok {
		text = at.Sub(clock.Start).String()
	}
	if text != a.Shown {
		fmt.Fprintf(out, "alarm: %s\n", text)
	}
	a.Shown = text
}
