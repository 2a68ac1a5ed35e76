package protocol_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// FuzzDecode checks what Decode promises: every input gives a frame of the catalogue or an
// error of the table, a written frame reads the same, and no payload's parser fails on what
// Decode accepted.
func FuzzDecode(f *testing.F) {
	v := loadVectors(f)
	for _, c := range v.Frames {
		f.Add([]byte(c.Wire))
		f.Add([]byte(c.Text))
	}
	for _, c := range v.Malformed {
		f.Add([]byte(c.Text))
		f.Add(c.Base64)
	}
	known := map[string]bool{}
	for _, kind := range protocol.Catalogue {
		for _, event := range kind.Events {
			known[kind.Type+"/"+event] = true
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		lim := protocol.Limits{FrameBytes: 4096, Depth: 6, IDBytes: 12}
		frame, e := protocol.Decode(b, lim)
		if e != nil {
			refused(t, b, frame, e)
			return
		}
		name := frame.Type + "/" + frame.Event
		if !known[name] || frame.Seq > protocol.MaxSeq || !json.Valid(b) || !utf8.Valid(b) {
			t.Fatalf("%q decodes as %+v", b, frame)
		}
		out := frame.Append(nil)
		again, e := protocol.Decode(out, protocol.Limits{FrameBytes: 1 << 20, Depth: 6, IDBytes: 12})
		if e != nil || !bytes.Equal(again.Append(nil), out) || again.Flat != frame.Flat ||
			again.MessageID != frame.MessageID || again.ClientID != frame.ClientID || again.Seq != frame.Seq {
			t.Fatalf("%s is written as %s, which decodes as %+v, %v", b, out, again, e)
		}
		if parse := parsers[name]; parse != nil {
			if data, ok := parse(frame.Data); ok {
				if !json.Valid(data) {
					t.Fatalf("%s is written as %s", frame.Data, data)
				}
				if twice, ok := parse(data); !ok || !bytes.Equal(twice, data) {
					t.Fatalf("%s is written as %s, then as %s", frame.Data, data, twice)
				}
			}
		}
	})
}

func refused(t *testing.T, b []byte, frame protocol.Frame, e *protocol.Error) {
	if frame.Type != "" || frame.Data != nil || e.Reason == "" || e.Row().Code != e.Code {
		t.Fatalf("%q: %+v beside %+v", b, frame, e)
	}
	data := e.Frame().Data
	back, ok := protocol.ParseError(data)
	if !ok || !json.Valid(data) || back.Code != e.Code || back.Reason != e.Reason || back.MessageID != e.MessageID {
		t.Fatalf("%s reads as %+v", data, back)
	}
	if json.Valid(b) && utf8.Valid(b) && (e.Reason == protocol.ReasonInvalidJSON || e.Reason == protocol.ReasonInvalidUTF8) {
		t.Fatalf("%q is valid, but refused as %s", b, e.Reason)
	}
}
