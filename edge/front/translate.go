package front

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/mentra"
)

// translate takes what came on the connection of an app that speaks another dialect.
func translate(event, state []byte, now time.Time) []byte {
	r, out := mentra.ReadRelay(state), mentra.Out{}
	switch said := []byte(text(event, "text")); text(event, "from") {
	case "app":
		out = r.FromApp(said, now)
	case "core":
		out = r.FromCore(said, now)
	case "waited":
		out = r.Waited(said)
	case "timer":
		out = r.Timer(now)
	case "end":
		code, _ := jsonscan.Uint(jsonscan.Field(event, "code"))
		out.Code = mentra.CloseCode(int(code))
	}
	w := step("translated")
	frames(&w, "up", out.Up)
	frames(&w, "down", out.Down)
	if out.Code != 0 {
		w.Int("code", int64(out.Code))
		w.Str("reason", out.Reason)
	}
	if out.Again > 0 {
		w.Int("again_ms", out.Again.Milliseconds())
	}
	if out.Wait > 0 {
		w.Uint("wait", out.Wait)
	}
	if out.Forget > 0 {
		w.Uint("forget", out.Forget)
	}
	if out.Flush {
		w.Bool("flush", true)
	}
	w.Key("state")
	w.Buf = r.Append(w.Buf)
	return w.End()
}

func frames(w *jsonscan.Writer, name string, list [][]byte) {
	w.Array(name)
	for _, text := range list {
		w.Item()
		w.Buf = jsonscan.AppendString(w.Buf, string(text))
	}
	w.CloseArray()
}
