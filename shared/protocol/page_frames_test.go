package protocol_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// sample is a payload's data with every member that its struct can write, and with as few as it
// ever writes.
type sample struct {
	full [][]byte
	bare []byte
}

// sampleOf fills a payload. One with an op has no comment, so both are made.
func sampleOf[P interface{ Append([]byte) []byte }](func([]byte) (P, bool)) sample {
	var full, other, bare P
	fill(reflect.ValueOf(&full).Elem(), "")
	fill(reflect.ValueOf(&other).Elem(), "Comment")
	s := sample{[][]byte{full.Append(nil), other.Append(nil)}, bare.Append(nil)}
	if !json.Valid(s.bare) { // of raw JSON that is never left out
		v := reflect.ValueOf(&bare).Elem()
		for i := range v.NumField() {
			if f := v.Field(i); f.Type() == reflect.TypeFor[[]byte]() && f.IsZero() {
				f.SetBytes([]byte("null"))
			}
		}
		s.bare = bare.Append(nil)
	}
	return s
}

func errorSample() sample {
	e := protocol.Error{Code: protocol.InternalError, Message: "text", Reason: "text", MessageID: "text", RetryAfter: 5 * time.Second}
	bare := protocol.Error{Code: protocol.InternalError}
	return sample{[][]byte{e.Frame().Data}, bare.Frame().Data}
}

const anyJSON = `{"any":"JSON"}`

var someTime = time.Date(2025, 1, 7, 10, 0, 0, 0, time.UTC)

// fill gives every field a value by which kindOf knows its type again. Fields called but are left out.
func fill(v reflect.Value, but string) {
	for i := range v.NumField() {
		f := v.Field(i)
		if v.Type().Field(i).Name == but && f.Kind() == reflect.Slice {
			continue
		}
		switch f.Interface().(type) {
		case time.Time:
			f.Set(reflect.ValueOf(someTime))
			continue
		case time.Duration:
			f.SetInt(int64(5 * time.Second))
			continue
		case []byte:
			f.SetBytes([]byte(anyJSON))
			continue
		}
		switch f.Kind() {
		case reflect.String:
			f.SetString("text")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int:
			f.SetInt(7)
		case reflect.Uint64:
			f.SetUint(7)
		case reflect.Struct:
			fill(f, but)
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
			fill(f.Elem(), but)
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
			if item := f.Index(0); item.Kind() == reflect.String {
				item.SetString("text")
			} else {
				fill(item, but)
			}
		default:
			panic(f.Type())
		}
	}
}

// fields lists the members of an object with their types, nested ones as a.b and a[].b.
func fields(t *testing.T, prefix string, data []byte, into map[string]string) {
	t.Helper()
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		t.Fatalf("%s: %v", data, err)
	}
	for name, value := range object {
		name, text := prefix+name, string(value)
		var list []json.RawMessage
		switch {
		case text == anyJSON || text == "null":
			into[name] = "any JSON"
		case text == `"2025-01-07T10:00:00Z"`:
			into[name] = "time"
		case text == "5000":
			into[name] = "integer, ms"
		case text == "5":
			into[name] = "integer, s"
		case text == "7" || text == "0":
			into[name] = "integer"
		case text == "true" || text == "false":
			into[name] = "boolean"
		case value[0] == '"':
			into[name] = "string"
		case value[0] == '{':
			into[name] = "object"
			fields(t, name+".", value, into)
		case json.Unmarshal(value, &list) == nil && len(list) == 1 && list[0][0] == '"':
			into[name] = "array of strings"
		case len(list) == 1:
			into[name] = "array of objects"
			fields(t, name+"[].", list[0], into)
		default:
			t.Fatalf("%s is %s", name, text)
		}
	}
}

// describedField is one line of the descriptions: a member, which way it goes, and what it is.
type describedField struct {
	name, what       string
	up, down         bool
	upMust, downMust bool
}

type describedEvent struct {
	name, ways, who, what string
	examples              []string
	fields                []describedField
}

