package app

import (
	"strconv"
	"time"

	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/serverconn"
)

// FromDevice takes a frame of the user's device. random is what an app's session id ends
// with, fresh and signed; "" where there is no secret to sign it with.
func (a *Apps) FromDevice(now time.Time, clientID string, f protocol.Frame, random string) {
	refuse := func(code protocol.Code, reason string) {
		e := protocol.Error{Code: code, Reason: reason, MessageID: f.MessageID}
		a.owner.Answer(e.Frame())
	}
	if f.MessageID == "" {
		refuse(protocol.MalformedMessage, "message_id_missing")
		return
	}
	seq, repeated := a.receipts.Find(clientID, f.MessageID)
	switch f.Event {
	case protocol.EventAppStart, protocol.EventAppStop:
		p, ok := protocol.ParseAppCommand(f.Data)
		switch {
		case !ok:
			refuse(protocol.MalformedMessage, "package_invalid")
			return
		case repeated:
			a.stands(p.Package, f.MessageID)
			return
		case f.Event == protocol.EventAppStop:
			a.stop(now, p.Package, f.MessageID)
		case !a.start(now, p.Package, f.MessageID, random):
			return
		}
	case protocol.EventAppMessage:
		p, ok := protocol.ParseAppMessage(f.Data)
		switch {
		case !ok || !protocol.PackageName(p.To) && (p.To != "" || p.Stream == ""):
			refuse(protocol.MalformedMessage, "package_invalid")
			return
		case repeated:
			a.owner.Answer(taken(f.MessageID, seq))
			return
		}
		if seq, ok = a.deliver(now, f, p); !ok {
			return
		}
	default:
		refuse(protocol.MalformedMessage, "unexpected_event")
		return
	}
	r := a.receipts.Add(clientID, f.MessageID, seq)
	a.owner.Emit(Remember{Slot: a.receipts.Slot(r), Receipt: r})
}

// taken answers a message: it is stored.
func taken(messageID string, seq uint64) protocol.Frame {
	return protocol.Frame{Type: protocol.TypeSystem, Event: protocol.EventAck, MessageID: messageID, Data: protocol.Ack{Seq: seq}.Append(nil)}
}

// full asks a sender to wait until the other side has read what there is.
func full(messageID string) protocol.Frame {
	e := protocol.Error{Code: protocol.RateLimitExceeded, Reason: "outbox_full", MessageID: messageID, RetryAfter: time.Second}
	return e.Frame()
}

// stands answers a wish that changes nothing: this is how it is.
func (a *Apps) stands(name, messageID string) {
	event, state := protocol.EventAppStopped, Stopped
	if x := a.find(name); x != nil {
		if event, state = protocol.EventAppState, x.row.State; state == Running {
			event = protocol.EventAppStarted
		}
	}
	data := protocol.AppState{Package: name, State: state.String()}.Append(nil)
	a.owner.Answer(protocol.Frame{Type: protocol.TypeApp, Event: event, MessageID: messageID, Data: data})
}

func (a *Apps) start(now time.Time, name, messageID, random string) bool {
	if x := a.find(name); x != nil {
		if x.row.State != Stopping {
			a.stands(name, messageID)
			return true
		}
		a.stopped(now, x, "user_stopped", "")
	}
	if random == "" {
		e := protocol.AppSessionsUnsigned()
		e.MessageID = messageID
		a.owner.Answer(e.Frame())
		return false
	}
	if len(a.list) >= a.cfg.MaxApps {
		e := protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_apps", MessageID: messageID,
			Details: []protocol.Detail{{Name: "limit", Raw: strconv.AppendInt(nil, int64(a.cfg.MaxApps), 10)}}}
		a.owner.Answer(e.Frame())
		return false
	}
	if wait := a.starts.Take(now, a.cfg.Starts, 1); wait > 0 {
		e := protocol.Error{Code: protocol.RateLimitExceeded, Reason: "too_many_starts", MessageID: messageID, RetryAfter: wait}
		a.owner.Answer(e.Frame())
		return false
	}
	x := &attached{
		row: Row{Package: name, SessionID: protocol.AppSessionID(a.userID, random)},
		ch:  channel.New(&a.cfg.Channel, a.userID, ""), box: channel.NewOutbox(a.cfg.Outbox), receipts: channel.NewReceipts(a.cfg.Unanswered),
	}
	at := 0
	for at < len(a.list) && a.list[at].row.Package < name {
		at++
	}
	a.list = append(a.list, nil)
	copy(a.list[at+1:], a.list[at:])
	a.list[at] = x
	a.record(now, x, audit.Entry{Event: audit.AppStarted})
	a.call(now, x)
	a.move(x, Connecting, messageID)
	a.save(x)
	return true
}

