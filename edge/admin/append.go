package admin

import (
	"slices"
	"strconv"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// The fields of a body that adds to a document. One operation or comment may stand in the
// body itself; many are a list.
var (
	operationFields = []string{"operations", "message_id", "op", "section"}
	commentFields   = []string{"comments", "message_id", "event", "comment_id", "body", "anchor"}
)

func appendFields() []string {
	return []string{"user_id", "client_id", "if_version", "generation", "force"}
}

func appendOperations(c *request) (answer, *protocol.Error) {
	return c.appendAll("operations", operationFields[1:], func(w *jsonscan.Writer, item map[string][]byte) {
		w.Str("type", string(protocol.TypeOperation))
		w.Str("event", protocol.EventOp)
		frameData(w, item, "op", "section")
	})
}

func appendComments(c *request) (answer, *protocol.Error) {
	return c.appendAll("comments", commentFields[1:], func(w *jsonscan.Writer, item map[string][]byte) {
		w.Str("type", string(protocol.TypeComment))
		if raw := item["event"]; raw != nil {
			w.Raw("event", raw)
		}
		frameData(w, item, "comment_id", "body", "anchor")
	})
}

// frameData writes what all frames have, and the members of this one's data.
func frameData(w *jsonscan.Writer, item map[string][]byte, members ...string) {
	if raw := item["message_id"]; raw != nil {
		w.Raw("message_id", raw)
	}
	w.Open("data")
	for _, name := range members {
		if raw := item[name]; raw != nil {
			w.Raw(name, raw)
		}
	}
	w.Close()
}

// appendAll adds what the body holds, all of it or nothing. The document judges it as it does
// what comes by a socket.
func (c *request) appendAll(list string, known []string, frame func(*jsonscan.Writer, map[string][]byte)) (answer, *protocol.Error) {
	r := call.Append{By: c.by}
	if err := c.author(&r); err != nil {
		return answer{}, err
	}
	if err := c.condition(&r); err != nil {
		return answer{}, err
	}
	var err *protocol.Error
	if r.Frames, err = c.frames(list, known, frame); err != nil {
		return answer{}, err
	}
	if err := c.known(); err != nil {
		return answer{}, err
	}
	look := call.Look{Document: c.document}
	for attempt := 0; ; attempt++ {
		if r.UserID != "" {
			if r.Grant, err = c.ask(c.ctx, r.UserID, look.Message()); err != nil {
				return answer{}, err
			}
		}
		said, err := c.ask(c.ctx, c.document, r.Message())
		if err != nil {
			return answer{}, err
		}
		outdated := call.ParseOutdated(said)
		if !outdated.Outdated {
			if begins(said) {
				err = c.stillKnown()
			}
			return ok(said), err
		}
		if attempt > 0 { // the document's access changes faster than it is asked for
			return answer{}, rest.Unavailable("access_changed")
		}
		look.Access = outdated.Access
	}
}

// begins reports whether a log begins with what was added.
func begins(said []byte) bool {
	entries := jsonscan.Elements(jsonscan.Field(said, "entries"))
	entries.Next()
	first, _ := jsonscan.Uint(jsonscan.Field(entries.Value(), "document_version"))
	return first == 1
}

// stillKnown looks again for the document whose log a call has begun. One that was erased while
// the call was on the way would have that content for good, and one of the same name would begin
// with it. What comes by a socket has a grant from before, which a document that was erased asks
// about anew.
func (c *request) stillKnown() *protocol.Error {
	err := c.known()
	if err != nil && err.Code == protocol.DocumentNotFound {
		if _, failed := c.ask(c.ctx, c.document, (&call.Erase{}).Message()); failed != nil {
			return failed
		}
	}
	return err
}

// author reads whose name the ops bear: a user's, or that of the server alone. A server's
// client ids are its own: they begin with its name, and so are no other's.
func (c *request) author(r *call.Append) *protocol.Error {
	name := serverName
	if c.server != nil {
		name = c.server.Name
	}
	client := ""
	if raw := c.fields["client_id"]; raw != nil {
		var isText bool
		if client, isText = jsonscan.Str(raw); !isText || !protocol.Identifier(client, protocol.DefaultLimits.IDBytes) {
			return rest.BadField("client_id")
		}
	}
	if raw := c.fields["force"]; raw != nil {
		var isFlag bool
		if r.Force, isFlag = jsonscan.Bool(raw); !isFlag {
			return rest.BadField("force")
		}
		if r.Force && c.server != nil {
			return access.NotForThisKey()
		}
	}
	raw := c.fields["user_id"]
	if raw == nil {
		if r.ClientID = name; client != "" {
			r.ClientID += "/" + client
		}
		if len(r.ClientID) > protocol.DefaultLimits.IDBytes {
			return rest.BadField("client_id")
		}
		return nil
	}
	if c.server != nil && !slices.Contains(c.server.Scopes, scopeUsers) {
		return access.NotForThisKey()
	}
	// A guest is somebody of whom only a link knows, and who writes by their own socket.
	if r.UserID, _ = jsonscan.Str(raw); !protocol.UserID(r.UserID) || protocol.IsGuest(r.UserID) {
		return rest.BadField("user_id")
	}
	c.user = r.UserID
	if r.ClientID = name; client != "" {
		r.ClientID = client
	}
	if protocol.IsDelegate(r.ClientID) {
		return rest.BadField("client_id") // what a program has written for the user, nobody else has
	}
	return nil
}

// condition reads at which state the document has to be.
func (c *request) condition(r *call.Append) *protocol.Error {
	if raw := c.fields["if_version"]; raw != nil {
		if r.IfVersion, r.HasIf = jsonscan.Uint(raw); !r.HasIf || r.IfVersion > protocol.MaxSeq {
			return rest.BadField("if_version")
		}
	}
	if raw := c.fields["generation"]; raw != nil {
		var isText bool
		if r.Generation, isText = jsonscan.Str(raw); !isText || r.Generation == "" || len(r.Generation) > maxETag {
			return rest.BadField("generation")
		}
	}
	tag := c.request.Header.Get("If-Match")
	if tag == "" {
		return nil
	}
	generation, version, isTag := parseETag(tag)
	if !isTag || r.HasIf || r.Generation != "" {
		return rest.BadField("If-Match")
	}
	r.Generation, r.IfVersion, r.HasIf = generation, version, true
	return nil
}

// frames makes a frame of each item: of the list, or of the body itself.
func (c *request) frames(list string, known []string, frame func(*jsonscan.Writer, map[string][]byte)) ([]byte, *protocol.Error) {
	w := jsonscan.NewArray(nil)
	raw := c.fields[list]
	if raw == nil {
		w.OpenItem()
		frame(&w, c.fields)
		w.Close()
		w.CloseArray()
		return w.Buf, nil
	}
	for _, name := range known {
		if c.fields[name] != nil { // one or many, and not both
			return nil, rest.BadField(name)
		}
	}
	if raw[0] != '[' {
		return nil, rest.BadField(list)
	}
	n, ids := 0, map[string]bool{}
	for items := jsonscan.Elements(raw); items.Next(); n++ {
		if n >= c.cfg.AppendEntries {
			return nil, &protocol.Error{Code: protocol.MessageTooLarge, Reason: "too_many_entries", Message: "A call may add fewer at once: split it.",
				Details: []protocol.Detail{{Name: "most", Raw: strconv.AppendInt(nil, int64(c.cfg.AppendEntries), 10)}}}
		}
		item, field := members(items.Value(), known)
		// Two of one id would be one, and the second not stored.
		if id, isText := jsonscan.Str(item["message_id"]); isText {
			if ids[id] {
				item, field = nil, "message_id"
			}
			ids[id] = true
		}
		if item == nil {
			err := rest.BadField(field)
			err.Details = append(err.Details, protocol.Detail{Name: "index", Raw: strconv.AppendInt(nil, int64(n), 10)})
			return nil, err
		}
		w.OpenItem()
		frame(&w, item)
		w.Close()
	}
	if n == 0 {
		return nil, rest.BadField(list)
	}
	w.CloseArray()
	return w.Buf, nil
}

// members are an item's, each of which is known and stands once; else nil, and which is not so.
func members(raw []byte, known []string) (map[string][]byte, string) {
	item := map[string][]byte{}
	o, isObject := jsonscan.Parse(raw)
	for o.Next() {
		name := string(o.Key())
		at := slices.Index(known, name)
		switch {
		case at < 0:
			return nil, "entry" // what it is called is not ours to repeat
		case item[name] != nil:
			return nil, known[at]
		}
		item[name] = o.Value()
	}
	if !isObject {
		return nil, "entry"
	}
	return item, ""
}
