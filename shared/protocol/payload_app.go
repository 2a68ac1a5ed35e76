package protocol

import "github.com/holdfast-dev/holdfast/shared/jsontext"

// AppMessage is a message to a device.
type AppMessage struct {
	// From names the sender: FromOperator.
	From string
	// Data is raw JSON.
	Data []byte
}

// FromOperator is AppMessage.From of what an operator has sent.
const FromOperator = "operator"

// Append appends the payload as JSON.
func (p AppMessage) Append(dst []byte) []byte {
	w := jsontext.NewObject(dst)
	w.Str("from", p.From)
	w.Raw("data", p.Data)
	return w.End()
}

// ParseAppMessage reads the data of an app_message; its own Data aliases data.
func ParseAppMessage(data []byte) (AppMessage, bool) {
	m := read(data)
	m.need("from")
	p := AppMessage{From: m.str("from"), Data: jsontext.Field(data, "data")} // null is JSON too
	return p, m.ok && p.Data != nil
}
