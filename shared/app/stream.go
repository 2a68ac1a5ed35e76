package app

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// subscribe takes the streams that an app wants from now on.
func (a *Apps) subscribe(x *attached, f protocol.Frame) {
	if _, ok := protocol.ParseAppSubscribe(f.Data); !ok {
		a.malformed(x, f, "bad_streams")
		return
	}
	if list := string(jsonscan.Field(f.Data, "streams")); x.row.Streams != list {
		x.row.Streams = list
		a.save(x)
	}
	if f.MessageID != "" {
		answer := taken(f.MessageID, x.box.Row().Acked)
		a.send(x, answer.Append(nil))
	}
}

// meant reports whether a message of the device's is for an app: it names the app; or the app has
// named its stream, or one of that kind: "touch:left" is of the kind "touch".
func (x *attached) meant(p *protocol.AppMessage) bool {
	if p.To != "" || x.row.State == Stopping {
		return p.To == x.row.Package && x.row.State != Stopping
	}
	for list := jsonscan.Elements([]byte(x.row.Streams)); list.Next(); {
		name, _ := jsonscan.Str(list.Value())
		if rest, is := strings.CutPrefix(name, p.Stream); is && (rest == "" || rest[0] == ':') {
			return true
		}
	}
	return false
}

// deliver takes a message of the device's to the apps it is meant for: to each of them or, with
// an answer that says why, to none. It returns false for one that nobody was sent.
func (a *Apps) deliver(now time.Time, f protocol.Frame, p protocol.AppMessage) (seq uint64, sent bool) {
	for _, x := range a.list {
		if x.meant(&p) && !a.room(x) {
			a.owner.Answer(full(f.MessageID))
			a.probe(now, x) // it may be dead
			return 0, false
		}
	}
	// Its data goes on as it came; From is ours.
	data := protocol.AppMessage{From: protocol.FromDevice, Stream: p.Stream, Data: p.Data}.Append(nil)
	for _, x := range a.list {
		if !x.meant(&p) {
			continue
		}
		var err *protocol.Error
		if seq, err = a.put(x, f.Event, data); err != nil { // it is too long, and so for each
			err.MessageID = f.MessageID
			a.owner.Answer(err.Frame())
			return 0, false
		}
		sent = true
	}
	if !sent && p.To != "" {
		e := protocol.Error{Code: protocol.NotFound, Reason: "app_not_running", Message: "The app is not running: start it first.", MessageID: f.MessageID}
		a.owner.Answer(e.Frame())
		return 0, false
	}
	a.owner.Answer(taken(f.MessageID, seq)) // 0: nobody wants it
	return seq, sent
}
