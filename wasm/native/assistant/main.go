//go:build !js

// Command assistant acts for a user on a document: it answers each op {"ask": …} with an op
// {"answer": …, "to": version} while it is connected and its user may write. The user, or an operator, makes
// its delegation and gives it the key; edge/BACKEND.md says how.
//
//	HOLDFAST_DELEGATION=hfu_… go run ./wasm/native/assistant -document welcome
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/wasm/native"
)

func main() {
	url := flag.String("url", "http://127.0.0.1:8787", "the server")
	document := flag.String("document", "welcome", "the document's id")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	session, err := native.Connect(ctx, native.Config{
		URL: *url, Document: *document, Key: os.Getenv("HOLDFAST_DELEGATION"),
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err == nil {
		fmt.Println("acting for", session.UserID(), "who may", session.Permissions())
		for event := range session.Events(ctx) {
			if e, ok := event.(native.Operation); ok && !e.Own && !e.Replay {
				answer(ctx, session, e)
			}
		}
		leave, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		err = errors.Join(session.Err(), session.Close(leave))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "assistant:", err)
		os.Exit(1)
	}
}

func answer(ctx context.Context, session *native.Session, e native.Operation) {
	var op struct{ Ask string }
	if json.Unmarshal(e.Op, &op) != nil || op.Ask == "" {
		return
	}
	if _, err := session.Send(ctx, map[string]any{"answer": strings.ToUpper(op.Ask), "to": e.Version}); err != nil {
		fmt.Println("version", e.Version, "got no answer:", err)
	}
}
