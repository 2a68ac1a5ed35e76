package object

import (
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsontext"
	"github.com/holdfast-dev/holdfast/shared/permission"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/session"
)

// accessQuery is the embedded permission source: one row for a document that
// exists, with the user's role in its workspace and on itself, "" for none.
const accessQuery = "SELECT d.workspace_id, d.locked, d.access, COALESCE(m.role, ''), COALESCE(g.role, '') FROM documents d " +
	"LEFT JOIN members m ON m.workspace_id = d.workspace_id AND m.user_id = ?2 " +
	"LEFT JOIN grants g ON g.document_id = d.id AND g.user_id = ?2 WHERE d.id = ?1"

// sessionObject is the shell of a user's session object.
type sessionObject struct {
	host   Host
	store  store
	core   *session.Session
	alarm  alarm
	pushes asks[push] // numbered from pushAsk on
}

// pushAsk is added to the number of a question of ours, for those of others, which
// are answered under their own number, count from 1.
const pushAsk = 1 << 31

type push struct {
	document string
	epoch    uint64
}

// NewSession makes a session object from what its storage holds.
func NewSession(h Host, now time.Time) (Object, error) {
	if err := migrate(h, sessionTables); err != nil {
		return nil, err
	}
	o := &sessionObject{host: h, store: store{host: h}, pushes: asks[push]{last: pushAsk - 1}}
	snap := o.store.session()
	if o.store.err != nil {
		return nil, o.store.err
	}
	core, err := session.Restore(sessionConfig(settings{h}), snap)
	if err != nil {
		return nil, err
	}
	o.core = core
	return o, nil
}

// Handle implements Object.
func (o *sessionObject) Handle(now time.Time, in Input) error {
	if in.Kind == Alarm {
		o.alarm.rang()
	}
	if ev := o.event(in); ev != nil {
		for _, e := range o.core.Step(now, ev) {
			o.carryOut(e)
		}
	}
	if o.store.err != nil {
		return o.store.err
	}
	deadline, ok := o.core.Deadline()
	o.alarm.follow(o.host, now, deadline, ok)
	return nil
}

// LongestText implements Object. No client's text comes here.
func (o *sessionObject) LongestText() int { return 1 }

func (o *sessionObject) event(in Input) session.Event {
	switch in.Kind {
	case Alarm:
		return session.Woken{}
	case Request:
		return o.request(in)
	case Answered, Failed:
		if in.Ask >= pushAsk {
			return o.pushAnswered(in)
		}
		access, ok := parseAccess(in.Text)
		if in.Kind == Failed || !ok {
			return session.AccessFailed{Ask: uint64(in.Ask)}
		}
		return session.AccessFound{Ask: uint64(in.Ask), Access: access}
	case Connect:
		o.host.Respond(in.Ask, 404, (&protocol.Error{Code: protocol.NotFound}).AppendJSON(nil))
	}
	return nil
}

func (o *sessionObject) request(in Input) session.Event {
	ev, err := parseRequest(in.Text)
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

func (o *sessionObject) carryOut(effect session.Effect) {
	if o.store.err != nil {
		return
	}
	switch e := effect.(type) {
	case session.LookUp:
		o.host.Database(uint32(e.Ask), "DB", accessQuery, e.Document, e.UserID)
	case session.Answer:
		o.host.Respond(uint32(e.Ask), 200, appendAnswer(nil, e))
	case session.Push:
		ask := o.pushes.add(push{document: e.Grant.Document, epoch: e.Grant.Epoch})
		o.host.Call(ask, "DOCUMENTS", e.Grant.Document, appendPush(nil, e))
	case session.SaveSession:
		o.store.saveSession(e.Row)
	case session.SaveChannel:
		o.store.saveSessionChannel(e.Row)
	case session.DeleteChannel:
		o.store.write(deleteSessionChannel, text(e.Document))
	case session.SaveAccess:
		o.store.saveAccess(e.Row)
	case session.DeleteAccess:
		o.store.write(deleteAccess, text(e.Document))
	}
}

// pushAnswered is what a document says to a push of ours.
func (o *sessionObject) pushAnswered(in Input) session.Event {
	p, ok := o.pushes.take(in.Ask)
	if !ok {
		return nil
	}
	return session.Pushed{Document: p.document, Epoch: p.epoch, OK: in.Kind == Answered && truth(jsontext.Field(in.Text, "ok"))}
}

// parseAccess reads the rows accessQuery gave. No row is an answer too: there
// is no such document.
func parseAccess(rows []byte) (a session.Access, ok bool) {
	if jsontext.Check(rows, 3) != nil || len(rows) == 0 || rows[0] != '[' {
		return a, false
	}
	row := jsontext.Elements(rows)
	if !row.Next() {
		return a, true
	}
	var cols [5][]byte
	n := 0
	for c := jsontext.Elements(row.Value()); n < len(cols) && c.Next(); n++ {
		cols[n] = c.Value()
	}
	if n != len(cols) {
		return a, false
	}
	a.Found = true
	a.WorkspaceID = str(cols[0])
	a.Locked = number(cols[1]) != 0
	a.Source = permission.Source{
		Restricted: str(cols[2]) == "restricted",
		Workspace:  permission.WorkspaceRole(str(cols[3])),
		Document:   permission.DocumentRole(str(cols[4])),
	}
	return a, true
}
