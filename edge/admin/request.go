package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/account"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// bodyDepth is the deepest nesting of a body whose fields are all ours.
const bodyDepth = 16

// request is one request: who asks, what the path names, what the body says.
type request struct {
	*API
	ctx     context.Context
	request *http.Request
	// by is the operator's name, or that of a server's key: then server is that key.
	by     string
	server *DocumentKey
	// The checked names of the path.
	document, user, workspace string
	// account is the id of an account; user is then what all else calls its user.
	account string
	// app is a package, key the id of one of its keys.
	app, key string
	// link is the id of a guests' link.
	link   string
	fields map[string][]byte
	// reason is the operator's reason, or "".
	reason string
}

// read checks everything about a request that does not depend on the route.
func (c *request) read(r *route) *protocol.Error {
	for _, n := range [...]struct {
		name string
		into *string
		good func(string) bool
	}{
		{"document", &c.document, protocol.DocumentID},
		{"user_id", &c.user, protocol.UserID},
		{"workspace_id", &c.workspace, isWorkspace},
		{"account_id", &c.account, account.IsID},
		{"package", &c.app, protocol.PackageName},
		{"key_id", &c.key, protocol.HexID},
		{"link_id", &c.link, protocol.HexID},
		{"delegation_id", &c.key, protocol.HexID},
	} {
		if !strings.Contains(r.path, "{"+n.name+"}") {
			continue
		}
		if *n.into = named(c.request, n.name); !n.good(*n.into) {
			c.document, c.user, c.workspace, c.account, c.app, c.key, c.link = "", "", "", "", "", "", "" // keeps them out of the log, too
			return rest.BadField(n.name)
		}
	}
	if r.raw || len(r.fields) == 0 {
		return nil
	}
	// Whatever the headers say: a body that is ignored might have named one document, and
	// without it the call would mean all of them.
	most := c.cfg.MaxBodyBytes
	if r.appends {
		most = c.cfg.AppendBytes
	}
	body, err := rest.ReadBody(c.request, most)
	if err != nil || len(body) == 0 {
		return err
	}
	if !rest.IsJSON(c.request) {
		return notJSON()
	}
	depth := bodyDepth
	if r.foreign {
		depth = jsonscan.DepthLimit // the receiver decides how deep it may be
	}
	if err := rest.CheckObject(body, depth); err != nil {
		return err
	}
	return c.take(body, r.fields)
}

func isWorkspace(id string) bool { return protocol.Identifier(id, protocol.DefaultLimits.IDBytes) }

func notJSON() *protocol.Error {
	return &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonNotJSON, Message: "The body must be application/json."}
}

// take keeps the fields of the body. It refuses an unknown field, and one that stands twice:
// a misspelt "document" must not kick a user out of all documents.
func (c *request) take(body []byte, known []string) *protocol.Error {
	c.fields = map[string][]byte{}
	for o, _ := jsonscan.Parse(body); o.Next(); {
		field := string(o.Key())
		if !slices.Contains(known, field) {
			return &protocol.Error{Code: protocol.MalformedMessage, Reason: "unknown_field",
				Message: "The body holds a field that is not known here. Known are: " + strings.Join(known, ", ") + "."}
		}
		if c.fields[field] != nil {
			return rest.BadField(field)
		}
		c.fields[field] = o.Value()
	}
	if raw := c.fields["reason"]; raw != nil {
		reason, isText := jsonscan.Str(raw)
		if !isText || !protocol.Word(reason) {
			return rest.BadField("reason")
		}
		c.reason = reason
	}
	return nil
}

// text returns a field that is a string of 1 to max bytes without control characters.
func (c *request) text(field string, max int) (string, *protocol.Error) {
	s, isText := jsonscan.Str(c.fields[field])
	control := strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
	if !isText || s == "" || len(s) > max || control {
		return "", rest.BadField(field)
	}
	return s, nil
}

// oneOf returns a field that is one of the words.
func (c *request) oneOf(field string, words ...string) (string, *protocol.Error) {
	s, _ := jsonscan.Str(c.fields[field])
	if !slices.Contains(words, s) {
		return "", rest.BadField(field)
	}
	return s, nil
}

// why returns the operator's reason, or otherwise if there is none.
func (c *request) why(otherwise string) string {
	if c.reason == "" {
		return otherwise
	}
	return c.reason
}

// query returns a parameter that may stand once.
func (c *request) query(parameter string) (string, *protocol.Error) {
	switch values := c.request.URL.Query()[parameter]; len(values) {
	case 0:
		return "", nil
	case 1:
		return values[0], nil
	}
	return "", rest.BadField(parameter)
}

// count returns a parameter that is a number from 1 to max, or otherwise if it is missing.
func (c *request) count(parameter string, max, otherwise int) (int, *protocol.Error) {
	text, err := c.query(parameter)
	if err != nil || text == "" {
		return min(otherwise, max), err
	}
	n, bad := strconv.Atoi(text)
	if bad != nil || n < 1 || n > max {
		return 0, rest.BadField(parameter)
	}
	return n, nil
}

// when returns a parameter that is a moment: RFC 3339, or seconds since 1970.
func (c *request) when(parameter string, otherwise time.Time) (time.Time, *protocol.Error) {
	text, err := c.query(parameter)
	if err != nil || text == "" {
		return otherwise, err
	}
	if at, isMoment := moment(text); isMoment {
		return at, nil
	}
	return otherwise, rest.BadField(parameter)
}

// momentOf reads a field that is RFC 3339 in a string, or seconds since 1970.
func momentOf(raw []byte) (time.Time, bool) {
	if text, isText := jsonscan.Str(raw); isText {
		return moment(text)
	}
	return moment(string(raw))
}

// moment reads RFC 3339 or seconds since 1970. A plus sign that was not escaped arrives as
// a space.
func moment(text string) (time.Time, bool) {
	if n, isNumber := jsonscan.Uint([]byte(text)); isNumber && n <= lastSecond {
		return time.Unix(int64(n), 0).UTC(), true
	}
	return jsonscan.Time(jsonscan.AppendString(nil, strings.ReplaceAll(text, " ", "+")))
}

// lastSecond is the end of the year 9999.
const lastSecond = 253402300799

// log writes who did what, to whom, and how it ended. It leaves the body out, and of the
// path everything that is not an id.
func (c *request) log(r *route, status int, err *protocol.Error) {
	if c.by == "" && (r == nil || !r.raw && !r.user) {
		return // the description is public
	}
	w := jsonscan.NewObject(nil)
	if status < 400 {
		w.Str("level", "info")
	} else {
		w.Str("level", "warn")
	}
	w.Str("event", "admin_call")
	operation := "none"
	if r != nil {
		operation = r.name
	}
	w.Str("operation", operation)
	by := c.by
	switch {
	case by != "":
	case r.user:
		by = userName
	default:
		by = webhookName
	}
	for _, m := range [...]struct{ name, value string }{
		{"by", by}, {"document", c.document}, {"user_id", c.user}, {"workspace_id", c.workspace},
		{"account_id", c.account}, {"package", c.app}, {"key_id", c.key}, {"link_id", c.link}, {"reason", c.reason},
	} {
		if m.value != "" {
			w.Str(m.name, m.value)
		}
	}
	if c.server != nil {
		w.Str("document_key", c.server.ID)
	}
	w.Int("status", int64(status))
	if err != nil {
		w.Str("code", string(err.Code))
	}
	c.cfg.Log(string(w.End()))
}
