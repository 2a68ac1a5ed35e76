package permission

// WorkspaceRole is a member's role in a workspace; "" for somebody who is not a member.
type WorkspaceRole string

// The workspace roles, strongest first.
const (
	Owner      WorkspaceRole = "owner"
	AdminRole  WorkspaceRole = "admin"
	MemberRole WorkspaceRole = "member"
	ViewerRole WorkspaceRole = "viewer"
)

// DocumentRole is a user's role on one document; "" for none.
type DocumentRole string

// The document roles, strongest first.
const (
	FullAccess  DocumentRole = "full_access"
	Edit        DocumentRole = "edit"
	CommentRole DocumentRole = "comment"
	View        DocumentRole = "view"
)

// Source holds what is stored about one user and one document.
type Source struct {
	// Workspace is the user's role in the document's workspace.
	Workspace WorkspaceRole
	// Document is the explicit grant on this document, or "".
	Document DocumentRole
	// Restricted closes the document to everybody without an explicit grant, even to
	// the owner of the workspace.
	Restricted bool
}

// DocumentRole returns the role that a workspace role gives on a document without
// an explicit grant for the user.
func (r WorkspaceRole) DocumentRole() DocumentRole {
	switch r {
	case Owner, AdminRole:
		return FullAccess
	case MemberRole:
		return Edit
	case ViewerRole:
		return View
	}
	return ""
}

// Levels returns the levels of a document role.
func (r DocumentRole) Levels() Set {
	switch r {
	case FullAccess:
		return All
	case Edit:
		return Read | Write | Comment
	case CommentRole:
		return Read | Comment
	case View:
		return Read
	}
	return 0
}

// Resolve walks the hierarchy. It returns false if the user has no access.
func Resolve(s Source) (Set, bool) {
	role := s.Document
	if role == "" && !s.Restricted {
		role = s.Workspace.DocumentRole()
	}
	levels := role.Levels()
	return levels, levels.Has(Read)
}
