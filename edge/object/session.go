package object

import (
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/shared/device"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// sessionObject is the shell of a user's session object.
type sessionObject struct {
	host   Host
	store  store
	core   *device.Device
	cfg    device.Config
	alarm  alarm
	audit  auditLog
	source httpSource
	pushes asks[push]     // numbered from pushAsk on
	tokens asks[string]   // being verified, by whose connection; numbered from tokenAsk on
	events []device.Event // still to step, those that booting came back as
	dials  []dial         // upgrades that have no answer yet
	// secrets sign the session ids of apps, the first those of new ones.
	secrets []string
	// appAsks are questions about apps, numbered from appAsk on; now is the event's time.
	appAsks asks[appQuestion]
	now     time.Time
}

// pushAsk is where the numbers of our calls to documents begin, tokenAsk those of tokens
// that are being verified, and appAsk those about apps: above those of others' questions,
// which count from 1, and of the core's own.
const (
	pushAsk  = 1 << 31
	tokenAsk = 3 << 30
	appAsk   = 7 << 29
)

// push is a call to a document that has not answered.
type push struct {
	document string
	epoch    uint64
	end      bool
}

// NewSession makes a session object from what its storage holds.
func NewSession(h Host, now time.Time) (Object, error) {
	o := &sessionObject{
		host: h, store: store{host: h}, audit: newAuditLog(h), source: newHTTPSource(h), cfg: deviceConfig(settings{h}),
		pushes: asks[push]{last: pushAsk - 1}, tokens: asks[string]{last: tokenAsk - 1},
		appAsks: asks[appQuestion]{last: appAsk - 1}, now: now, secrets: strings.Fields(h.Env("APP_SESSION_SECRET")),
	}
	o.cfg.Secret = newSecret(h)
	if err := o.store.open(&userSchema); err != nil {
		return unopened(h, err)
	}
	snap := o.store.device(h.Name())
	if o.store.err != nil {
		return nil, o.store.err
	}
	o.nameApps(snap.Apps.Apps)
	core, err := device.Restore(o.cfg, snap)
	if err != nil {
		return nil, err
	}
	o.core = core
	if o.cfg.ClientPings {
		h.AutoResponse(protocol.PingText, protocol.PongText)
	}
	o.lose()
	return o, o.run(now)
}

// Handle implements Object.
func (o *sessionObject) Handle(now time.Time, in Input) error {
	o.now = now
	if in.Kind == Alarm {
		o.alarm.rang()
	}
	if ev := o.deviceEvent(in); ev != nil {
		o.events = append(o.events, ev)
	} else if ev := o.event(in); ev != nil {
		for _, e := range o.core.Session(now, ev) {
			o.carryOut(e)
		}
	}
	return o.run(now)
}

// run steps the core through everything there is, then follows its deadline.
func (o *sessionObject) run(now time.Time) error {
	for i := 0; i < len(o.events) && o.store.err == nil; i++ {
		for _, e := range o.core.Step(now, o.events[i]) {
			o.carryOut(e)
		}
		o.events[i] = nil
	}
	o.events = o.events[:0]
	if o.store.err != nil {
		return o.store.err
	}
	o.store.ended()
	deadline, ok := o.core.Deadline()
	o.alarm.follow(o.host, now, deadline, ok)
	return nil
}

// LongestText implements Object. A UTF-16 unit is at least one byte.
func (o *sessionObject) LongestText() int { return o.cfg.Limits.FrameBytes }

func (o *sessionObject) event(in Input) session.Event {
	switch in.Kind {
	case Request:
		return o.request(in)
	case Answered, Failed:
		switch {
		case in.Ask >= tokenAsk: // nobody waits for it any more
		case in.Ask >= pushAsk:
			return o.pushAnswered(in)
		default:
			return o.lookedUp(in)
		}
	}
	return nil
}

func (o *sessionObject) request(in Input) session.Event {
	kind, err := kindOf(in.Text)
	if ev, known := o.operator(kind, in); err == nil && known {
		return ev
	}
	var ev session.Event
	if err == nil {
		ev, err = parseRequest(kind, in.Text)
	}
	if err != nil {
		o.host.Respond(in.Ask, 400, appendAnswer(nil, session.Answer{Err: &protocol.Error{Code: protocol.InternalError}}))
		return nil
	}
	switch e := ev.(type) {
	case session.Admit:
		e.Ask = uint64(in.Ask)
		e.NewSessionID = randomHex(o.host, 16)
		return e
	default:
		// Kept from the next event on; the answer leaves after the write, as
		// everything does.
		o.host.Respond(in.Ask, 200, []byte(`{"ok":true}`))
		return ev
	}
}

func (o *sessionObject) carryOut(effect device.Effect) {
	if o.store.err != nil {
		return
	}
	switch e := effect.(type) {
	case session.LookUp:
		o.lookUp(e)
	case session.Answer:
		o.host.Respond(uint32(e.Ask), 200, appendAnswer(nil, e))
	case session.Push:
		ask := o.pushes.add(push{document: e.Grant.Document, epoch: e.Grant.Epoch})
		o.host.Call(ask, "DOCUMENTS", e.Grant.Document, appendPush(nil, e))
	case session.EndChannel:
		ask := o.pushes.add(push{document: e.Document, epoch: e.Fence, end: true})
		o.host.Call(ask, "DOCUMENTS", e.Document, appendEnd(nil, e))
	case session.Receipt:
		o.host.Respond(uint32(e.Ask), 200, appendReceipt(nil, e))
	case session.Record:
		o.audit.write(&o.store, e.Entry)
	case session.SaveRevoked:
		save(&o.store, &revokedTable, &e.Row)
	case session.DeleteRevoked:
		o.store.delete(&revokedTable.shape, text(e.TokenID))
	case session.SaveSession:
		save(&o.store, &sessionTable, &e.Row)
	case session.SaveChannel:
		save(&o.store, &userChannelsTable, &e.Row)
	case session.DeleteChannel:
		o.store.delete(&userChannelsTable.shape, text(e.Document))
	case session.SaveAccess:
		save(&o.store, &accessTable, &e.Row)
	case session.DeleteAccess:
		o.store.delete(&accessTable.shape, text(e.Document))
	default:
		o.carryOutDevice(effect)
	}
}

// pushAnswered is what a document says to a push of ours.
func (o *sessionObject) pushAnswered(in Input) session.Event {
	p, ok := o.pushes.take(in.Ask)
	if !ok {
		return nil
	}
	if p.end {
		e := session.Ended{}
		if in.Kind == Answered {
			e = parseEnded(in.Text)
		}
		e.Document, e.Fence = p.document, p.epoch
		return e
	}
	return session.Pushed{Document: p.document, Epoch: p.epoch, OK: in.Kind == Answered && truth(jsonscan.Field(in.Text, "ok"))}
}
