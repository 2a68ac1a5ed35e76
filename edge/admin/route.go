package admin

import (
	"net/url"
	"slices"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// route is one operation of the API.
type route struct {
	method, path string
	// name is its operationId in openapi.json, and its name in the log.
	name string
	// fields are what its body may hold; none: it has no body.
	fields []string
	// foreign is a body that holds somebody else's JSON.
	foreign bool
	// raw routes read the body as it is.
	raw bool
	do  func(*call) (answer, *protocol.Error)
}

// Parts of paths. What a path names is checked for each route alike: see named.
const (
	workspacePath = "/v1/admin/workspaces/{workspace_id}"
	documentPath  = "/v1/admin/documents/{document}"
	userPath      = "/v1/admin/users/{user_id}"
	appsPath      = "/v1/admin/apps"
	appPath       = appsPath + "/{package}"
)

// routes is every route there is. A function, for the table names functions that
// come back to it.
func routes() []route {
	return []route{
		{method: "POST", path: "/v1/webhooks/permissions", name: "permissionsWebhook", raw: true, do: webhook},

		{method: "PUT", path: workspacePath, name: "putWorkspace", fields: []string{"name"}, do: putWorkspace},
		{method: "PUT", path: workspacePath + "/members/{user_id}", name: "putWorkspaceMember", fields: []string{"role", "reason"}, do: putWorkspaceMember},
		{method: "DELETE", path: workspacePath + "/members/{user_id}", name: "deleteWorkspaceMember", fields: []string{"reason"}, do: deleteWorkspaceMember},

		{method: "GET", path: documentPath, name: "getDocument", do: getDocument},
		{method: "PUT", path: documentPath, name: "putDocument", fields: []string{"workspace_id", "title", "access"}, do: putDocument},
		{method: "DELETE", path: documentPath, name: "deleteDocument", fields: []string{"reason"}, do: deleteDocument},
		{method: "PUT", path: documentPath + "/members/{user_id}", name: "putDocumentMember", fields: []string{"role", "reason"}, do: putDocumentMember},
		{method: "DELETE", path: documentPath + "/members/{user_id}", name: "deleteDocumentMember", fields: []string{"reason"}, do: deleteDocumentMember},
		{method: "GET", path: documentPath + "/snapshots", name: "listSnapshots", do: listSnapshots},
		{method: "POST", path: documentPath + "/restore", name: "restoreDocument", fields: []string{"version", "snapshot", "reason"}, do: restoreDocument},
		{method: "POST", path: documentPath + "/comments/resolve", name: "resolveComments", fields: []string{"user_id", "reason"}, do: resolveComments},
		{method: "PUT", path: documentPath + "/lock", name: "lockDocument", fields: []string{"reason", "retry_after_ms"}, do: lockDocument},
		{method: "DELETE", path: documentPath + "/lock", name: "unlockDocument", fields: []string{"reason"}, do: unlockDocument},

		{method: "GET", path: userPath + "/session", name: "getSession", do: getSession},
		{method: "POST", path: userPath + "/kick", name: "kickUser", fields: []string{"document", "reason"}, do: kick},
		{method: "POST", path: userPath + "/revoke", name: "revokeTokens", fields: []string{"jti", "sign_in", "client_id", "before", "all", "reason"}, do: revoke},
		{method: "GET", path: userPath + "/sign-ins", name: "listSignIns", do: listSignIns},
		{method: "POST", path: userPath + "/device/messages", name: "postDeviceMessage", fields: []string{"data"}, foreign: true, do: postDeviceMessage},
		{method: "GET", path: userPath + "/audit", name: "getAudit", do: getAudit},
		{method: "GET", path: userPath + "/explain", name: "explain", do: explain},

		{method: "GET", path: appsPath, name: "listApps", do: listApps},
		{method: "GET", path: appPath, name: "getApp", do: getApp},
		{method: "PUT", path: appPath, name: "putApp", fields: []string{"name", "webhook_url"}, do: putApp},
		{method: "DELETE", path: appPath, name: "deleteApp", fields: []string{"reason"}, do: deleteApp},
		{method: "POST", path: appPath + "/secret", name: "replaceAppSecret", fields: []string{"reason"}, do: replaceAppSecret},
		{method: "POST", path: appPath + "/keys", name: "makeAppKey", fields: []string{"reason"}, do: makeAppKey},
		{method: "DELETE", path: appPath + "/keys/{key_id}", name: "revokeAppKey", fields: []string{"reason"}, do: revokeAppKey},
	}
}

// match finds the request's route and what its path names. Without one, allow lists
// the methods the path has, "" for a path that there is not.
func (c *call) match() (found *route, allow string) {
	var methods []string
	for _, r := range routes() {
		named, fits := fit(r.path, c.request.URL)
		switch {
		case !fits:
		case r.method == c.request.Method:
			c.named = named
			return &r, ""
		default:
			methods = append(methods, r.method)
		}
	}
	slices.Sort(methods)
	return nil, strings.Join(methods, ", ")
}

// name is a part of a path and what it stands for.
type name struct{ of, value string }

// fit compares a path part by part. The parts are taken from the path as it was
// sent: a slash that is escaped belongs to an id.
func fit(pattern string, asked *url.URL) (named []name, fits bool) {
	want, have := strings.Split(pattern, "/"), strings.Split(asked.EscapedPath(), "/")
	if len(want) != len(have) {
		return nil, false
	}
	for i, w := range want {
		part, err := url.PathUnescape(have[i])
		if err != nil {
			return nil, false
		}
		if strings.HasPrefix(w, "{") {
			if part == "" {
				return nil, false
			}
			named = append(named, name{strings.Trim(w, "{}"), part})
		} else if w != part {
			return nil, false
		}
	}
	return named, true
}
