package delivery

import (
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Body returns the text of a request: {"events":[…]}. about is whose object it is, "document" or
// "user_id", and name that one's id.
func (e *Send) Body(about, name string) []byte {
	w := jsonscan.NewObject(nil)
	w.Array("events")
	for i := range e.Events {
		w.OpenItem()
		e.Events[i].write(&w, e.Stream, about, name)
		w.Close()
	}
	w.CloseArray()
	return w.End()
}

// Letters returns the events as a JSON array of their texts, as Body has them.
func (e *Bury) Letters(about, name string) []byte {
	w := jsonscan.NewArray(nil)
	for i := range e.Events {
		w.OpenItem()
		e.Events[i].write(&w, e.Stream, about, name)
		w.Close()
	}
	w.CloseArray()
	return w.Buf
}

func (e *Event) write(w *jsonscan.Writer, stream, about, name string) {
	w.Str("id", stream+"-"+strconv.FormatUint(e.Seq, 10))
	w.Str("type", e.Type)
	w.Time("at", e.At)
	w.Str("stream", stream)
	w.Uint("seq", e.Seq)
	w.Str(about, name)
	w.Raw("data", e.Data)
}
