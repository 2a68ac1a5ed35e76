package admin

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// bookmarkBytes is more than the platform's bookmarks have.
const bookmarkBytes = 256

// recoverDocument has the platform put a document's storage back: to a moment, or to the
// bookmark that an earlier call has answered with. Only documents: a user's object would bring
// back tokens that were revoked.
func recoverDocument(c *request) (answer, *protocol.Error) {
	var r call.Recover
	switch at, bookmark := c.fields["at"], c.fields["bookmark"]; {
	case at != nil && bookmark != nil, bookmark != nil && !isBookmark(bookmark):
		return answer{}, rest.BadField("bookmark")
	case bookmark != nil:
		r.Bookmark, _ = jsonscan.Str(bookmark)
	default:
		text, isText := jsonscan.Str(at)
		moment, isMoment := moment(text)
		if !isText || !isMoment || moment.Unix() < 1 || !moment.Before(c.cfg.Now()) {
			return answer{}, rest.BadField("at")
		}
		r.At = call.At(moment)
	}
	if err := c.known(); err != nil {
		return answer{}, err
	}
	said, err := c.ask(c.ctx, c.document, r.Message())
	if err != nil {
		return answer{}, err
	}
	w := jsonscan.NewObject(nil)
	w.Raw("recovery", said)
	w.Bool("restarting", true)
	return ok(w.End()), nil
}

// isBookmark reports whether a field can be one of the platform's.
func isBookmark(raw []byte) bool {
	text, isText := jsonscan.Str(raw)
	return isText && protocol.Identifier(text, bookmarkBytes)
}
