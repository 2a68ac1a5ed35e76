package object

import (
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// httpSource is the permission source of a deployment that has one of its own. The contract is
// edge/permissions/openapi.json. Whatever is not an answer by it admits nobody, and is logged.
type httpSource struct{ to Destination }

// sourceDepth leaves room for members of the source's own.
const sourceDepth = 8

// newHTTPSource reads the variables.
func newHTTPSource(h Host) httpSource {
	set := settings{h}
	to := Destination{URL: set.text(vars.PermissionsURL), Timeout: set.span(vars.PermissionsTimeout), MaxBytes: set.number(vars.PermissionsMaxBytes)}
	if token := set.text(vars.PermissionsToken); token != "" {
		to.Authorization = "Bearer " + token
	}
	return httpSource{to}
}

// lookedUp is a question to the permission source.
type lookedUp struct{ session.Question }

// lookUp asks whichever source this deployment has. A guest's is the link.
func (o *userObject) lookUp(e session.LookUp) {
	switch {
	case protocol.IsGuest(e.UserID):
		o.lookUpLink(e)
	case o.source.to.URL == "":
		o.host.Database(o.questions.add(lookedUp{e.Question}), "DB", accessQuery, e.Document, e.UserID)
	default:
		o.askService(o.questions.add(lookedUp{e.Question}), e.UserID, e.Document)
	}
}

func (o *userObject) askService(ask uint32, userID, document string) {
	w := jsonscan.NewObject(nil)
	w.Str("user_id", userID)
	w.Str("document", document)
	o.host.Fetch(ask, o.source.to, w.End())
}

// answered is the source's answer.
func (q lookedUp) answered(o *userObject, in Input) user.Event {
	access, ok := o.readAnswer(in, o.source.to.URL == "")
	return q.result(access, ok)
}

// result is the core's event of an answer; without one that can be used, nothing is known.
func (q lookedUp) result(access session.Access, ok bool) user.Event {
	if !ok {
		return forSession(session.AccessFailed{Question: q.Question})
	}
	return forSession(session.AccessFound{Question: q.Question, Access: access})
}

// readAnswer reads the database's answer, or the service's. It complains of one that is none.
func (o *userObject) readAnswer(in Input, database bool) (access session.Access, ok bool) {
	wrong := unusable{reason: "no_answer"}
	switch {
	case in.Kind != Answered:
		if len(in.Text) > 0 { // the host knows why
			wrong.reason = string(in.Text)
		}
	case database:
		access, wrong = parseAccess(in.Text)
	default:
		access, wrong = parseSourceAnswer(in.Text)
	}
	if wrong.reason != "" {
		o.complain(wrong)
	}
	return access, wrong.reason == "" || wrong.reason == unknownRole
}

// unusable is why an answer is none: a reason, with the status or the name of the member
// that it is about. Without a reason there is nothing wrong.
type unusable struct {
	reason, field string
	status        uint64
}

// complain logs for the operators that a source failed, and why: once a minute for each
// reason, for all users. It repeats nothing of the answer.
func (o *userObject) complain(u unusable) {
	w := jsonscan.NewObject(nil)
	w.Str("level", "error")
	w.Str("event", "permission_source_failed")
	w.Str("reason", u.reason)
	if u.status > 0 {
		w.Uint("status", u.status)
	}
	if u.field != "" {
		w.Str("field", u.field)
	}
	kind := string(w.Buf)
	w.Str("user_id", o.host.Name())
	o.host.LogRarely(kind, w.End())
}

var notJSON = unusable{reason: "not_json"}

// unknownRole is why a role gives nothing: nobody knows it. The rest of the answer holds.
const unknownRole = "unknown_role"

// parseSourceAnswer reads what the host made of the service's answer.
func parseSourceAnswer(text []byte) (a session.Access, wrong unusable) {
	if jsonscan.Check(text, 2) != nil {
		return a, notJSON
	}
	status, answered := jsonscan.Uint(jsonscan.Field(text, "status"))
	switch status {
	case 404:
		return a, unusable{}
	case 403:
		return session.Access{Found: true}, unusable{}
	case 200:
		if body, isText := jsonscan.Str(jsonscan.Field(text, "body")); isText {
			return parseRoles([]byte(body))
		}
	}
	if !answered || status == 200 { // the host gave it up
		return a, unusable{reason: "too_large"}
	}
	return a, unusable{reason: "status", status: status}
}

func parseRoles(body []byte) (a session.Access, wrong unusable) {
	o, ok := jsonscan.Parse(body)
	if !ok || jsonscan.Check(body, sourceDepth) != nil {
		return a, notJSON
	}
	a.Found = true
	for ok && o.Next() {
		var s string
		v := o.Value()
		switch wrong.field = string(o.Key()); wrong.field {
		case "workspace_id":
			a.WorkspaceID, ok = jsonscan.Str(v)
		case "workspace_role":
			s, ok = optional(v)
			a.Source.Workspace = permission.WorkspaceRole(s)
		case "document_role":
			s, ok = optional(v)
			a.Source.Document = permission.DocumentRole(s)
		case "restricted":
			a.Source.Restricted, ok = jsonscan.Bool(v)
		case "locked":
			a.Locked, ok = jsonscan.Bool(v)
		}
	}
	wrong.reason = "bad_field"
	switch {
	case !ok:
	case !protocol.Identifier(a.WorkspaceID, protocol.DefaultLimits.IDBytes):
		wrong.field = "workspace_id"
	case a.Source.Workspace != "" && a.Source.Workspace.DocumentRole() == "":
		wrong = unusable{reason: unknownRole, field: "workspace_role"}
	case a.Source.Document != "" && a.Source.Document.Levels() == 0:
		wrong = unusable{reason: unknownRole, field: "document_role"}
	default:
		wrong = unusable{}
	}
	return a, wrong
}

// optional reads a string, or null for "".
func optional(raw []byte) (string, bool) {
	if jsonscan.IsNull(raw) {
		return "", true
	}
	return jsonscan.Str(raw)
}
