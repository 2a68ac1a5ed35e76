//go:build !js

package native_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
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

func ExampleConnectDevice() {
	ctx := context.Background()
	device, err := native.ConnectDevice(ctx, native.DeviceConfig{
		URL:   "http://127.0.0.1:8787",
		Token: native.Account("http://127.0.0.1:8787", "owner@example.com", "holdfast-demo", nil),
	})
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close(ctx)
	if err := device.Start(ctx, "com.example.captions"); err != nil {
		log.Fatal(err)
	}
	if err := device.Send(ctx, "com.example.captions", map[string]any{"language": "en"}); err != nil {
		log.Print(err)
	}
	for event := range device.Events(ctx) {
		switch e := event.(type) {
		case native.Message:
			fmt.Println(e.From, string(e.Data))
		case native.AppChange:
			fmt.Println(e.Package, e.State, e.Reason)
		case native.Gap:
			fmt.Println("missing:", e.From, "to", e.To, e.Reason)
		}
	}
}

func ExampleNewApp() {
	app, err := native.NewApp(native.AppConfig{
		Package: "com.example.captions",
		Key:     os.Getenv("HOLDFAST_APP_KEY"),
		Secret:  os.Getenv("HOLDFAST_WEBHOOK_SECRET"),
		URL:     "https://holdfast.example.com",
		Handle: func(ctx context.Context, s *native.AppSession) {
			for event := range s.Events(ctx) {
				if e, ok := event.(native.Message); ok {
					s.Send(ctx, map[string]any{"echo": e.Data})
				}
			}
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/webhook", app)
	log.Fatal(http.ListenAndServe(":8790", nil))
}
