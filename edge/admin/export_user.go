package admin

import (
	"net/url"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/rest"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Where a user's data is: in this order it is exported.
const (
	ofDatabase = "database"
	ofUser     = "user"
	ofDocument = "document"
)

var (
	notSecrets   = left{"secrets", "The password, and what is stored of tokens, keys and links, are hashes: none of them is exported."}
	notSnapshots = left{"snapshots", "A snapshot is what all have written: the server does not know whose is what. The document's export has it."}
	notEvents    = left{"events", "An event of a document that your backend has not taken yet may name the user. It gets it within hours."}
)

// exportUser answers with a page of everything that names a user, or that the user wrote: what
// deleteUser would erase, and the entries that it would leave under another name.
func exportUser(c *request) (answer, *protocol.Error) {
	e, err := c.export(strings.Replace(userPath, "{user_id}", url.PathEscape(c.user), 1) + "/export")
	if err != nil {
		return answer{}, err
	}
	of, err := c.query("of")
	if err != nil {
		return answer{}, err
	}
	document, err := c.query("document")
	if err != nil || document != "" && (of != ofDocument || !protocol.DocumentID(document)) {
		return answer{}, rest.BadField("document")
	}
	if e.since, err = c.since(); err != nil {
		return answer{}, err
	}
	since, err := c.query("since")
	if err != nil {
		return answer{}, err
	}
	if of != "" && since != e.since {
		return answer{}, &protocol.Error{Code: protocol.MalformedMessage, Reason: reasonGeneration,
			Message: "The user was erased since this export began, or it is another user's: export from the beginning."}
	}
	switch of {
	case "":
		if e.section != "" {
			return answer{}, rest.BadField("of")
		}
		w := e.manifest("holdfast-user")
		w.Str("user_id", c.user)
		e.has(&w, []string{ofDatabase, ofUser, ofDocument}, notSecrets, notSnapshots, notEvents, leftCopies, leftLogs)
		of = ofDatabase
	case ofDatabase, ofUser, ofDocument:
	default:
		return answer{}, rest.BadField("of")
	}
	if of == ofDatabase {
		if err = e.database(); err == nil && e.next == nil {
			of, e.section, e.after = ofUser, "", ""
		}
	}
	if of == ofUser && err == nil {
		if err = e.own(); err == nil && e.next == nil {
			of, e.section, e.after = ofDocument, "", ""
		}
	}
	if of == ofDocument && err == nil {
		err = e.documents(document)
	}
	if err != nil {
		return answer{}, err
	}
	return e.answer(), nil
}

// since is since when there is this user: of an erased one, and of who has come back under the name, it
// says something else.
func (c *request) since() (string, *protocol.Error) {
	for _, t := range [...]struct{ name, column string }{{"users", "created_at"}, {"admitted_users", "admitted_at"}} {
		rows, failed := c.store.UserRows(c.ctx, c.user, t.name, "", 1)
		if failed != nil {
			return "", rest.Unavailable("database_unavailable")
		}
		if len(rows) > 0 {
			at, _ := jsonscan.Str(jsonscan.Field([]byte(rows[0].JSON), t.column))
			return at, nil
		}
	}
	return "", nil
}

// database exports the rows of the database.
func (e *exporting) database() *protocol.Error {
	known := e.section == ""
	for _, t := range userTables {
		if !known && t.name != e.section {
			continue
		}
		known = true
		if e.full() {
			e.stop(ofDatabase, "", t.name, e.after, "")
			return nil
		}
		rows, failed := e.store.UserRows(e.ctx, e.user, t.name, e.after, e.room+1)
		if failed != nil {
			return rest.Unavailable("database_unavailable")
		}
		for _, r := range rows {
			if e.full() {
				e.stop(ofDatabase, "", t.name, e.after, "")
				return nil
			}
			w := jsonscan.NewObject(nil)
			w.Str("kind", "row")
			w.Str("of", ofDatabase)
			w.Str("table", t.name)
			w.Raw("row", []byte(r.JSON))
			e.put(w.End())
			e.after = r.Key
		}
		e.section, e.after = "", ""
	}
	if !known {
		return rest.BadField("section")
	}
	return nil
}

// own exports what the user's object has.
func (e *exporting) own() *protocol.Error {
	if e.full() {
		e.stop(ofUser, "", e.section, e.after, "")
		return nil
	}
	r := e.page(e.section, e.after)
	a, err := e.exported(e.user, r.Message())
	if err != nil {
		return err
	}
	if e.take(&a); a.More {
		e.stop(ofUser, "", a.Section, a.After, "")
	}
	return nil
}

// documents exports what documents have of the user: of the rest of one, and of those behind it, so
// many of them.
func (e *exporting) documents(last string) *protocol.Error {
	asked := 0
	if e.section != "" {
		asked++
		if stopped, err := e.document(last); stopped || err != nil {
			return err
		}
	}
	for more := true; more; {
		if e.full() || asked == erasedAtOnce {
			e.stop(ofDocument, last, "", "", "")
			return nil
		}
		said, _, err := e.askWhole(e.ctx, e.user, (&call.Visited{After: last, Limit: erasedAtOnce - asked}).Message())
		if err != nil {
			return err
		}
		var list []string
		if list, more = call.ParseVisited(said); len(list) == 0 {
			return nil
		}
		for _, id := range list {
			if e.full() {
				e.stop(ofDocument, last, "", "", "")
				return nil
			}
			asked++
			e.section, e.after, e.generation = "", "", ""
			if stopped, err := e.document(id); stopped || err != nil {
				return err
			}
			last = id
		}
	}
	return nil
}

// document exports what one document has, and says whether the page ends in the midst of it.
func (e *exporting) document(id string) (stopped bool, err *protocol.Error) {
	r := call.Export{Of: e.user, Generation: e.generation, ExportUser: e.page(e.section, e.after)}
	a, err := e.exported(id, r.Message())
	if err != nil {
		return false, err
	}
	if e.take(&a); a.More {
		e.stop(ofDocument, id, a.Section, a.After, a.Generation)
	}
	return a.More, nil
}
