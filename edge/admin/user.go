package admin

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// getSession says what a user's session is made of.
func getSession(c *request) (answer, *protocol.Error) {
	session, err := c.ask(c.ctx, c.user, (&call.DescribeSession{}).Message())
	if err != nil {
		return answer{}, err
	}
	out := jsonscan.NewObject(nil)
	out.Raw("session", session)
	return ok(out.End()), nil
}

// postDeviceMessage has the session object keep a message for the user's device, and
// answers with its place there once it is stored.
func postDeviceMessage(c *request) (answer, *protocol.Error) {
	data := c.fields["data"]
	if data == nil {
		return answer{}, rest.BadField("data")
	}
	seq, err := c.ask(c.ctx, c.user, (&call.Post{Data: data}).Message())
	if err != nil {
		return answer{}, err
	}
	out := jsonscan.NewObject(nil)
	out.Raw("seq", seq)
	return ok(out.End()), nil
}

// kick ends a user's connections, on one document, on the device channel, or on all. It takes no right away:
// the user may come back at once.
func kick(c *request) (answer, *protocol.Error) {
	r := c.ending(protocol.SessionEnded, "kicked")
	if raw := c.fields["document"]; raw != nil {
		document, _ := jsonscan.Str(raw)
		if !protocol.DocumentID(document) && document != protocol.DeviceChannel {
			return answer{}, rest.BadField("document")
		}
		c.document, r.Document = document, document
	}
	receipt, err := c.ask(c.ctx, c.user, r.Message())
	if err != nil {
		return answer{}, err
	}
	out := jsonscan.NewObject(nil)
	out.Raw("receipt", receipt)
	return ok(out.End()), nil
}

// clockSkew is how far ahead of ours the clock of an issuer, or of the operator, may be.
const clockSkew = 5 * time.Second

// before reads a moment that is a string (RFC 3339) or a number (seconds since 1970).
// One that lies ahead would end tokens that nobody has issued yet.
func (c *request) before(raw []byte) (time.Time, *protocol.Error) {
	at, isMoment := momentOf(raw)
	if !isMoment || at.Unix() < 1 || at.After(c.cfg.Now().Add(clockSkew)) {
		return at, rest.BadField("before")
	}
	return at, nil
}

// ending begins a request to end connections.
func (c *request) ending(code protocol.Code, reason string) *call.End {
	return &call.End{UserID: c.user, Code: code, Reason: c.why(reason), By: c.by}
}
