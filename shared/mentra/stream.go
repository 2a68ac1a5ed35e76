package mentra

import (
	"strings"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// nameOf is the name of a stream as an app's list has it: the text, or an object's stream.
func nameOf(item []byte) string {
	if len(item) > 0 && item[0] == '{' {
		item = jsonscan.Field(item, "stream")
	}
	name, _ := jsonscan.Str(item)
	return name
}

// belongs reports whether a message called so belongs to a stream.
func belongs(called, stream string, data []byte) bool {
	rest, is := strings.CutPrefix(stream, called)
	if !is || rest == "" {
		return is
	}
	rest, _, _ = strings.Cut(rest, "?")
	if rest == "" {
		return true
	}
	rest, is = strings.CutPrefix(rest, ":")
	from, to, two := strings.Cut(rest, "-to-")
	return is && says(data, from) && (!two || says(data, to))
}

// says reports whether a member of an object is that text.
func says(data []byte, word string) bool {
	o, _ := jsonscan.Parse(data)
	for o.Next() {
		if v, ok := jsonscan.Str(o.Value()); ok && v == word {
			return true
		}
	}
	return false
}

// subscribe is what the core is sent for an app's list: the names, and the types that the SDK
// reads whether or not the app has named them.
func subscribe(list []byte) []byte {
	p := protocol.AppSubscribe{Streams: strings.Fields(direct)}
	for items := jsonscan.Elements(list); items.Next() && len(p.Streams) < protocol.MostStreams; {
		name, _, _ := strings.Cut(nameOf(items.Value()), "?")
		if protocol.ValidID(name, protocol.StreamBytes) {
			p.Streams = append(p.Streams, name)
		}
	}
	return p.Append(nil)
}
