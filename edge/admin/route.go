package admin

import (
	"net/http"
	"net/url"
	"path"
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
	// scope is what a server's key needs to use it; "": it is for operators alone.
	scope string
	// appends is a body that may be as large as AppendBytes.
	appends bool
	// raw routes read the body as it is.
	raw bool
	// user routes are for a user with an access token.
	user bool
	do   func(*request) (answer, *protocol.Error)
}

// Parts of paths. What a path names is checked for each route alike: see named.
const (
	workspacesPath = "/v1/admin/workspaces"
	workspacePath  = workspacesPath + "/{workspace_id}"
	documentsPath  = "/v1/admin/documents"
	documentPath   = documentsPath + "/{document}"
	linksPath      = documentPath + "/links"
	linkPath       = linksPath + "/{link_id}"
	usersPath      = "/v1/admin/users"
	userPath       = usersPath + "/{user_id}"
	accountsPath   = "/v1/admin/accounts"
	accountPath    = accountsPath + "/{account_id}"
	deadPath       = "/v1/admin/events/dead"
	appsPath       = "/v1/admin/apps"
	appPath        = appsPath + "/{package}"
	keysPath       = "/v1/admin/keys"
)

// routes is every route there is. A function, for the table names functions that
// come back to it.
func routes() []route {
	return []route{
		{method: "POST", path: "/v1/webhooks/permissions", name: "permissionsWebhook", raw: true, do: webhook},

		{method: "GET", path: workspacesPath, name: "listWorkspaces", do: listWorkspaces},
		{method: "GET", path: workspacePath, name: "getWorkspace", do: getWorkspace},
		{method: "PUT", path: workspacePath, name: "putWorkspace", fields: []string{"name"}, do: putWorkspace},
		{method: "GET", path: workspacePath + "/documents", name: "listWorkspaceDocuments", do: listWorkspaceDocuments},
		{method: "GET", path: workspacePath + "/members", name: "listWorkspaceMembers", do: listWorkspaceMembers},
		{method: "DELETE", path: workspacePath, name: "deleteWorkspace", fields: []string{"reason"}, do: deleteWorkspace},
		{method: "PUT", path: workspacePath + "/members/{user_id}", name: "putWorkspaceMember", fields: []string{"role", "reason"}, do: putWorkspaceMember},
		{method: "DELETE", path: workspacePath + "/members/{user_id}", name: "deleteWorkspaceMember", fields: []string{"reason"}, do: deleteWorkspaceMember},

		{method: "GET", path: documentsPath, name: "listDocuments", do: listDocuments},
		{method: "GET", path: documentPath, name: "getDocument", do: getDocument},
		{method: "PUT", path: documentPath, name: "putDocument", fields: []string{"workspace_id", "title", "access"}, do: putDocument},
		{method: "DELETE", path: documentPath, name: "deleteDocument", fields: []string{"reason"}, do: deleteDocument},
		{method: "PUT", path: documentPath + "/members/{user_id}", name: "putDocumentMember", fields: []string{"role", "reason"}, do: putDocumentMember},
		{method: "DELETE", path: documentPath + "/members/{user_id}", name: "deleteDocumentMember", fields: []string{"reason"}, do: deleteDocumentMember},
		{method: "GET", path: documentPath + "/snapshots", name: "listSnapshots", do: listSnapshots},
		{method: "POST", path: documentPath + "/restore", name: "restoreDocument", fields: []string{"version", "snapshot", "reason"}, do: restoreDocument},
		{method: "DELETE", path: documentPath + "/comments/{comment_id}", name: "deleteComment", fields: []string{"reason"}, do: deleteComment},
		{method: "GET", path: documentPath + "/snapshots/{version}", name: "getSnapshot", do: getSnapshot},
		{method: "GET", path: documentPath + "/snapshots/{version}/entries", name: "listEntries", do: listEntries},
		{method: "POST", path: documentPath + "/recover", name: "recoverDocument", fields: []string{"at", "bookmark", "reason"}, do: recoverDocument},
		{method: "POST", path: documentPath + "/comments/resolve", name: "resolveComments", fields: []string{"user_id", "client_id", "reason"}, do: resolveComments},
		{method: "GET", path: linksPath, name: "listLinks", do: listLinks},
		{method: "POST", path: linksPath, name: "makeLink", fields: linkFields, do: makeLink},
		{method: "PATCH", path: linkPath, name: "changeLink", fields: []string{"role", "reason"}, do: changeLink},
		{method: "DELETE", path: linkPath, name: "revokeLink", fields: []string{"reason"}, do: revokeLink},
		{method: "GET", path: documentPath + "/content", name: "readContent", scope: scopeRead, do: readContent},
		{method: "GET", path: documentPath + "/export", name: "exportDocument", scope: scopeRead, do: exportDocument},
		{method: "GET", path: documentPath + "/presence", name: "getPresence", scope: scopeRead, do: getPresence},
		{method: "POST", path: documentPath + "/operations", name: "appendOperations", scope: scopeWrite, fields: append(appendFields(), operationFields...), foreign: true, appends: true, do: appendOperations},
		{method: "POST", path: documentPath + "/comments", name: "appendComments", scope: scopeComment, fields: append(appendFields(), commentFields...), foreign: true, appends: true, do: appendComments},
		{method: "GET", path: ownLinksPath, name: "listOwnLinks", user: true, do: listOwnLinks},
		{method: "POST", path: ownLinksPath, name: "makeOwnLink", fields: linkFields, user: true, do: makeOwnLink},
		{method: "DELETE", path: ownLinkPath, name: "revokeOwnLink", fields: []string{"reason"}, user: true, do: revokeOwnLink},
		{method: "PUT", path: documentPath + "/lock", name: "lockDocument", fields: []string{"reason", "retry_after_ms"}, do: lockDocument},
		{method: "DELETE", path: documentPath + "/lock", name: "unlockDocument", fields: []string{"reason"}, do: unlockDocument},

		{method: "GET", path: usersPath, name: "listUsers", do: listUsers},
		{method: "DELETE", path: userPath, name: "deleteUser", fields: []string{"content", "comments", "reason"}, do: deleteUser},
		{method: "GET", path: userPath + "/export", name: "exportUser", do: exportUser},
		{method: "GET", path: userPath + "/session", name: "getSession", do: getSession},
		{method: "POST", path: userPath + "/kick", name: "kickUser", fields: []string{"document", "reason"}, do: kick},
		{method: "POST", path: userPath + "/revoke", name: "revokeTokens", fields: []string{"jti", "sign_in", "client_id", "before", "all", "reason"}, do: revoke},
		{method: "GET", path: userPath + "/sign-ins", name: "listSignIns", do: listSignIns},
		{method: "POST", path: userPath + "/device/messages", name: "postDeviceMessage", fields: []string{"data"}, foreign: true, do: postDeviceMessage},
		{method: "POST", path: userPath + "/messages", name: "postMessage", fields: []string{"data", "message_id", "ttl_s"}, foreign: true, do: postMessage},
		{method: "GET", path: delegationsPath, name: "listDelegations", do: listDelegations},
		{method: "POST", path: delegationsPath, name: "makeDelegation", fields: delegationFields, do: makeDelegation},
		{method: "DELETE", path: delegationPath, name: "revokeDelegation", fields: []string{"reason"}, do: revokeDelegation},
		{method: "GET", path: ownDelegationsPath, name: "listOwnDelegations", user: true, do: listOwnDelegations},
		{method: "POST", path: ownDelegationsPath, name: "makeOwnDelegation", fields: delegationFields, user: true, do: makeOwnDelegation},
		{method: "DELETE", path: ownDelegationPath, name: "revokeOwnDelegation", fields: []string{"reason"}, user: true, do: revokeOwnDelegation},
		{method: "GET", path: userPath + "/audit", name: "getAudit", do: getAudit},
		{method: "GET", path: userPath + "/explain", name: "explain", do: explain},

		{method: "GET", path: deadPath, name: "listDeadLetters", do: listDeadLetters},
		{method: "POST", path: deadPath + "/replay", name: "replayDeadLetters", fields: []string{"ids", "all", "reason"}, do: replayDeadLetters},
		{method: "DELETE", path: deadPath, name: "deleteDeadLetters", fields: []string{"ids", "all", "reason"}, do: deleteDeadLetters},

		{method: "GET", path: accountsPath, name: "listAccounts", do: listAccounts},
		{method: "POST", path: accountsPath, name: "createAccount", fields: []string{"email", "name", "password", "reason"}, do: createAccount},
		{method: "GET", path: accountPath, name: "getAccount", do: getAccount},
		{method: "PATCH", path: accountPath, name: "changeAccount", fields: []string{"email", "name", "email_verified", "reason"}, do: changeAccount},
		{method: "DELETE", path: accountPath, name: "deleteAccount", fields: []string{"reason"}, do: deleteAccount},
		{method: "PUT", path: accountPath + "/password", name: "setAccountPassword", fields: []string{"password", "reason"}, do: setAccountPassword},
		{method: "POST", path: accountPath + "/token", name: "makeAccountToken", fields: []string{"reason"}, do: makeAccountToken},
		{method: "POST", path: accountPath + "/disable", name: "disableAccount", fields: []string{"reason"}, do: disableAccount},
		{method: "POST", path: accountPath + "/enable", name: "enableAccount", fields: []string{"reason"}, do: enableAccount},

		{method: "GET", path: keysPath, name: "listKeys", do: listKeys},
		{method: "POST", path: keysPath, name: "makeKey", fields: []string{"name", "documents", "workspace_id", "scopes", "expires", "reason"}, do: makeKey},
		{method: "DELETE", path: keysPath + "/{key_id}", name: "revokeKey", fields: []string{"reason"}, do: revokeKey},

		{method: "GET", path: appsPath, name: "listApps", do: listApps},
		{method: "GET", path: appPath, name: "getApp", do: getApp},
		{method: "PUT", path: appPath, name: "putApp", fields: []string{"name", "webhook_url"}, do: putApp},
		{method: "DELETE", path: appPath, name: "deleteApp", fields: []string{"reason"}, do: deleteApp},
		{method: "POST", path: appPath + "/secret", name: "replaceAppSecret", fields: []string{"reason"}, do: replaceAppSecret},
		{method: "POST", path: appPath + "/keys", name: "makeAppKey", fields: []string{"reason"}, do: makeAppKey},
		{method: "DELETE", path: appPath + "/keys/{key_id}", name: "revokeAppKey", fields: []string{"reason"}, do: revokeAppKey},
	}
}