func describedEvents(t *testing.T) (list []describedEvent) {
	t.Helper()
	text, err := os.ReadFile("testdata/frames.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		e := len(list) - 1
		switch {
		case line == "" || strings.HasPrefix(line, ";"):
		case strings.HasPrefix(line, "# "):
			part := strings.SplitN(line[2:], " | ", 4)
			if len(part) != 4 {
				t.Fatalf("%q is no head of an event", line)
			}
			list = append(list, describedEvent{name: part[0], ways: part[1], who: part[2], what: part[3]})
		case strings.HasPrefix(line, "> "):
			list[e].examples = append(list[e].examples, line[2:])
		default:
			head, what, ok := strings.Cut(line, " | ")
			if !ok || what == "" {
				t.Fatalf("%q says nothing", line)
			}
			words := strings.Fields(head)
			f := describedField{name: strings.TrimSuffix(words[0], "!"), what: what}
			must := strings.HasSuffix(words[0], "!")
			f.up, f.down = list[e].ways != "down", list[e].ways != "up"
			f.upMust, f.downMust = must, must
			if len(words) > 1 {
				f.up, f.down = false, false
				for _, w := range words[1:] {
					f.up, f.upMust = f.up || strings.HasPrefix(w, "up"), f.upMust || w == "up!"
					f.down, f.downMust = f.down || strings.HasPrefix(w, "down"), f.downMust || w == "down!"
				}
			}
			list[e].fields = append(list[e].fields, f)
		}
	}
	return list
}

