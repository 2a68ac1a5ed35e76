package protocol_test

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// vectors is testdata/frames.json, which explains itself.
type vectors struct {
	About  []string
	Frames []struct {
		Name, Text, Seed string
		Flat             bool
		Wire             json.RawMessage
	}
	Malformed []struct {
		Name, Text string
		Base64     []byte
		Limits     struct {
			FrameBytes int `json:"frame_bytes"`
			Depth      int `json:"depth"`
			IDBytes    int `json:"id_bytes"`
		}
		Code, Reason, Field string
		MessageID           string `json:"message_id"`
	}
}

func loadVectors(t testing.TB) vectors {
	t.Helper()
	text, err := os.ReadFile("testdata/frames.json")
	if err != nil {
		t.Fatal(err)
	}
	var v vectors
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		t.Fatal(err)
	}
	for i := range v.Frames {
		var compact bytes.Buffer
		if err := json.Compact(&compact, v.Frames[i].Wire); err != nil {
			t.Fatal(err)
		}
		v.Frames[i].Wire = compact.Bytes()
	}
	return v
}

// envelope is the frame as encoding/json sees it.
type envelope struct {
	Type      string          `json:"type"`
	Event     string          `json:"event"`
	Data      json.RawMessage `json:"data"`
	MessageID string          `json:"message_id"`
	Seq       uint64          `json:"seq"`
	ClientID  string          `json:"client_id"`
}

func TestVectorsFrames(t *testing.T) {
	names := map[string]bool{}
	for _, v := range loadVectors(t).Frames {
		if names[v.Name] {
			t.Errorf("two vectors are called %q", v.Name)
		}
		names[v.Name] = true
		var want envelope
		if err := json.Unmarshal(v.Wire, &want); err != nil {
			t.Fatal(err)
		}
		if v.Flat {
			want.Type, want.Event = protocol.TypeSystem, want.Type
			if strings.HasPrefix(want.Event, "app_") {
				want.Type = protocol.TypeApp
			}
		}
		texts := [][]byte{v.Wire}
		if v.Text != "" {
			texts = append(texts, []byte(v.Text))
		}
		for _, text := range texts {
			f, e := protocol.Decode(text, protocol.Limits{})
			if e != nil {
				t.Errorf("%s: %v (%s)", v.Name, e, e.Reason)
				continue
			}
			got := envelope{f.Type, f.Event, f.Data, f.MessageID, f.Seq, f.ClientID}
			if got.Type != want.Type || got.Event != want.Event || !bytes.Equal(got.Data, want.Data) ||
				got.MessageID != want.MessageID || got.Seq != want.Seq || got.ClientID != want.ClientID || f.Flat != v.Flat {
				t.Errorf("%s: decoded %+v, flat %v, want %+v", v.Name, got, f.Flat, want)
			}
			if out := f.Append([]byte("x")); string(out) != "x"+string(v.Wire) {
				t.Errorf("%s: written as\n%s, want\n%s", v.Name, out[1:], v.Wire)
			}
		}
	}
}

// parsers has every event whose data has a struct: it parses the data and appends it
// again.
var parsers = map[string]func(data []byte) ([]byte, bool){
	"system/connection_init":        rewrite(protocol.ParseConnectionInit),
	"system/connection_ack":         rewrite(protocol.ParseConnectionAck),
	"system/connection_error":       rewriteError,
	"system/error":                  rewriteError,
	"system/ack":                    rewrite(protocol.ParseAck),
	"system/token_refresh":          rewrite(protocol.ParseTokenRefresh),
	"system/token_refreshed":        rewrite(protocol.ParseTokenRefreshed),
	"system/token_refresh_required": rewrite(protocol.ParseTokenRefreshRequired),
	"system/permission_change":      rewrite(protocol.ParsePermissionChange),
	"system/disconnect":             rewrite(protocol.ParseDisconnect),
	"system/session_ended":          rewrite(protocol.ParseSessionEnd),
	"system/rate_limited":           rewrite(protocol.ParseRateLimited),
	"system/message":                rewrite(protocol.ParseUserMessage),
	"operation/op":                  rewrite(protocol.ParseOp),
	"operation/operation_ack":       rewrite(protocol.ParseOperationAck),
	"operation/sync_request":        rewrite(protocol.ParseSyncRequest),
	"operation/document_sync":       rewrite(protocol.ParseDocumentSync),
	"operation/snapshot":            rewrite(protocol.ParseSnapshot),
	"operation/snapshot_ack":        rewrite(protocol.ParseSnapshotAck),
	"operation/lock":                rewrite(protocol.ParseLock),
	"operation/unlock":              rewrite(protocol.ParseLock),
	"operation/locks":               rewrite(protocol.ParseLocks),
	"comment/create":                rewrite(protocol.ParseComment),
	"comment/reply":                 rewrite(protocol.ParseComment),
	"comment/resolve":               rewrite(protocol.ParseComment),
	"presence/join":                 rewrite(protocol.ParsePresence),
	"presence/leave":                rewrite(protocol.ParsePresence),
	"presence/update":               rewrite(protocol.ParsePresence),
	"presence/state":                rewrite(protocol.ParsePresenceState),
	"presence/readers":              rewrite(protocol.ParsePresenceReaders),
	"app/app_message":               rewrite(protocol.ParseAppMessage),
	"app/app_subscribe":             rewrite(protocol.ParseAppSubscribe),
	"app/app_start":                 rewrite(protocol.ParseAppCommand),
	"app/app_stop":                  rewrite(protocol.ParseAppCommand),
	"app/app_started":               rewrite(protocol.ParseAppState),
	"app/app_stopped":               rewrite(protocol.ParseAppState),
	"app/app_state":                 rewrite(protocol.ParseAppState),
	"app/app_connection_init":       rewrite(protocol.ParseAppConnectionInit),
	"app/app_connection_ack":        rewrite(protocol.ParseAppConnectionAck),
	"app/app_connection_error":      rewriteError,
}

