package story

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/sim/clock"
)

// The kit's own story: what its commands read is what they were given.
func TestStories(t *testing.T) {
	Run(t, func(t *testing.T) func(c *Command) {
		alarm := None
		return func(c *Command) {
			switch c.Cmd {
			case "read":
				fmt.Fprintf(c.Out, "first %q, has %v, text %q, number %d, span %v, moment %v, below %q\n",
					c.First(), c.Has("flag"), c.Str("text", "otherwise"), c.Uint("n", 7), c.Span("span", time.Second),
					c.Moment("at", clock.Start.Add(time.Minute)).Sub(clock.Start), strings.TrimSpace(c.Input))
			case "alarm":
				alarm.Show(c.Out, c.Moment("at", clock.Start), c.Has("at"))
			default:
				c.Unknown()
			}
		}
	})
}
