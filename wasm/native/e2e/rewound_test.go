//go:build !js

package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/wasm/native"
)

// Whoever runs the server keeps a copy of its state when the log is at version 3, goes on to 5, kills
// it and puts the copy back. Another member writes three more. Who has 5 of the log that is
// gone is told so, gets what it had written there, and has then what everybody has. A kill alone
// changes nothing.
//
// Holds: "a client that knows a log which is not the server's learns of it".
func TestStateThatIsPutBackIsNoticed(t *testing.T) {
	t.Parallel()
	d := startDev(t)
	ann := d.join("owner", "welcome")
	ann.writes(3)
	d.Kill()
	saved := filepath.Join(t.TempDir(), "copy")
	check(os.CopyFS(saved, os.DirFS(d.State)))
	d.Restart()
	ann.Wake()
	ann.writes(2)
	ann.barred.Store(true)
	d.Kill()
	check(os.RemoveAll(d.State))
	check(os.CopyFS(d.State, os.DirFS(saved)))
	d.Restart()
	ben := d.join("editor", "welcome")
	ben.writes(3)
	ann.barred.Store(false)
	ann.Wake()
	awaitEvent(ann, "that the log went back", func(e native.Gap) bool { return e.From == 4 && e.To == 5 && e.Reason == protocol.Rewound })
	ann.until("received the log as it is", func() bool { return len(ann.received) == 6 })
	ben.until("received it", func() bool { return len(ben.received) == 6 })
	if !slices.Equal(ann.received, ben.received) {
		t.Errorf("ann has %q, ben has %q", ann.received, ben.received)
	}
	for _, lost := range ann.sent[3:] {
		awaitEvent(ann, "what is lost of hers", func(e native.Unsaved) bool { return string(e.Op) == `"`+lost+`"` })
	}
	ann.sent = ann.sent[:3]
	ann.writes(1)
	d.Kill()
	d.Restart()
	ann.Wake()
	ben.Wake()
	ben.writes(1)
	agree(t, ann, ben)
}