// newMux serves each route.
func newMux(a *API) *http.ServeMux {
	mux := http.NewServeMux()
	for _, r := range routes() {
		mux.HandleFunc(r.method+" "+r.path, func(w http.ResponseWriter, asked *http.Request) { a.serve(&r, w, asked) })
	}
	return mux
}

// find reports whether there is a route for a request. Without one, allow lists the methods
// that the path has, "" for a path that there is not. A path that is not clean is none: a
// program could do nothing with a redirect.
func (a *API) find(r *http.Request) (found bool, allow string) {
	if at := r.URL.EscapedPath(); path.Clean(at) != at {
		return false, ""
	}
	handler, pattern := a.mux.Handler(r)
	if pattern != "" {
		if r.Method == http.MethodHead { // net/http takes a HEAD for a GET
			return false, http.MethodGet
		}
		return true, ""
	}
	var said refusal
	handler.ServeHTTP(&said, r)
	if said.status == http.StatusMethodNotAllowed {
		return false, strings.ReplaceAll(said.header.Get("Allow"), "GET, HEAD", "GET")
	}
	return false, ""
}

// routable is a request as ServeMux can tell its route. A part of the path that is a slash,
// escaped, it takes for the end of the path; so a part that is slashes alone gets one more,
// which named takes away again.
func routable(r *http.Request) *http.Request {
	parts := strings.Split(r.URL.EscapedPath(), "/")
	same := true
	for i, part := range parts {
		if part != "" && strings.ReplaceAll(strings.ToUpper(part), "%2F", "") == "" {
			parts[i], same = part+"%2F", false
		}
	}
	u := *r.URL
	u.RawPath = strings.Join(parts, "/")
	var err error
	if u.Path, err = url.PathUnescape(u.RawPath); same || err != nil {
		return r
	}
	other := *r
	other.URL = &u
	return &other
}

// named is what the path of a routable request says for a name.
func named(r *http.Request, name string) string {
	value := r.PathValue(name)
	if value != "" && strings.Trim(value, "/") == "" {
		return value[1:]
	}
	return value
}

// refusal is what net/http says of a request that no route fits.
type refusal struct {
	header http.Header
	status int
}

func (r *refusal) Header() http.Header {
	if r.header == nil {
		r.header = http.Header{}
	}
	return r.header
}

func (r *refusal) Write(b []byte) (int, error) { return len(b), nil }

func (r *refusal) WriteHeader(status int) { r.status = status }
