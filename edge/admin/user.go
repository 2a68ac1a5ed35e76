package admin

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// getSession says what a user's session is made of.
func getSession(c *call) (answer, *protocol.Error) {
	w := message("describe")
	w.Str("user_id", c.user)
	session, err := c.ask(c.ctx, sessionObjects, c.user, w.End(), "session")
	if err != nil {
		return answer{}, err
	}
	out := jsonscan.NewObject(nil)
	out.Raw("session", session)
	return ok(out.End()), nil
}

// postDeviceMessage has the session object keep a message for the user's device, and
// answers with its place there once it is stored.
func postDeviceMessage(c *call) (answer, *protocol.Error) {
	data := c.fields["data"]
	if data == nil {
		return answer{}, rest.BadField("data")
	}
	w := message("post")
	w.Raw("data", data)
	seq, err := c.ask(c.ctx, sessionObjects, c.user, w.End(), "seq")
	if err != nil {
		return answer{}, err
	}
	out := jsonscan.NewObject(nil)
	out.Raw("seq", seq)
	return ok(out.End()), nil
}

// kick ends a user's connections, on one document, on the device channel, or on all. It takes no right away:
// the user may come back at once.
func kick(c *call) (answer, *protocol.Error) {
	w := c.ending("SESSION_ENDED", "kicked")
	if raw := c.fields["document"]; raw != nil {
		document, _ := jsonscan.Str(raw)
		if !protocol.DocumentID(document) && document != protocol.DeviceChannel {
			return answer{}, rest.BadField("document")
		}
		c.document = document
		w.Str("document", document)
	}
	return c.end(w)
}

// clockSkew is how far ahead of ours the clock of an issuer, or of the operator, may be.
const clockSkew = 5 * time.Second

// before reads a moment that is a string (RFC 3339) or a number (seconds since 1970).
// One that lies ahead would end tokens that nobody has issued yet.
func (c *call) before(raw []byte) (time.Time, *protocol.Error) {
	text, isText := jsonscan.Str(raw)
	if !isText {
		text = string(raw)
	}
	at, isMoment := moment(text)
	if !isMoment || at.Unix() < 1 || at.After(c.cfg.Now().Add(clockSkew)) {
		return at, rest.BadField("before")
	}
	return at, nil
}

func (c *call) ending(code, reason string) jsonscan.Writer {
	w := message("end")
	w.Str("user_id", c.user)
	w.Str("code", code)
	w.Str("reason", c.why(reason))
	w.Str("by", c.by)
	return w
}

// end has the session object end what it is told to, and answers with its receipt:
// what was closed, and the last message of each that was accepted.
func (c *call) end(w jsonscan.Writer) (answer, *protocol.Error) {
	receipt, err := c.ask(c.ctx, sessionObjects, c.user, w.End(), "receipt")
	if err != nil {
		return answer{}, err
	}
	out := jsonscan.NewObject(nil)
	out.Raw("receipt", receipt)
	return ok(out.End()), nil
}
