//go:build !js

package native_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/native"
)

func ExampleConnect() {
	ctx := context.Background()
	session, err := native.Connect(ctx, native.Config{
		URL: "http://127.0.0.1:8787", Document: "welcome",
		Token: native.Account("http://127.0.0.1:8787", "owner@example.com", "holdfast-demo", nil),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer session.Close(ctx)
	for event := range session.Events(ctx) {
		switch e := event.(type) {
		case native.Operation:
			fmt.Println(e.Version, string(e.Op))
		case native.Gap:
			fmt.Println("missing:", e.From, "to", e.To, e.Reason)
		}
	}
	fmt.Println("over:", session.Err())
}

func ExampleSession_Send() {
	var session *native.Session // from Connect
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	version, err := session.Send(ctx, map[string]any{"insert": "hello", "at": 0})
	var refused *protocol.Error
	switch {
	case err == nil:
		fmt.Println("stored as version", version)
	case errors.Is(err, native.ErrClosed):
		fmt.Println("the session is over:", err)
	case errors.As(err, &refused):
		fmt.Println("refused:", refused.Code, refused.Row().Action)
	default:
		fmt.Println("no answer yet; it may be stored all the same:", err)
	}
}
