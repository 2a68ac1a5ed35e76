package admin

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Links that users make, by an access token, to documents that they may manage (GUEST_LINKS).

const (
	ownLinksPath = "/v1/documents/{document}/links"
	ownLinkPath  = ownLinksPath + "/{link_id}"
)

// manager refuses whoever may not manage the document. Whether the token counts, and what it lets
// its user do, the user's object says.
func (c *request) manager() *protocol.Error {
	if !c.cfg.GuestLinks {
		return &protocol.Error{Code: protocol.NotFound}
	}
	if err := c.linked(); err != nil {
		return err
	}
	claims, ok := call.ParseClaims(c.cfg.Claims)
	if !ok {
		return &protocol.Error{Code: protocol.AuthenticationFailed}
	}
	c.user = claims.UserID
	may, err := c.ask(c.ctx, c.user, (&call.May{Document: c.document, Claims: c.cfg.Claims}).Message())
	if err != nil {
		return err
	}
	names, _ := jsonscan.Strs(jsonscan.Field(may, "permissions"))
	if !permission.ParseSet(names).Allows(permission.ManagePermissions) {
		return &protocol.Error{Code: protocol.InsufficientPermissions, Reason: "not_a_manager", Message: "Only who may manage the document makes links to it."}
	}
	return nil
}

func makeOwnLink(c *request) (answer, *protocol.Error) {
	if err := c.manager(); err != nil {
		return answer{}, err
	}
	l := link.Link{Document: c.document, Maker: c.user}
	if err := c.readLink(&l); err != nil {
		return answer{}, err
	}
	return c.addLink(l)
}

// listOwnLinks lists all links of the document, whoever made them: whoever may manage it answers for them.
func listOwnLinks(c *request) (answer, *protocol.Error) {
	if err := c.manager(); err != nil {
		return answer{}, err
	}
	return listLinks(c)
}

func revokeOwnLink(c *request) (answer, *protocol.Error) {
	if err := c.manager(); err != nil {
		return answer{}, err
	}
	return revokeLink(c)
}
