//go:build !js

// Command follow prints a document as it grows, through dropped connections and restarts of
// the server. It signs in with the Worker's own issuer.
//
//	HOLDFAST_PASSWORD=holdfast-demo go run ./wasm/native/follow -document welcome
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/holdfast-dev/holdfast/wasm/native"
)

func main() {
	url := flag.String("url", "http://127.0.0.1:8787", "the server")
	document := flag.String("document", "welcome", "the document's id")
	email := flag.String("email", "viewer@example.com", "who signs in; the password is in HOLDFAST_PASSWORD")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	session, err := native.Connect(ctx, native.Config{
		URL: *url, Document: *document,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Token:  native.Account(*url, *email, os.Getenv("HOLDFAST_PASSWORD"), nil),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "follow:", err)
		os.Exit(1)
	}
	for event := range session.Events(ctx) {
		switch e := event.(type) {
		case native.Operation:
			fmt.Printf("%d %s %s\n", e.Version, e.UserID, e.Op)
		case native.Gap:
			fmt.Printf("versions %d to %d are missing: %s\n", e.From, e.To, e.Reason)
		}
	}
	leave, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(session.Err(), session.Close(leave)); err != nil {
		fmt.Fprintln(os.Stderr, "follow:", err)
		os.Exit(1)
	}
}
