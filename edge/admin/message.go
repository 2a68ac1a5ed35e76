package admin

import (
	"encoding/hex"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// postMessage has the session object keep a message for all of the user's browsers and send it
// to those that are connected. A repeat under the same message_id is the same message.
func postMessage(c *request) (answer, *protocol.Error) {
	r := call.UserMessage{Data: c.fields["data"]}
	if r.Data == nil {
		return answer{}, rest.BadField("data")
	}
	if raw := c.fields["message_id"]; raw != nil {
		id, isText := jsonscan.Str(raw)
		control := strings.ContainsFunc(id, func(r rune) bool { return r < ' ' || r == 0x7f })
		if !isText || id == "" || len(id) > protocol.DefaultLimits.IDBytes || control {
			return answer{}, rest.BadField("message_id")
		}
		r.ID = id
	} else {
		random := make([]byte, 16)
		c.cfg.Random(random)
		r.ID = "msg_" + hex.EncodeToString(random)
	}
	if raw := c.fields["ttl_s"]; raw != nil {
		seconds, isNumber := jsonscan.Uint(raw)
		if !isNumber || seconds > uint64(c.cfg.MaxMessageTTL.Seconds()) {
			return answer{}, rest.BadField("ttl_s")
		}
		r.TTLMS, r.Said = seconds*1000, true
	}
	sent, err := c.ask(c.ctx, c.user, r.Message())
	if err != nil {
		return answer{}, err
	}
	out := jsonscan.NewObject(nil)
	out.Raw("message", sent)
	return ok(out.End()), nil
}
