package permission

import (
	"slices"
	"strings"
	"testing"
)

// TestTable checks seed S2's table of levels: what each level alone allows. S2: "`read` |
// View document | Receive operations, view presence", "`write` | Edit document | Send
// operations, create content", "`comment` | Add comments | Create and reply to
// comments", "`moderate` | Manage content | Resolve comments, lock sections" and
// "`admin` | Full control | All operations, manage permissions".
func TestTable(t *testing.T) {
	for _, tt := range []struct {
		level Set
		name  string
		may   []Operation
	}{
		{Read, "read", []Operation{ReceiveOperations, ViewPresence}},
		{Write, "write", []Operation{SendOperations, CreateContent}},
		{Comment, "comment", []Operation{CreateComment, ReplyToComment}},
		{Moderate, "moderate", []Operation{ResolveComment, LockSection}},
		{Admin, "admin", []Operation{
			ReceiveOperations, ViewPresence, SendOperations, CreateContent, CreateComment,
			ReplyToComment, ResolveComment, LockSection, ManagePermissions,
		}},
	} {
		for op := ReceiveOperations; op <= ManagePermissions; op++ {
			if got, want := tt.level.Allows(op), slices.Contains(tt.may, op); got != want {
				t.Errorf("%s allows operation %d: %v, want %v", tt.name, op, got, want)
			}
		}
		if names := tt.level.Names(); len(names) != 1 || names[0] != tt.name {
			t.Errorf("%s is called %v", tt.name, names)
		}
		if ParseSet([]string{tt.name}) != tt.level {
			t.Errorf("%s does not parse", tt.name)
		}
	}
	if All.Allows(ManagePermissions+1) || Set(0).Allows(ReceiveOperations) {
		t.Error("what is not in the table is allowed")
	}
}

// TestHierarchy checks every pair of S2's workspace and document levels. S2:
// "A[Workspace Permission] --> B[Document Permission]", "B --> C[Operation Permission]",
// “subgraph "Workspace Level" D[owner] E[admin] F[member] G[viewer]” and
// “subgraph "Document Level" H[full_access] I[edit] J[comment] K[view]”.
func TestHierarchy(t *testing.T) {
	levels := map[DocumentRole]string{
		FullAccess: "read,write,comment,moderate,admin", Edit: "read,write,comment", CommentRole: "read,comment", View: "read",
	}
	workspace := map[WorkspaceRole]DocumentRole{
		Owner: FullAccess, AdminRole: FullAccess, MemberRole: Edit, ViewerRole: View, "": "", "janitor": "",
	}
	for role, document := range workspace {
		for _, grant := range []DocumentRole{"", FullAccess, Edit, CommentRole, View, "nonsense"} {
			for _, restricted := range []bool{false, true} {
				want := levels[document]
				if restricted {
					want = ""
				}
				if grant != "" {
					want = levels[grant]
				}
				set, ok := Resolve(Source{Workspace: role, Document: grant, Restricted: restricted})
				if got := strings.Join(set.Names(), ","); got != want || ok != (want != "") {
					t.Errorf("workspace %q, grant %q, restricted %v: %q %v, want %q", role, grant, restricted, got, ok, want)
				}
			}
		}
	}
}

func TestDiff(t *testing.T) {
	if got := Diff(Read|Write|Comment, Read|Moderate); got != Write|Comment {
		t.Errorf("removed %v", got.Names())
	}
}

func TestNames(t *testing.T) {
	if got := ParseSet([]string{"comment", "fly", "read", "read"}); got != Read|Comment {
		t.Errorf("parsed %v", got.Names())
	}
	if Set(0).Names() == nil {
		t.Error("nil would be null on the wire")
	}
}
