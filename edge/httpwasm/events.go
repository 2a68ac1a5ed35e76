//go:build js && wasm

package main

import (
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/admin"
	"github.com/holdfast-dev/holdfast/edge/attempt"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// backend is where the deployment's events go, as objects send them (edge/object/events.go).
type backend struct{ url, secret string }

// eventsBackend is nil where there is none.
func eventsBackend() admin.Backend {
	b := backend{value(vars.EventsURL), value(vars.EventsSecret)}
	if b.url == "" || strings.HasPrefix(b.url, "http") && b.secret == "" {
		return nil
	}
	return b
}

func (b backend) Deliver(body []byte) (status int) {
	at := strconv.FormatInt(time.Now().Unix(), 10)
	w := jsonscan.NewObject(nil)
	for _, m := range [...]struct{ name, value string }{
		{"url", b.url}, {"authorization", ""}, {"prefix", "t=" + at + ",v1="}, {"before", at + "."}, {"secret", b.secret}, {"body", string(body)},
	} {
		w.Str(m.name, m.value)
	}
	header := protocol.SignatureHeader
	if b.secret == "" {
		header = "" // a hook or a queue needs none
	}
	w.Str("header", header)
	w.Int("timeout", span(vars.EventsTimeout).Milliseconds())
	w.Int("most", 1<<10)
	answer, err := attempt.Post(w.End())
	if err != nil {
		return 0
	}
	said, _ := jsonscan.Uint(jsonscan.Field(answer, "status"))
	return int(said)
}
