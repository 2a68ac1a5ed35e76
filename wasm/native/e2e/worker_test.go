//go:build !js

// Package e2e drives the built Worker in workerd with the native client. It needs the
// build (make build) and is run by make test-edge, which says where it is.
package e2e

import (
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
)

// patience is how long anything may take.
const patience = 30 * time.Second

func TestMain(m *testing.M) { harness.Main(m) }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// worker is a running Worker with storage of its own.
type worker struct{ *harness.Server }

// start runs the Worker with these variables beside those of wrangler.toml.
func start(t *testing.T, vars map[string]string) *worker {
	t.Helper()
	return &worker{harness.Start(t, vars)}
}

// devWorker is the Worker as make dev runs it, for the tests that kill it.
type devWorker struct {
	*worker
	*harness.DevServer
}

func startDev(t *testing.T, vars ...string) *devWorker {
	t.Helper()
	d := harness.StartDev(t, vars...)
	return &devWorker{&worker{d.Worker}, d}
}

// operator makes a call of the operators' API.
func (w *worker) operator(method, path, body string) {
	w.T.Helper()
	status, text, _ := w.Request(method, "/v1/admin/"+path, body, map[string]string{"Authorization": "Bearer " + w.Operator})
	if status/100 != 2 {
		w.T.Fatalf("%s %s: HTTP %d %s", method, path, status, text)
	}
}
