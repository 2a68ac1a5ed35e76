package admin

import (
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

var (
	notRights = left{"rights", "Who may do what is not the document's to know: the database or PERMISSIONS_URL has it."}
	notKept   = left{"replaced_snapshots", "Snapshots that are kept for a restore are listed (kept_snapshot): getSnapshot reads one."}
	notNow    = left{"presence", "Who is connected is of the moment: getPresence has it."}
	notPeople = left{"people", "Names, roles, the audit log and the snapshots kept for a restore are for operators: this is a document key's export."}
)

// exportDocument answers with a page of everything that a document has. All pages are of one
// generation and version, and from one snapshot: what is written meanwhile is in the next export. A
// document key's export has the content alone.
func exportDocument(c *request) (answer, *protocol.Error) {
	e, err := c.export(strings.Replace(documentPath, "{document}", c.document, 1) + "/export")
	if err != nil {
		return answer{}, err
	}
	r := call.Export{Generation: e.generation, Content: c.server != nil, ExportUser: e.page(e.section, e.after)}
	if r.Version, err = c.version("version"); err != nil {
		return answer{}, err
	}
	if r.Snapshot, err = c.version("snapshot"); err != nil {
		return answer{}, err
	}
	row := Document{ID: c.document}
	if !c.cfg.Elsewhere {
		var failed error
		if row, failed = c.store.Document(c.ctx, c.document); failed != nil {
			return answer{}, storeError(failed, noDocument)
		}
	}
	a, err := e.exported(c.document, r.Message())
	if err != nil {
		return answer{}, err
	}
	if e.section == "" {
		w := e.manifest("holdfast-document")
		w.Str("document", c.document)
		if row.WorkspaceID != "" {
			w.Str("workspace_id", row.WorkspaceID)
			w.Str("title", row.Title)
		}
		w.Str("generation", a.Generation)
		w.Uint("document_version", a.Version)
		w.Uint("term", a.Term)
		w.Uint("snapshot_version", a.Snapshot)
		w.Uint("kept_from", a.Kept)
		has, hasNot := []string{"snapshot", "entries", "comments"}, []left{notPeople, notRights, notNow}
		if !r.Content {
			w.Raw("rows", a.Rows)
			has, hasNot = append(has, "people", "audit", "kept_snapshots"), []left{notKept, notRights, notNow}
		}
		e.has(&w, has, hasNot...)
	}
	if e.take(&a); a.More {
		e.stop("", "", a.Section, a.After, a.Generation)
		e.next.Set("version", strconv.FormatUint(a.Version, 10))
		e.next.Set("snapshot", strconv.FormatUint(a.Snapshot, 10))
	}
	return e.answer(), nil
}
