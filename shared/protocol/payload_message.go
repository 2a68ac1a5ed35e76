package protocol

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// UserMessage is a message to all of a user's browsers. The frame's message_id names it.
type UserMessage struct {
	// Data is raw JSON.
	Data []byte
	// At is when the server took it.
	At time.Time
}

// Append appends the payload as JSON.
func (p UserMessage) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Raw("data", p.Data)
	w.Time("at", p.At)
	return w.End()
}

// ParseUserMessage reads the data of a message; its own Data aliases data.
func ParseUserMessage(data []byte) (UserMessage, bool) {
	m := read(data)
	m.need("at")
	p := UserMessage{Data: jsonscan.Field(data, "data"), At: m.time("at")} // null is JSON too
	return p, m.ok && p.Data != nil
}
