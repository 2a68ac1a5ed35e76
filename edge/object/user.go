package object

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/call"
	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/audit"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
	"github.com/holdfast-dev/holdfast/shared/user"
)

// userObject is the shell of a user's object.
type userObject struct {
	host      Host
	store     store
	core      *user.User
	cfg       user.Config
	alarm     alarm
	audit     auditLog
	source    httpSource
	told      backend
	questions asks[question]
	events    []user.Event // still to step
	dials     []dial       // upgrades that have no answer yet
	// secrets sign the session ids of apps, the first those of new ones.
	secrets []string
	now     time.Time // the event's
	// listing is that the database is being told of the user.
	listing bool
}

// question is one that was put to a document, a database, a service or the front Worker, and
// has no answer yet. answered makes the core's event of the answer, or nil.
type question interface {
	answered(o *userObject, in Input) user.Event
}

// push and ending are calls to a document.
type (
	push struct {
		document string
		epoch    uint64
	}
	ending struct {
		document string
		fence    uint64
	}
)

// NewUser makes a user's object from what its storage holds.
func NewUser(h Host, now time.Time) (Object, error) {
	o := &userObject{
		host: h, store: store{host: h}, audit: newAuditLog(h), source: newHTTPSource(h), cfg: userConfig(settings{h}, newSecret(h)),
		told: newBackend(h, "user_id"),
		now:  now, secrets: strings.Fields(settings{h}.text(vars.AppSessionSecret)),
	}
	o.cfg.Random = newSeed(h, &o.cfg.Events)
	if err := o.store.open(&userSchema); err != nil {
		return unopened(h, err)
	}
	snap := o.store.user(h.Name())
	snap.Device.Heard = lastHeard(h, snap.Device.Row.Channel.Conn)
	snap.Events = o.store.events(&o.cfg.Events)
	if o.store.err != nil {
		return nil, o.store.err
	}
	o.nameApps(snap.Apps.Apps)
	core, err := user.Restore(&o.cfg, snap)
	if err != nil {
		return nil, err
	}
	o.core = core
	o.audit.open(&o.store)
	core.Begin(now)
	if o.cfg.Device.ClientPings {
		h.AutoResponse(protocol.PingText, protocol.PongText)
	}
	o.lose()
	err = o.run(now)
	_, o.alarm.stored = o.deadline(now)
	return o, err
}

// Handle implements Object.
func (o *userObject) Handle(now time.Time, in Input) error {
	o.now = now
	if in.Kind == Alarm {
		o.alarm.rang()
	}
	if ev := o.event(in); ev != nil {
		o.events = append(o.events, ev)
	}
	if err := o.run(now); err != nil {
		return err
	}
	deadline, ok := o.deadline(now)
	o.alarm.follow(o.host, now, deadline, ok)
	return nil
}

// run steps the core through everything there is.
func (o *userObject) run(now time.Time) error {
	o.audit.settle(&o.store, now)
	for i := 0; i < len(o.events) && o.store.err == nil; i++ {
		for _, e := range o.core.Step(now, o.events[i]) {
			o.carryOut(e)
		}
		o.events[i] = nil
	}
	o.events = o.events[:0]
	o.audit.flush(&o.store)
	if o.store.err != nil {
		return o.store.err
	}
	o.store.ended()
	return nil
}

// deadline is when the object has something to do.
func (o *userObject) deadline(time.Time) (time.Time, bool) {
	deadline, ok := o.core.Deadline()
	at, due := o.audit.due()
	return sooner(deadline, ok, at, due)
}

// LongestText implements Object. A UTF-16 unit is at least one byte.
func (o *userObject) LongestText() int { return o.cfg.Device.Conn.Limits.FrameBytes }

// event turns what happens to the object into the core's event; nil when there is none.
func (o *userObject) event(in Input) user.Event {
	switch in.Kind {
	case Connect:
		return o.connect(in)
	case Message, Binary:
		return o.frame(in)
	case Closed:
		return user.Disconnected{Conn: in.Conn, Code: in.Code, Seen: o.host.LastSeen(in.Conn)}
	case SendFailed:
		return user.SendFailed{Conn: in.Conn, Seen: o.host.LastSeen(in.Conn)}
	case Alarm:
		return o.woken()
	case Answered, Failed:
		if in.Ask == listing {
			return o.listed(in)
		}
		if q, ok := o.questions.take(in.Ask); ok { // else nobody waits for it any more
			return q.answered(o, in)
		}
	case Request:
		return o.request(in)
	}
	return nil
}

