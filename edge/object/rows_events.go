package object

import "github.com/holdfast-dev/holdfast/shared/delivery"

// The tables of the events that go to the backend, a document's and a user's alike.

var (
	eventsTable      = newTable(shape{number: eventsNumber, name: "events", keys: 1, since: 7}, eventColumns)
	eventsStateTable = newTable(shape{number: eventsStateNumber, name: "events_state", since: 7}, eventsStateColumns)
)

func eventColumns(c *columns, e *delivery.Event) {
	numeric(c, "seq", &e.Seq)
	c.text("type", &e.Type)
	c.time("at", &e.At)
	c.blob("data", &e.Data)
}

func eventsStateColumns(c *columns, s *delivery.State) {
	c.text("stream", &s.Stream)
	numeric(c, "seq", &s.Seq)
	numeric(c, "told", &s.Told)
	c.text("generation", &s.Generation)
	numeric(c, "changed", &s.Changed)
	c.time("changed_at", &s.ChangedAt)
	numeric(c, "tries", &s.Tries)
	c.time("next", &s.Next)
	numeric(c, "failing", &s.Failing)
	c.text("reason", &s.Reason)
	numeric(c, "lost", &s.Lost)
}

// events reads what waits, where events are sent.
func (s *store) events(cfg *delivery.Config) (snap delivery.Snapshot) {
	if !cfg.On {
		return snap
	}
	each(s, selectEventsState, eventsStateColumns, func(st *delivery.State) { snap.State = *st })
	each(s, selectEvents, eventColumns, func(e *delivery.Event) {
		e.Data = append([]byte(nil), e.Data...)
		snap.Events = append(snap.Events, *e)
	})
	return snap
}
