//go:build !js

// Package e2e drives the built Worker in workerd through real sockets. It needs
// the build (make build) and is run by make test-edge, which says where it is.
package e2e

import (
	"net/http"
	"testing"

	"github.com/holdfast-dev/holdfast/edge/e2e/harness"
	"github.com/holdfast-dev/holdfast/edge/openapi"
)

// secrets are what .dev.vars would hold, made anew for each run of the tests.
var secrets map[string]string

func TestMain(m *testing.M) {
	if harness.Build != "" {
		secrets = harness.Secrets()
	}
	http.DefaultClient.Timeout = patience
	harness.Main(m)
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// server is one running Worker with storage of its own.
type server struct {
	*harness.Server
	api *openapi.Document // what it serves, once it was asked
}

// start runs the Worker with these variables beside those of wrangler.toml.
func start(t testing.TB, vars map[string]string) *server {
	t.Helper()
	return &server{Server: harness.Start(t, vars)}
}

// in is the same server for a test within this one.
func (s *server) in(t testing.TB) *server { return &server{Server: s.In(t)} }

// devServer is the Worker as make dev runs it, for the tests that kill it.
type devServer struct {
	*server
	*harness.DevServer
}

func startDev(t testing.TB, vars ...string) *devServer {
	t.Helper()
	d := harness.StartDev(t, vars...)
	return &devServer{&server{Server: d.Worker}, d}
}