// call calls the app's webhook.
func (a *Apps) call(now time.Time, x *attached) {
	x.row.Tries++
	x.row.Phase, x.row.Next = Calling, now.Add(a.cfg.CallTimeout+callSlack)
	a.owner.Emit(Call{Package: x.row.Package, SessionID: x.row.SessionID, Attempt: x.row.Tries, Timeout: a.cfg.CallTimeout, Until: x.row.Next})
}

// callSlack is how much later than its timeout the answer to a call may come: the app is
// looked up before, and signed for.
const callSlack = 6 * time.Second

// called takes the webhook's answer. That of an earlier call, or to an app that has come
// by itself, changes nothing.
func (a *Apps) called(now time.Time, e Called) {
	x := a.bySession(e.SessionID)
	if x == nil || x.row.Phase != Calling || !x.row.Next.Equal(e.Until) {
		return
	}
	if e.OK {
		x.row.Phase, x.row.Next = Waiting, now.Add(a.cfg.ConnectTimeout)
		a.save(x)
		return
	}
	a.unanswered(now, x, e.Reason)
}

// unanswered is a call that came to nothing.
func (a *Apps) unanswered(now time.Time, x *attached, reason string) {
	if reason == UnknownApp || x.row.Tries >= a.cfg.CallTries {
		a.absent(now, x, reason)
		return
	}
	x.row.Phase, x.row.Next = Pausing, now.Add(a.cfg.CallPause)
	a.save(x)
}

// absent gives up an app that did not come. One that was here before waits for the device.
func (a *Apps) absent(now time.Time, x *attached, reason string) {
	if x.row.State == Resurrecting && reason != UnknownApp && a.owner.Away() {
		a.sleep(now, x)
		return
	}
	a.stopped(now, x, reason, "")
}

func (a *Apps) sleep(now time.Time, x *attached) {
	x.row.Phase, x.row.Next, x.row.Tries = None, time.Time{}, 0
	a.move(x, Dormant, "")
	a.save(x)
}

// resurrect calls an app that was here before: at once, if it had stayed for a while.
func (a *Apps) resurrect(now time.Time, x *attached) {
	if x.row.Rounds >= a.cfg.MaxRounds {
		a.stopped(now, x, "unstable", "")
		return
	}
	x.row.Tries = 0
	if x.row.Rounds == 0 {
		a.call(now, x)
	} else {
		x.row.Phase, x.row.Next = Pausing, now.Add(a.cfg.CallPause<<x.row.Rounds)
	}
	x.row.Rounds++
	a.move(x, Resurrecting, "")
	a.save(x)
}

func (a *Apps) stop(now time.Time, name, messageID string) {
	x := a.find(name)
	switch {
	case x == nil || x.row.State == Stopping:
		a.stands(name, messageID)
	case x.row.State != Running:
		a.stopped(now, x, "user_stopped", messageID)
	default:
		x.row.Phase, x.row.Next = None, now.Add(a.cfg.StopTimeout)
		a.move(x, Stopping, messageID)
		said := protocol.AppState{Package: name, State: Stopping.String(), Reason: "user_stopped"}.Append(nil)
		if _, err := a.put(x, protocol.EventAppStopped, said); err != nil {
			a.save(x) // an outbox too small for it: the app receives nothing, and is closed in time all the same
		}
	}
}

// stopped ends an app for good, and notifies both sides.
func (a *Apps) stopped(now time.Time, x *attached, reason, messageID string) {
	if x.row.State != Stopping { // else it knows
		a.sendStopped(x, reason)
	}
	x.row.State = Stopped
	a.remove(now, x, reason, "App stopped")
	a.notify(protocol.EventAppStopped, x, reason, messageID)
}

func (a *Apps) sendStopped(x *attached, reason string) {
	data := protocol.AppState{Package: x.row.Package, State: Stopped.String(), Reason: reason}.Append(nil)
	a.send(x, protocol.Frame{Type: protocol.TypeApp, Event: protocol.EventAppStopped, Data: data, Seq: x.box.Next()}.Append(nil))
}

// remove closes an app's connections and forgets it.
func (a *Apps) remove(now time.Time, x *attached, reason, text string) {
	for _, conn := range [...]ConnID{x.ch.Conn(), x.row.Pending.Conn} {
		if conn != "" {
			a.owner.Socket(serverconn.Close{Conn: conn, Code: 1000, Reason: text})
		}
	}
	for i := range a.list {
		if a.list[i] == x {
			a.list = append(a.list[:i], a.list[i+1:]...)
			break
		}
	}
	a.owner.Emit(Delete{x.row.Package})
	if x.row.Streams != "" { // so it has a use for the word
		a.owner.Emit(Call{Package: x.row.Package, SessionID: x.row.SessionID, Timeout: a.cfg.CallTimeout, Stop: reason})
	}
	if x.row.Written {
		a.owner.Emit(Unregister{x.row.SessionID})
	}
	a.record(now, x, audit.Entry{Event: audit.AppStopped, Reason: reason}.Ending(x.ch.Connection()))
}
