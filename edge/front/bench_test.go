package front

import (
	"encoding/json"
	"testing"
)

// One connection with a good token: three turns, all in Go.
func BenchmarkConnect(b *testing.B) {
	env, _ := json.Marshal(embedded())
	cfg, err := ParseEnv(env)
	if err != nil {
		b.Fatal(err)
	}
	f := New(cfg)
	event := upgrade(line + "?client_id=c&token=" + goodToken())
	event["now"] = now.UnixMilli()
	first, _ := json.Marshal(event)
	then := func(step []byte, result string) []byte {
		var s struct{ State json.RawMessage }
		if err := json.Unmarshal(step, &s); err != nil || s.State == nil {
			b.Fatalf("%s: %v", step, err)
		}
		return []byte(`{"kind":"result","state":` + string(s.State) + `,"result":` + result + `,"now":1736244000000}`)
	}
	verified := then(f.Step(first), `{"ok":true}`)
	body, _ := json.Marshal(map[string]string{"body": grant})
	granted := then(f.Step(verified), string(body))
	b.ReportAllocs()
	for b.Loop() {
		f.Step(first)
		f.Step(verified)
		f.Step(granted)
	}
}
