package vars

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
)

const data = "../cli/variables.json"

// variable is a row as the commands of the package read it, which run without Go.
type variable struct {
	Name   string   `json:"name"`
	Kind   string   `json:"kind"`
	Secret bool     `json:"secret,omitempty"`
	Words  []string `json:"words,omitempty"`
	Least  int64    `json:"least,omitempty"`
	Most   int64    `json:"most,omitempty"`
}

// TestData holds edge/cli/variables.json to the table, and the date in it to wrangler.toml's.
func TestData(t *testing.T) {
	config, err := os.ReadFile("../../wrangler.toml")
	if err != nil {
		t.Fatal(err)
	}
	date := regexp.MustCompile(`(?m)^compatibility_date = "(.*)"$`).FindSubmatch(config)
	if date == nil {
		t.Fatal("wrangler.toml has no compatibility date")
	}
	var list []variable
	rows(func(row string) {
		_, rest, _ := strings.Cut(row, " ")
		v := variable{Name: nameOf(row), Kind: [...]string{isText: "text", isSwitch: "switch", isNumber: "number", isWord: "word"}[kindOf(row)], Secret: rest == "secret"}
		switch kindOf(row) {
		case isWord:
			v.Words = strings.Fields(rest)
		case isNumber:
			b := Number(row).bounds()
			v.Least, v.Most = b.least, b.most
		}
		list = append(list, v)
	})
	var text bytes.Buffer
	text.WriteString("{\n\"compatibility_date\": \"" + string(date[1]) + "\",\n\"variables\": [\n")
	for i, v := range list {
		line, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		text.Write(line)
		if i < len(list)-1 {
			text.WriteByte(',')
		}
		text.WriteByte('\n')
	}
	text.WriteString("]\n}\n")
	if *rewrite {
		if err := os.WriteFile(data, text.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if stored, err := os.ReadFile(data); err != nil || !bytes.Equal(stored, text.Bytes()) {
		t.Errorf("%s is not what the table says: go test ./edge/vars -args -rewrite (%v)", data, err)
	}
}
