//go:build !js

// Command glasses is a user's device: it starts an app and prints what it receives, through dropped
// connections and restarts of the server. It signs in with the Worker's own issuer.
//
//	HOLDFAST_PASSWORD=holdfast-demo go run ./wasm/native/glasses -app com.example.captions
package main

import (
	"bufio"
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
	app := flag.String("app", "", "the package of an app to start; each line typed is sent to it")
	email := flag.String("email", "viewer@example.com", "who signs in; the password is in HOLDFAST_PASSWORD")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	device, err := native.ConnectDevice(ctx, native.DeviceConfig{
		URL: *url, ClientID: "glasses",
		Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)),
		Token:  native.Account(*url, *email, os.Getenv("HOLDFAST_PASSWORD"), nil),
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "glasses:", err)
		os.Exit(1)
	}
	fmt.Println("connected as", device.UserID())
	if *app != "" {
		go run(ctx, device, *app)
	}
	for event := range device.Events(ctx) {
		switch e := event.(type) {
		case native.Message:
			fmt.Printf("%d %s says %s\n", e.Seq, e.From, e.Data)
		case native.AppChange:
			fmt.Printf("%d %s is %s %s\n", e.Seq, e.Package, e.State, e.Reason)
		case native.StateChange:
			fmt.Println("the line is", e.State, e.Reason)
		case native.Gap:
			fmt.Printf("%d to %d are missing: %s\n", e.From, e.To, e.Reason)
		}
	}
	leave, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := errors.Join(device.Err(), device.Close(leave)); err != nil {
		fmt.Fprintln(os.Stderr, "glasses:", err)
		os.Exit(1)
	}
}

// run starts an app and sends it what the user types.
func run(ctx context.Context, device *native.Device, app string) {
	if err := device.Start(ctx, app); err != nil {
		fmt.Println("not started:", err)
		return
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if err := device.Send(ctx, app, lines.Text()); err != nil {
			fmt.Println("not sent:", err)
		}
	}
}
