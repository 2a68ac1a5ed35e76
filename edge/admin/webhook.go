package admin

import (
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// webhookName is who an access that the webhook brought is by.
const webhookName = "webhook"

// webhook is an outside source of permissions saying that something has
// changed: for a user, for everybody on a document, or for everybody in a workspace. It
// is no permission: the session objects ask the source again, so a
// webhook that somebody repeats within its window gains nothing.
func webhook(c *request) (answer, *protocol.Error) {
	if len(c.cfg.Secrets) == 0 {
		return answer{}, &protocol.Error{Code: protocol.NotFound}
	}
	// The adapter takes a header apart at its commas.
	header := strings.Join(c.request.Header.Values(protocol.SignatureHeader), ",")
	signature, err := access.ParseSignature(header, c.cfg.Now(), c.cfg.Window)
	if err != nil {
		return answer{}, err
	}
	body, err := rest.ReadBody(c.request, c.cfg.MaxWebhookBytes)
	if err != nil {
		return answer{}, err
	}
	// Before anything of it is read.
	if !signature.Signs(body, c.cfg.Secrets) {
		return answer{}, access.Unsigned()
	}
	if !rest.IsJSON(c.request) {
		return answer{}, notJSON()
	}
	events, err := c.events(body)
	if err != nil {
		return answer{}, err
	}
	failed := make([]*protocol.Error, len(events))
	each(len(events), func(i int) { failed[i] = c.pass(events[i]) })
	for _, err := range failed {
		if err != nil {
			// The sender repeats all of it, which is harmless.
			return answer{}, rest.Unavailable("not_told")
		}
	}
	w := jsonscan.NewObject(nil)
	w.Int("told", int64(len(events)))
	return ok(w.End()), nil
}

// pass notifies the objects that an event concerns.
func (c *request) pass(e change) (err *protocol.Error) {
	switch {
	case e.user != "":
		if _, err = c.askAgain(c.ctx, e); err == nil {
			err = c.guestsUnder(e)
		}
	case e.document != "":
		_, err = c.documentChanged(c.ctx, e)
	default:
		err = c.workspaceChanged(e)
	}
	return err
}

// workspaceChanged notifies every document that was ever opened in a workspace.
func (c *request) workspaceChanged(e change) *protocol.Error {
	if err := c.store.WorkspaceChanged(c.ctx, e.workspace); err != nil {
		return storeError(err, noWorkspace)
	}
	documents, err := c.store.OpenedDocuments(c.ctx, e.workspace)
	if err != nil {
		return storeError(err, noWorkspace)
	}
	for _, document := range documents {
		if _, err := c.documentChanged(c.ctx, change{document: document, reason: e.reason, by: e.by}); err != nil {
			return err
		}
	}
	return nil
}

// events reads one event, or a list of them; what stands twice counts once. Other
// fields are let be: sources have their own.
func (c *request) events(body []byte) ([]change, *protocol.Error) {
	if err := rest.CheckObject(body, bodyDepth); err != nil {
		return nil, err
	}
	list := jsonscan.Field(body, "events")
	if list == nil {
		one, err := c.event(body)
		return []change{one}, err
	}
	if list[0] != '[' {
		return nil, rest.BadField("events")
	}
	var events []change
	seen := map[change]bool{}
	n := 0
	for a := jsonscan.Elements(list); a.Next(); n++ {
		if n == c.cfg.MaxEvents {
			// Nothing of it is done: the sender sends it in parts.
			return nil, &protocol.Error{Code: protocol.MessageTooLarge, Reason: "too_many_events",
				Details: []protocol.Detail{{Name: "max_events", Raw: strconv.AppendInt(nil, int64(c.cfg.MaxEvents), 10)}}}
		}
		one, err := c.event(a.Value())
		if err != nil {
			return nil, err
		}
		if !seen[one] {
			seen[one] = true
			events = append(events, one)
		}
	}
	if n == 0 {
		return nil, rest.BadField("events")
	}
	return events, nil
}

func (c *request) event(raw []byte) (change, *protocol.Error) {
	e := change{reason: permissions, by: webhookName}
	for _, f := range [...]struct {
		name  string
		into  *string
		check func(string) bool
	}{
		{"user_id", &e.user, protocol.UserID},
		{"document", &e.document, protocol.DocumentID},
		{"workspace_id", &e.workspace, isWorkspace},
		{"reason", &e.reason, func(s string) bool { return s == documentRole || s == workspaceRole || s == permissions }},
	} {
		value := jsonscan.Field(raw, f.name)
		if value == nil {
			continue
		}
		text, _ := jsonscan.Str(value)
		if !f.check(text) {
			return e, rest.BadField(f.name)
		}
		*f.into = text
	}
	if e.document != "" && e.workspace != "" {
		return e, rest.BadField("workspace_id") // of a document, or of a workspace's
	}
	if e.user == "" && e.document == "" && e.workspace == "" {
		return e, rest.BadField("user_id")
	}
	return e, nil
}
