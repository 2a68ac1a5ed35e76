//go:build !js

// Command captions is the server of an app: it greets the device of each user who starts the app,
// and echoes the device's messages. The server's record of the app has to name this webhook,
// and holds the secret; an operator also makes the key there.
//
//	HOLDFAST_APP_KEY=hfa_… HOLDFAST_WEBHOOK_SECRET=whs_… go run ./wasm/native/captions
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"time"

	"github.com/holdfast-dev/holdfast/wasm/native"
)

func main() {
	url := flag.String("url", "http://127.0.0.1:8787", "the server")
	listen := flag.String("listen", "127.0.0.1:8790", "where the webhook is served, at /webhook")
	name := flag.String("package", "com.example.captions", "the app's name")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	app, err := native.NewApp(native.AppConfig{
		Package: *name, Key: os.Getenv("HOLDFAST_APP_KEY"), Secret: os.Getenv("HOLDFAST_WEBHOOK_SECRET"),
		URL: *url, Handle: serve,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "captions:", err)
		os.Exit(1)
	}
	mux := http.NewServeMux()
	mux.Handle("/webhook", app)
	server := &http.Server{Addr: *listen, Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	fmt.Printf("%s listens at http://%s/webhook\n", *name, *listen)
	err = server.ListenAndServe()
	leave, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	if err := errors.Join(err, app.Close(leave)); err != nil {
		fmt.Fprintln(os.Stderr, "captions:", err)
		os.Exit(1)
	}
}

// serve handles one user's session, until it ends.
func serve(ctx context.Context, s *native.AppSession) {
	if err := s.Send(ctx, map[string]string{"text": "Hello, " + s.UserID()}); err != nil {
		fmt.Println(s.UserID(), "was not greeted:", err)
	}
	for event := range s.Events(ctx) {
		e, ok := event.(native.Message)
		if !ok {
			fmt.Printf("%s %T %+v\n", s.UserID(), event, event)
			continue
		}
		fmt.Printf("%s says %s\n", s.UserID(), e.Data)
		if err := s.Send(ctx, map[string]any{"echo": e.Data}); err != nil {
			fmt.Println(s.UserID(), "got no echo:", err)
		}
	}
	fmt.Println(s.UserID(), "is over:", s.Err())
}
