package vars

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// stated says which members of an acknowledgement's data state a variable's value to the client.
var stated = map[string]string{
	"MAX_FRAME_BYTES": "limits.frame_bytes", "MAX_DEPTH": "limits.depth",
	"MAX_UNACKNOWLEDGED": "limits.unacknowledged", "MAX_UNANSWERED": "limits.unacknowledged",
	"MESSAGES_PER_S": "limits.messages_per_second", "MESSAGES_BURST": "limits.messages_at_once",
	"BYTES_PER_S": "limits.bytes_per_second", "BYTES_BURST": "limits.bytes_at_once",
	"GRACE_PERIOD_MS": "grace_period", "APP_GRACE_MS": "grace_period", "HEARTBEAT_MS": "heartbeat_interval",
}

// TestProtocolLimits writes the limits that a client meets into shared/PROTOCOL.md: every
// variable about connections, what is sent, documents, devices and apps.
func TestProtocolLimits(t *testing.T) {
	const page, begin, end = "../../shared/PROTOCOL.md", "<!-- limits:begin -->\n", "<!-- limits:end -->"
	want := "| limit | default | variable | stated in |\n| --- | --- | --- | --- |\n"
	_, clients, _ := strings.Cut(sentences, "# Connections\n")
	found := 0
	for line := range strings.Lines(clients) {
		name, sentence, ok := strings.Cut(strings.ReplaceAll(strings.TrimSpace(line), "~", "`"), ": ")
		if !ok {
			continue
		}
		known, there := find(name)
		if !there {
			t.Fatalf("%q is no variable", name)
		}
		if k := kindOf(known); k == isText {
			continue
		}
		cells := strings.Split(row(t, known, sentence), " | ")
		member := ""
		if stated[name] != "" {
			member, found = "`"+stated[name]+"`", found+1
		}
		want += fmt.Sprintf("| %s | %s | `%s` | %s |\n", cells[3], cells[1], name, member)
	}
	if found != len(stated) {
		t.Errorf("%d of %d stated variables are there", found, len(stated))
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	got, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no %s", page, begin)
	}
	if got == want {
		return
	}
	if !*rewrite {
		t.Fatalf("%s has other limits than list.go: go test ./edge/vars -args -rewrite", page)
	}
	if err := os.WriteFile(page, []byte(before+begin+want+end+after), 0o644); err != nil {
		t.Fatal(err)
	}
}
