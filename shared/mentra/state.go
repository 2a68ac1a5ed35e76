package mentra

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Append writes what a Relay has to remember, as JSON.
func (r *Relay) Append(dst []byte) []byte {
	w := jsonscan.NewObject(dst)
	w.Str("package", r.pkg)
	if !r.began.IsZero() {
		w.Int("began", r.began.UnixMilli())
	}
	w.Uint("ids", r.ids)
	if r.streams != nil {
		w.Raw("streams", r.streams)
	}
	if r.told != nil {
		w.Raw("told", r.told)
	}
	w.Bool("ready", r.ready)
	r.first.append(&w, "first")
	r.last.append(&w, "last")
	return w.End()
}

func (m *mark) append(w *jsonscan.Writer, name string) {
	if m.seq == 0 {
		return
	}
	w.Open(name)
	w.Uint("seq", m.seq)
	w.Int("at", m.at.UnixMilli())
	w.Close()
}

func readMark(raw []byte) (m mark) {
	m.seq, _ = jsonscan.Uint(jsonscan.Field(raw, "seq"))
	m.at = moment(jsonscan.Field(raw, "at"))
	return m
}

func moment(raw []byte) time.Time {
	ms, _ := jsonscan.Int(raw)
	return time.UnixMilli(ms).UTC()
}

// ReadRelay returns the Relay that has written a state. It aliases the text.
func ReadRelay(state []byte) *Relay {
	r := &Relay{}
	for o, _ := jsonscan.Parse(state); o.Next(); {
		switch v := o.Value(); string(o.Key()) {
		case "package":
			r.pkg, _ = jsonscan.Str(v)
		case "began":
			r.began = moment(v)
		case "ids":
			r.ids, _ = jsonscan.Uint(v)
		case "streams":
			r.streams = v
		case "told":
			r.told = v
		case "ready":
			r.ready, _ = jsonscan.Bool(v)
		case "first":
			r.first = readMark(v)
		case "last":
			r.last = readMark(v)
		}
	}
	return r
}