// forSession is the core's event of one of the session, nil of none.
func forSession(ev session.Event) user.Event {
	if ev == nil {
		return nil
	}
	return user.ForSession{Event: ev}
}

// carryOut does what the core decided, in order, until a query fails.
func (o *userObject) carryOut(effect user.Effect) {
	if o.store.err != nil {
		return
	}
	switch e := effect.(type) {
	case user.FromSession:
		o.carryOutSession(e.Effect)
	case user.FromDevice:
		o.carryOutDevice(e.Effect)
	case user.FromApps:
		o.carryOutApps(e.Effect)
	case user.FromEvents:
		o.told.carryOut(&o.store, o.now, e.Effect, o.askEvents)
	case user.FromInbox:
		o.carryOutInbox(e.Effect)
	case user.OnSocket:
		o.carryOutSocket(e.Effect)
	default:
		o.store.err = errDropped
	}
}

func (o *userObject) askEvents(q eventsAsk) uint32 { return o.questions.add(q) }

// answered is the end of a request to the backend, or what became of dead letters.
func (q eventsAsk) answered(o *userObject, in Input) user.Event {
	switch {
	case q.trimming:
		o.told.trimmed(in)
		return nil
	case q.burying:
		return user.EventsBuried{Buried: o.told.buried(o.now, q, in, o.askEvents)}
	}
	return user.EventsSent{Sent: o.told.sent(q, in)}
}

func (o *userObject) carryOutSession(effect session.Effect) {
	switch e := effect.(type) {
	case session.LookUp:
		o.lookUp(e)
	case session.Answer:
		o.host.Respond(uint32(e.Ask), 200, appendAnswer(nil, e))
	case session.Push:
		ask := o.questions.add(push{document: e.Grant.Channel, epoch: e.Grant.Epoch})
		r := call.Push{Grant: sentGrant(&e.Grant), Reason: e.Reason}
		send(o.host, ask, e.Grant.Channel, r.Message())
	case session.EndChannel:
		ask := o.questions.add(ending{document: e.Channel, fence: e.Fence})
		r := call.EndChannel{
			UserID: e.UserID, Fence: e.Fence, Kick: e.Kick, TokenIDs: e.TokenIDs, Before: call.At(e.Before), AdmittedAt: call.At(e.AdmittedAt),
		}
		send(o.host, ask, e.Channel, r.Message())
	case session.Receipt:
		o.host.Respond(uint32(e.Ask), 200, appendReceipt(nil, e))
	case session.Record:
		if e.Entry.Event == audit.Admitted && e.Entry.Document != protocol.DeviceChannel {
			o.store.write(visitDocument, text(e.Entry.Document)) // which writes a row once
		}
		o.audit.write(&o.store, e.Entry)
	case session.Visit:
		o.store.write(visitDocument, text(e.Document))
	case session.SaveRevoked:
		save(&o.store, &revokedTable, &e.Row)
	case session.DeleteRevoked:
		o.store.delete(&revokedTable.shape, text(e.TokenID))
	case session.SaveSession:
		save(&o.store, &sessionTable, &e.Row)
		o.list(&e.Row)
	case session.SaveChannel:
		save(&o.store, &userChannelsTable, &e.Row)
	case session.DeleteChannel:
		o.store.write(userChannelsTable.drop(), text(e.Channel), text(e.ClientID))
	case session.SaveAccess:
		save(&o.store, &accessTable, &e.Row)
	case session.DeleteAccess:
		o.store.delete(&accessTable.shape, text(e.Document))
	default:
		o.store.err = errDropped
	}
}

// answered is what a document says to a change that was pushed to it.
func (p push) answered(_ *userObject, in Input) user.Event {
	ok := in.Kind == Answered && call.ParseOK(in.Text)
	return forSession(session.Pushed{Channel: p.document, Epoch: p.epoch, OK: ok})
}

// answered is what a document says to the end of its user's channel.
func (q ending) answered(_ *userObject, in Input) user.Event {
	e := session.Ended{}
	if in.Kind == Answered {
		e = parseEnded(in.Text)
	}
	e.Channel, e.Fence = q.document, q.fence
	return forSession(e)
}
