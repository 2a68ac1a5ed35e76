package admin

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// nobodys are the tables of the database that have nothing of a user, and why.
var nobodys = map[string]string{
	"workspaces": "an organisation's", "documents": "a title is the document's", "apps": "programs'", "app_keys": "programs'", "document_keys": "servers'",
	"opened_documents": "documents'", "workspace_changes": "counters", "deployment": "settings",
}

// columnsOf reads the tables that the migrations make, and their columns.
func columnsOf(t *testing.T) map[string][]string {
	files, err := filepath.Glob("../migrations/*.sql")
	if err != nil || len(files) < 10 {
		t.Fatalf("%q, %v", files, err)
	}
	tables := map[string][]string{}
	comment, made, added := regexp.MustCompile(`--[^\n]*`), regexp.MustCompile(`(?s)CREATE TABLE (\w+) \((.*?)\)( STRICT| WITHOUT ROWID)?( STRICT)?;`), regexp.MustCompile(`ALTER TABLE (\w+) ADD COLUMN (\w+)`)
	within := regexp.MustCompile(`\([^()]*\)`)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sql := comment.ReplaceAllString(string(text), "")
		for _, m := range made.FindAllStringSubmatch(sql, -1) {
			body := m[2]
			for within.MatchString(body) {
				body = within.ReplaceAllString(body, "")
			}
			for column := range strings.SplitSeq(body, ",") {
				if word := strings.Fields(column)[0]; word != "PRIMARY" {
					tables[m[1]] = append(tables[m[1]], word)
				}
			}
		}
		for _, m := range added.FindAllStringSubmatch(sql, -1) {
			tables[m[1]] = append(tables[m[1]], m[2])
		}
		if strings.Count(sql, "CREATE TABLE") != len(made.FindAllString(sql, -1)) {
			t.Errorf("%s makes a table that is not read here", name)
		}
	}
	return tables
}

// Every table of the database is one that erasing and exporting a user goes by, with each of its columns
// exported or secret, or one of which it is said why it has nothing of a user.
//
// Holds: "what is erased with a user is exported with a user"
func TestUsersTablesAreWhole(t *testing.T) {
	listed := map[string][]string{}
	for _, u := range userTables {
		listed[u.name] = append(strings.Fields(u.columns), strings.Fields(u.secret)...)
		if n := len(strings.Fields(u.columns)); n > 16 {
			t.Errorf("%s: %d columns are more than a function of D1 takes", u.name, n)
		}
		for _, hidden := range []string{"hash", "salt", "parent", "secret"} {
			if slices.ContainsFunc(strings.Fields(u.columns), func(c string) bool { return strings.Contains(c, hidden) }) {
				t.Errorf("%s exports a %s", u.name, hidden)
			}
		}
	}
	for table, columns := range columnsOf(t) {
		switch have := listed[table]; {
		case nobodys[table] != "":
		case have == nil:
			t.Errorf("%s: does it have something of a user? Then it belongs to userTables", table)
		default:
			slices.Sort(columns)
			if slices.Sort(have); !slices.Equal(have, columns) {
				t.Errorf("%s has the columns\n%q, listed are\n%q", table, columns, have)
			}
		}
		delete(listed, table)
	}
	for table := range listed {
		t.Errorf("there is no table %s", table)
	}
}
