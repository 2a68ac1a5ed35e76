package admin

import (
	"errors"

	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func putDocumentMember(c *request) (answer, *protocol.Error) {
	role, err := c.oneOf("role", "full_access", "edit", "comment", "view")
	if err != nil {
		return answer{}, err
	}
	return c.setDocumentRole(role)
}

func deleteDocumentMember(c *request) (answer, *protocol.Error) { return c.setDocumentRole("") }

func putWorkspaceMember(c *request) (answer, *protocol.Error) {
	role, err := c.oneOf("role", "owner", "admin", "member", "viewer")
	if err != nil {
		return answer{}, err
	}
	return c.setWorkspaceRole(role)
}

func deleteWorkspaceMember(c *request) (answer, *protocol.Error) { return c.setWorkspaceRole("") }

func putWorkspace(c *request) (answer, *protocol.Error) {
	if err := c.ours(); err != nil {
		return answer{}, err
	}
	name, err := c.text("name", titleBytes)
	if err != nil {
		return answer{}, err
	}
	if err := c.store.PutWorkspace(c.ctx, c.workspace, name); err != nil {
		return answer{}, storeError(err, noWorkspace)
	}
	return ok([]byte(`{"stored":true}`)), nil
}

// setDocumentRole stores a grant, and has the user's session ask again.
func (c *request) setDocumentRole(role string) (answer, *protocol.Error) {
	if err := c.ours(); err != nil {
		return answer{}, err
	}
	if err := c.store.PutGrant(c.ctx, c.document, c.user, role); err != nil {
		return answer{}, storeError(err, noDocument)
	}
	return c.notify(change{user: c.user, document: c.document, reason: documentRole, by: c.by})
}

// setWorkspaceRole does the same for a role in a workspace, on all of its documents.
func (c *request) setWorkspaceRole(role string) (answer, *protocol.Error) {
	if err := c.ours(); err != nil {
		return answer{}, err
	}
	if err := c.store.PutMember(c.ctx, c.workspace, c.user, role); err != nil {
		return answer{}, storeError(err, noWorkspace)
	}
	return c.notify(change{user: c.user, workspace: c.workspace, reason: workspaceRole, by: c.by})
}

// notify is the second half of a change of one user's rights, when it is stored.
func (c *request) notify(what change) (answer, *protocol.Error) {
	receipt, err := c.askAgain(c.ctx, what)
	if err == nil {
		err = c.guestsUnder(what)
	}
	if err != nil {
		return answer{}, afterStore(err)
	}
	return stored(receipt), nil
}

// ours refuses to store what nobody would ask for.
func (c *request) ours() *protocol.Error {
	if !c.cfg.Elsewhere {
		return nil
	}
	return &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonElsewhere,
		Message: "Permissions come from PERMISSIONS_URL: change them there, and send the webhook."}
}

func noDocument() *protocol.Error { return &protocol.Error{Code: protocol.DocumentNotFound} }

func noWorkspace() *protocol.Error {
	return &protocol.Error{Code: protocol.NotFound, Reason: "workspace_not_found", Message: "There is no such workspace."}
}

// storeError turns an error of the store into one for the wire.
func storeError(err error, missing func() *protocol.Error) *protocol.Error {
	if errors.Is(err, ErrNotFound) {
		return missing()
	}
	return rest.Unavailable("database_unavailable")
}
