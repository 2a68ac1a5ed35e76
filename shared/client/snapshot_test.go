package client

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// TestSnapshotSurvivesTheSplit: whatever the app posts comes back as it was, and each
// part fits in a frame.
func TestSnapshotSurvivesTheSplit(t *testing.T) {
	for name, value := range map[string]any{
		"one character":  1,
		"long text":      strings.Repeat("plain text ", 20_000),
		"quotes":         strings.Repeat(`"\\`, 30_000),
		"all kinds":      map[string]any{"é€😀": strings.Repeat("é€😀\n\u0001", 12_000), "n": []any{nil, true, 1.5}},
		"nothing but é":  strings.Repeat("é", 60_000),
		"an empty thing": map[string]any{},
	} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		parts := split(text, partBytes)
		for i, p := range parts {
			f := protocol.Frame{Type: protocol.TypeOperation, Event: protocol.EventSnapshot, MessageID: "m", Data: protocol.Snapshot{
				DocumentVersion: 1, Part: i, Parts: len(parts), Data: p}.Append(nil)}.Append(nil)
			if _, err := protocol.Decode(f, protocol.Limits{}); err != nil {
				t.Fatalf("%s: part %d of %d bytes: %v", name, i, len(f), err)
			}
		}
		if got := string(joined(parts)); got != string(text) {
			t.Errorf("%s: %d bytes have become %d", name, len(text), len(got))
		}
	}
	for want, parts := range map[string][][]byte{
		`[{"a":1},2]`:   {[]byte(`{"a":1}`), []byte(`2`)},
		`["no","json"]`: {[]byte(`"no"`), []byte(`"json"`)},
	} {
		if got := string(joined(parts)); got != want {
			t.Errorf("%s has become %s", want, got)
		}
	}
}
