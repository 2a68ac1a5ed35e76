package admin

import (
	"time"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsontext"
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
	out := jsontext.NewObject(nil)
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
	out := jsontext.NewObject(nil)
	out.Raw("seq", seq)
	return ok(out.End()), nil
}

// deviceChannel names the user's device channel where a document may be named.
const deviceChannel = "@device"

// kick ends a user's connections, on one document, on the device channel, or on all. It takes no right away:
// the user may come back at once.
func kick(c *call) (answer, *protocol.Error) {
	w := c.ending("SESSION_ENDED", "kicked")
	if raw := c.fields["document"]; raw != nil {
		document, _ := jsontext.Str(raw)
		if !protocol.DocumentID(document) && document != deviceChannel {
			return answer{}, rest.BadField("document")
		}
		c.document = document
		w.Str("document", document)
	}
	return c.end(w)
}

// clockSkew is how far ahead of ours the clock of an issuer, or of the operator, may be.
const clockSkew = 5 * time.Second

// revoke makes tokens worthless: one, those of up to a moment, or all there are. Of
// the three exactly one must be said.
func revoke(c *call) (answer, *protocol.Error) {
	w := c.ending("TOKEN_REVOKED", "revoked")
	said, signIns := 0, false
	if c.fields["jti"] != nil {
		jti, err := c.text("jti", protocol.SubjectBytes)
		if err != nil {
			return answer{}, err
		}
		w.Str("jti", jti)
		said++
	}
	if raw := c.fields["before"]; raw != nil {
		at, err := c.before(raw)
		if err != nil {
			return answer{}, err
		}
		w.Int("before", at.Unix())
		said++
	}
	if raw := c.fields["all"]; raw != nil {
		if all, isBool := jsontext.Bool(raw); !isBool || !all {
			return answer{}, rest.BadField("all")
		}
		w.Bool("all", true)
		signIns = c.cfg.Embedded
		said++
	}
	if said != 1 {
		return answer{}, &protocol.Error{Code: protocol.MalformedMessage, Reason: "one_of_jti_before_all",
			Message: "Say exactly one of jti, before and all."}
	}
	if !signIns {
		return c.end(w)
	}
	// First, so that nobody gets a new access token between the two.
	if err := c.store.EndSignIns(c.ctx, c.user, c.cfg.Now()); err != nil {
		return answer{}, rest.Unavailable("database_unavailable")
	}
	out, err := c.end(w)
	if err != nil {
		return answer{}, afterStore(err)
	}
	return out, nil
}

// before reads a moment that is a string (RFC 3339) or a number (seconds since 1970).
// One that lies ahead would end tokens that nobody has issued yet.
func (c *call) before(raw []byte) (time.Time, *protocol.Error) {
	text, isText := jsontext.Str(raw)
	if !isText {
		text = string(raw)
	}
	at, isMoment := moment(text)
	if !isMoment || at.Unix() < 1 || at.After(c.cfg.Now().Add(clockSkew)) {
		return at, rest.BadField("before")
	}
	return at, nil
}

func (c *call) ending(code, reason string) jsontext.Writer {
	w := message("end")
	w.Str("user_id", c.user)
	w.Str("code", code)
	w.Str("reason", c.why(reason))
	w.Str("by", c.by)
	return w
}

// end has the session object end what it is told to, and answers with its receipt:
// what was closed, and the last message of each that was accepted.
func (c *call) end(w jsontext.Writer) (answer, *protocol.Error) {
	receipt, err := c.ask(c.ctx, sessionObjects, c.user, w.End(), "receipt")
	if err != nil {
		return answer{}, err
	}
	out := jsontext.NewObject(nil)
	out.Raw("receipt", receipt)
	return ok(out.End()), nil
}