func rewrite[P interface{ Append([]byte) []byte }](parse func([]byte) (P, bool)) func([]byte) ([]byte, bool) {
	return func(data []byte) ([]byte, bool) {
		p, ok := parse(data)
		if !ok {
			return nil, false
		}
		return p.Append(nil), true
	}
}

func rewriteError(data []byte) ([]byte, bool) {
	e, ok := protocol.ParseError(data)
	if !ok {
		return nil, false
	}
	return e.Frame().Data, true
}

// TestVectorsPayloads parses the data of each vector into its event's struct and appends
// it again: no member may be lost, added or moved. The seeds' own frames are among the
// vectors. S2: “"event": "connection_ack"”, “"event": "permission_change"”,
// “"removed": ["write", "comment"], "reason": "workspace_role_changed"”,
// “"error_code": "AUTHENTICATION_FAILED", "message": "Invalid or expired JWT token"”,
// “"details": { "reason": "token_expired", "expired_at": "2025-01-07T10:00:00Z" }” and
// “"document_version": 25”.
func TestVectorsPayloads(t *testing.T) {
	for _, v := range loadVectors(t).Frames {
		f, e := protocol.Decode(v.Wire, protocol.Limits{})
		parse := parsers[f.Type+"/"+f.Event]
		if e != nil || parse == nil || v.Text != "" {
			continue
		}
		got, ok := parse(f.Data)
		switch {
		case !ok:
			t.Errorf("%s: %s does not parse", v.Name, f.Data)
		case v.Seed != "":
			// We write more members than the seed; those of the seed must be among them, equal.
			for o, _ := jsonscan.Parse(f.Data); o.Next(); {
				if mine := jsonscan.Field(got, string(o.Key())); !sameJSON(mine, o.Value()) {
					t.Errorf("%s: %s is written as %s, in the seed %s", v.Name, o.Key(), mine, o.Value())
				}
			}
		case len(f.Data) == 0:
			if string(got) != "{}" {
				t.Errorf("%s: missing data parses as %s", v.Name, got)
			}
		case !bytes.Equal(got, f.Data):
			t.Errorf("%s:\n%s, want\n%s", v.Name, got, f.Data)
		}
	}
}

func sameJSON(a, b []byte) bool {
	var x, y any
	if json.Unmarshal(a, &x) != nil || json.Unmarshal(b, &y) != nil {
		return false
	}
	one, _ := json.Marshal(x)
	two, _ := json.Marshal(y)
	return bytes.Equal(one, two)
}

// TestVectorsComplete fails when an event has no vector, or the catalogue has a name
// twice.
func TestVectorsComplete(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range loadVectors(t).Frames {
		if f, e := protocol.Decode(v.Wire, protocol.Limits{}); e == nil {
			seen[f.Type+"/"+f.Event] = true
		}
	}
	known := map[string]bool{}
	for _, kind := range protocol.Catalogue {
		for _, event := range kind.Events {
			name := kind.Type + "/" + event
			if known[name] {
				t.Errorf("%s stands twice in the catalogue", name)
			}
			known[name] = true
			if !seen[name] {
				t.Errorf("%s has no vector in testdata/frames.json", name)
			}
		}
	}
	for name := range parsers {
		if !known[name] {
			t.Errorf("%s has a parser in this test but is not in the catalogue", name)
		}
	}
}

func TestVectorsMalformed(t *testing.T) {
	reasons := map[string]bool{}
	for _, v := range loadVectors(t).Malformed {
		text := []byte(v.Text)
		if v.Base64 != nil {
			text = v.Base64
		}
		f, e := protocol.Decode(text, protocol.Limits(v.Limits))
		if e == nil {
			t.Errorf("%s: decoded %+v", v.Name, f)
			continue
		}
		reasons[e.Reason] = true
		if string(e.Code) != v.Code || e.Reason != v.Reason || e.MessageID != v.MessageID {
			t.Errorf("%s: %s %s %q, want %s %s %q", v.Name, e.Code, e.Reason, e.MessageID, v.Code, v.Reason, v.MessageID)
		}
		details := jsonscan.Field(e.Frame().Data, "details")
		if field, _ := jsonscan.Str(jsonscan.Field(details, "field")); field != v.Field {
			t.Errorf("%s: details.field is %q, want %q", v.Name, field, v.Field)
		}
	}
	for _, reason := range []string{
		protocol.ReasonTooLarge, protocol.ReasonTooDeep, protocol.ReasonInvalidJSON, protocol.ReasonInvalidUTF8,
		protocol.ReasonNotAnObject, protocol.ReasonMissingType, protocol.ReasonUnknownType, protocol.ReasonUnknownEvent,
		protocol.ReasonBadField, protocol.ReasonDuplicateField, protocol.ReasonIDTooLong,
	} {
		if !reasons[reason] {
			t.Errorf("no vector is refused as %s", reason)
		}
	}
}