// needed reports whether a reader refuses data of the event without the member, by every golden
// vector that has it.
func needed(all vectors, event, member string) bool {
	parse := parsers[event]
	for _, v := range all.Frames {
		f, e := protocol.Decode(v.Wire, protocol.Limits{})
		if e != nil || f.Type+"/"+f.Event != event || parse == nil {
			continue
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(f.Data, &object) != nil || object[member] == nil {
			continue
		}
		delete(object, member)
		rest, _ := json.Marshal(object)
		if _, ok := parse(rest); !ok {
			return true
		}
	}
	return false
}

// TestPageFrames writes every frame that the code knows into the page: its fields and their types
// from the structs, its examples from the golden vectors, and what each means from
// testdata/frames.txt, which must name neither more nor less than the code.
func TestPageFrames(t *testing.T) {
	all, wires := loadVectors(t), map[string][]byte{}
	for _, v := range all.Frames {
		wires[v.Name] = v.Wire
	}
	described := describedEvents(t)
	var known []string
	for _, kind := range protocol.Catalogue {
		for _, event := range kind.Events {
			known = append(known, kind.Type+"/"+event)
		}
	}
	var table, page strings.Builder
	table.WriteString("| frame | from | on | what it is |\n| --- | --- | --- | --- |\n")
	for i, e := range described {
		if i >= len(known) || known[i] != e.name {
			t.Fatalf("testdata/frames.txt has %s where the catalogue has %s", e.name, known[min(i, len(known)-1)])
		}
		first, _, _ := strings.Cut(e.what, ". ")
		anchor := strings.ReplaceAll(e.name, "/", "")
		fmt.Fprintf(&table, "| [`%s`](#%s) | %s | %s | %s |\n", e.name, anchor, from[e.ways], e.who, strings.TrimSuffix(first, ".")+".")
		fmt.Fprintf(&page, "### `%s`\n\nFrom the %s, on %s. %s.\n\n", e.name, from[e.ways], e.who, e.what)
		writeFields(t, &page, all, e)
		page.WriteString("```\n")
		for _, example := range e.examples {
			name := strings.TrimLeft(example, "→← ")
			if wires[name] == nil {
				t.Fatalf("%s: no vector is called %q", e.name, name)
			}
			if f, _ := protocol.Decode(wires[name], protocol.Limits{}); f.Type+"/"+f.Event != e.name {
				t.Errorf("%q is no %s", name, e.name)
			}
			fmt.Fprintf(&page, "%s%s\n", strings.TrimSuffix(example, name), bytes.TrimSpace(wires[name]))
		}
		page.WriteString("```\n\n")
		if len(e.examples) == 0 {
			t.Errorf("%s has no example", e.name)
		}
	}
	if len(described) != len(known) {
		t.Fatalf("testdata/frames.txt lacks %s", known[len(described):])
	}
	marked(t, "events", table.String())
	marked(t, "frames", page.String())
}

var from = map[string]string{"up": "client", "down": "server", "both": "client and server"}

func writeFields(t *testing.T, page *strings.Builder, all vectors, e describedEvent) {
	t.Helper()
	types, always := map[string]string{}, map[string]string{}
	if s, ok := samples[e.name]; ok {
		for _, data := range s.full {
			fields(t, "", data, types)
		}
		fields(t, "", bytes.ReplaceAll(s.bare, []byte("[]"), []byte(`["x"]`)), always)
	}
	if len(types) == 0 {
		page.WriteString("It has no `data`.\n\n")
		if len(e.fields) > 0 {
			t.Errorf("%s has no data, and is described as having some", e.name)
		}
		return
	}
	page.WriteString("| in `data` | type | there | what it is |\n| --- | --- | --- | --- |\n")
	for _, f := range e.fields {
		kind := types[f.name]
		if kind == "" && !strings.HasSuffix(f.name, ".…") {
			t.Errorf("%s has no %s", e.name, f.name)
		}
		delete(types, f.name)
		top := !strings.ContainsAny(f.name, ".")
		if top && f.up && needed(all, e.name, f.name) && !f.upMust {
			t.Errorf("%s: %s is required, and not said to be", e.name, f.name)
		}
		if _, ok := always[f.name]; top && ok && f.down && !f.downMust && kind != "any JSON" {
			t.Errorf("%s: %s is always there, and not said to be", e.name, f.name)
		}
		fmt.Fprintf(page, "| `%s` | %s | %s | %s |\n", f.name, kind, f.there(e.ways), f.what)
	}
	page.WriteString("\n")
	if len(types) > 0 {
		var names []string
		for name := range types {
			names = append(names, name)
		}
		slices.Sort(names)
		t.Errorf("%s: nobody says what %v are", e.name, names)
	}
}

// there says whether the member has to be there. Those within another are there as that is.
func (f describedField) there(ways string) string {
	if strings.Contains(f.name, ".") {
		return ""
	}
	up, down := "optional", "if it applies"
	if f.upMust {
		up = "required"
	}
	if f.downMust {
		down = "always"
	}
	switch {
	case ways == "up":
		return up
	case ways == "down":
		return down
	case !f.down:
		return "client: " + up
	case !f.up:
		return "server: " + down
	}
	return "client: " + up + "; server: " + down
}

// samples are filled payloads of every event that has data.
var samples = map[string]sample{
	"system/connection_init":        sampleOf(protocol.ParseConnectionInit),
	"system/connection_ack":         sampleOf(protocol.ParseConnectionAck),
	"system/connection_error":       errorSample(),
	"system/error":                  errorSample(),
	"system/ack":                    sampleOf(protocol.ParseAck),
	"system/token_refresh":          sampleOf(protocol.ParseTokenRefresh),
	"system/token_refreshed":        sampleOf(protocol.ParseTokenRefreshed),
	"system/token_refresh_required": sampleOf(protocol.ParseTokenRefreshRequired),
	"system/permission_change":      sampleOf(protocol.ParsePermissionChange),
	"system/disconnect":             sampleOf(protocol.ParseDisconnect),
	"system/session_ended":          sampleOf(protocol.ParseSessionEnd),
	"system/rate_limited":           sampleOf(protocol.ParseRateLimited),
	"system/message":                sampleOf(protocol.ParseUserMessage),
	"operation/op":                  sampleOf(protocol.ParseOp),
	"operation/operation_ack":       sampleOf(protocol.ParseOperationAck),
	"operation/sync_request":        sampleOf(protocol.ParseSyncRequest),
	"operation/document_sync":       sampleOf(protocol.ParseDocumentSync),
	"operation/snapshot":            sampleOf(protocol.ParseSnapshot),
	"operation/snapshot_ack":        sampleOf(protocol.ParseSnapshotAck),
	"operation/lock":                sampleOf(protocol.ParseLock),
	"operation/unlock":              sampleOf(protocol.ParseLock),
	"operation/locks":               sampleOf(protocol.ParseLocks),
	"presence/join":                 sampleOf(protocol.ParsePresence),
	"presence/leave":                sampleOf(protocol.ParsePresence),
	"presence/update":               sampleOf(protocol.ParsePresence),
	"presence/state":                sampleOf(protocol.ParsePresenceState),
	"presence/readers":              sampleOf(protocol.ParsePresenceReaders),
	"comment/create":                sampleOf(protocol.ParseComment),
	"comment/reply":                 sampleOf(protocol.ParseComment),
	"comment/resolve":               sampleOf(protocol.ParseComment),
	"app/app_connection_init":       sampleOf(protocol.ParseAppConnectionInit),
	"app/app_connection_ack":        sampleOf(protocol.ParseAppConnectionAck),
	"app/app_connection_error":      errorSample(),
	"app/app_start":                 sampleOf(protocol.ParseAppCommand),
	"app/app_stop":                  sampleOf(protocol.ParseAppCommand),
	"app/app_started":               sampleOf(protocol.ParseAppState),
	"app/app_stopped":               sampleOf(protocol.ParseAppState),
	"app/app_state":                 sampleOf(protocol.ParseAppState),
	"app/app_message":               sampleOf(protocol.ParseAppMessage),
	"app/app_subscribe":             sampleOf(protocol.ParseAppSubscribe),
}
