package admin

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// maxPart is more parts than a snapshot has.
const maxPart = 1 << 20

// version reads a number that may stand in the path or as a parameter.
func version(text, name string, least uint64) (uint64, *protocol.Error) {
	n, isVersion := jsonscan.Uint([]byte(text))
	if !isVersion || n < least || n > protocol.MaxSeq {
		return 0, rest.BadField(name)
	}
	return n, nil
}

// getSnapshot answers with the parts of a kept snapshot, from one on, as many as fit.
func getSnapshot(c *request) (answer, *protocol.Error) {
	of, err := version(named(c.request, "version"), "version", 1)
	if err != nil {
		return answer{}, err
	}
	part, err := c.version("part")
	if err != nil || part > maxPart {
		return answer{}, rest.BadField("part")
	}
	r := call.Past{Version: of, Part: int(part)}
	return c.change(r.Message())
}

// listEntries answers with the entries behind a kept snapshot, up to the next one that is kept.
func listEntries(c *request) (answer, *protocol.Error) {
	of, err := version(named(c.request, "version"), "version", 0)
	if err != nil {
		return answer{}, err
	}
	r := call.Past{Version: of, Entries: true}
	if r.After, err = c.version("after"); err != nil {
		return answer{}, err
	}
	return c.change(r.Message())
}
