package admin

import (
	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const (
	// maxSnapshots is how many snapshots one answer holds, and defaultSnapshots how many
	// where nobody says.
	maxSnapshots     = 500
	defaultSnapshots = 100
	// resolvedAtOnce is how many comments one call resolves.
	resolvedAtOnce = 500
)

// known says that there is such a document, where we are who knows: one that is not
// stored is not asked, for asking would make one.
func (c *request) known() *protocol.Error {
	if c.cfg.Elsewhere {
		return nil
	}
	_, err := c.store.Document(c.ctx, c.document)
	if err != nil {
		return storeError(err, noDocument)
	}
	return nil
}

// listSnapshots answers with the snapshots that are kept, newest first.
func listSnapshots(c *request) (answer, *protocol.Error) {
	limit, err := c.count("limit", maxSnapshots, defaultSnapshots)
	if err != nil {
		return answer{}, err
	}
	before, err := c.query("before")
	if err != nil {
		return answer{}, err
	}
	r := call.Snapshots{Limit: limit}
	if before != "" {
		version, isVersion := jsonscan.Uint([]byte(before))
		if !isVersion || version == 0 || version > protocol.MaxSeq {
			return answer{}, rest.BadField("before")
		}
		r.Before = version
	}
	if err := c.known(); err != nil {
		return answer{}, err
	}
	list, err := c.ask(c.ctx, c.document, r.Message())
	if err != nil {
		return answer{}, err
	}
	return ok(list), nil
}

// restoreDocument puts a document back to a version.
func restoreDocument(c *request) (answer, *protocol.Error) {
	version, isVersion := jsonscan.Uint(c.fields["version"])
	if !isVersion || version == 0 || version > protocol.MaxSeq {
		return answer{}, rest.BadField("version")
	}
	r := call.Restore{Version: version, Reason: c.why("by_operator"), By: c.by}
	if raw := c.fields["snapshot"]; raw != nil {
		base, isVersion := jsonscan.Uint(raw)
		if !isVersion || base > version {
			return answer{}, rest.BadField("snapshot")
		}
		r.Snapshot, r.Named = base, true
	}
	return c.change(r.Message())
}

// resolveComments resolves the open comments of one author, so many at a time: a user, or what a
// server has written in nobody's name, under the client id that its entries bear.
func resolveComments(c *request) (answer, *protocol.Error) {
	author, _ := jsonscan.Str(c.fields["user_id"])
	server, _ := jsonscan.Str(c.fields["client_id"])
	switch {
	case c.fields["client_id"] == nil:
		if !protocol.UserID(author) {
			return answer{}, rest.BadField("user_id")
		}
	case c.fields["user_id"] != nil: // a user's client is none of a server's
		return answer{}, &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonNotOne, Message: "Say exactly one of user_id and client_id."}
	case !protocol.Identifier(server, protocol.DefaultLimits.IDBytes):
		return answer{}, rest.BadField("client_id")
	}
	r := call.Resolve{UserID: author, ClientID: server, Limit: resolvedAtOnce, Reason: c.why("by_operator"), By: c.by}
	return c.change(r.Message())
}

// change asks a document that is known, and answers with what it answers.
func (c *request) change(m call.Message) (answer, *protocol.Error) {
	if err := c.known(); err != nil {
		return answer{}, err
	}
	said, err := c.ask(c.ctx, c.document, m)
	if err != nil {
		return answer{}, err
	}
	return ok(said), nil
}
