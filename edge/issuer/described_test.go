package issuer

import (
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/openapi"
)

// description is the file that describes the routes, and those of the operators.
var description = sync.OnceValue(func() []openapi.Operation {
	text, err := os.ReadFile("../admin/openapi.json")
	if err != nil {
		panic(err)
	}
	doc, err := openapi.Parse(text)
	if err != nil {
		panic(err)
	}
	return slices.DeleteFunc(doc.Operations(), func(o openapi.Operation) bool { return !strings.HasPrefix(o.Path, "/auth/") })
})

// checking keeps tests that run side by side apart: a schema is compiled when it is first asked for.
var checking sync.Mutex

// described holds an answer against the file. 405 is the answer to a request that is not described.
func (w *world) described(path string, a answer, body string) {
	w.t.Helper()
	checking.Lock()
	defer checking.Unlock()
	for _, o := range description() {
		if o.Path != path || a.status == http.StatusMethodNotAllowed {
			continue
		}
		if a.body == "" {
			if !slices.Contains(o.Statuses(), strconv.Itoa(a.status)) {
				w.t.Errorf("%s: status %d is not documented", o.ID, a.status)
			}
		} else if err := o.CheckAnswer(a.status, []byte(a.body)); err != nil {
			w.t.Error(err)
		}
		if a.status < 300 && body != "null" {
			if err := o.CheckRequest([]byte(body)); err != nil {
				w.t.Errorf("a request that was taken is not described: %v", err)
			}
		}
	}
}

// What is described is served, and the other way round.
func TestDescriptionAndRoutesAreAlike(t *testing.T) {
	w := newWorld(t, open)
	var paths []string
	for _, o := range description() {
		paths = append(paths, o.Path)
		if a := w.send(o.Method, home+o.Path, "{", asJSON); a.status == 404 || a.status == 405 {
			t.Errorf("%s is described and not served", o.ID)
		}
	}
	slices.Sort(paths)
	if want := []string{"/auth/invitation", "/auth/login", "/auth/logout", "/auth/password", "/auth/refresh", "/auth/reset", "/auth/sign-up"}; !slices.Equal(paths, want) {
		t.Errorf("described are %v", paths)
	}
}
