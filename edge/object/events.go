package object

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-dev/holdfast/edge/vars"
	"github.com/holdfast-dev/holdfast/shared/delivery"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/retention"
)

// The events that go to the deployment's backend: by a webhook at EVENTS_URL, or where the host
// says so by that name, into a queue or to a hook.
//
//	object -> backend   POST EVENTS_URL {"events":[{"id","type","at","stream","seq","document"|"user_id","data"}]}
//	                    x-holdfast-signature: t=<unix seconds>,v1=<hex of HMAC-SHA256 over "t.body">

// The queries of the database for events that are given up. The oldest go where there are
// too many, or they are too old: a hundred at once, so that no more are left than are buried.
const (
	buryQuery = "INSERT OR IGNORE INTO event_dead_letters (id, type, document, user_id, event, reason, tries, died_at) " +
		"SELECT json_extract(value, '$.id'), json_extract(value, '$.type'), COALESCE(json_extract(value, '$.document'), ''), " +
		"COALESCE(json_extract(value, '$.user_id'), json_extract(value, '$.data.user_id'), ''), value, ?2, ?3, ?4 FROM json_each(?1)"
	trimDeadQuery = "DELETE FROM event_dead_letters WHERE n <= (SELECT n FROM event_dead_letters ORDER BY n DESC LIMIT 1 OFFSET ?1) " +
		"OR n IN (SELECT n FROM (SELECT n, died_at FROM event_dead_letters ORDER BY n LIMIT 100) WHERE died_at < ?2) RETURNING died_at < ?2"
)

// eventsAnswerBytes is how much of a backend's answer is read; only its status counts.
const eventsAnswerBytes = 1 << 10

// backend is where an object's events go.
type backend struct {
	host  Host
	to    Destination
	about string // whose object it is: "document" or "user_id"
	dead  int    // how many dead letters are kept, and for how long
	age   retention.Rule
}

func newBackend(h Host, about string) backend {
	set := settings{h}
	b := backend{host: h, about: about, dead: set.number(vars.EventsMaxDead), age: retention.Rule{Keep: set.span(vars.EventsDeadDays)}}
	b.to = Destination{URL: set.text(vars.EventsURL), Timeout: set.span(vars.EventsTimeout), MaxBytes: eventsAnswerBytes}
	if secret := set.text(vars.EventsSecret); secret != "" {
		b.to.Signature = Signature{Header: protocol.SignatureHeader, Secret: secret}
	}
	return b
}

// eventsConfig is how the deployment wants its events. A webhook without a secret gets none.
func (s settings) eventsConfig() delivery.Config {
	url := s.text(vars.EventsURL)
	return delivery.Config{
		On:    url != "" && (!strings.HasPrefix(url, "http") || s.text(vars.EventsSecret) != ""),
		Types: s.text(vars.EventsTypes), Every: s.span(vars.EventsEvery), Timeout: s.span(vars.EventsTimeout),
		Tries: s.number(vars.EventsTries), MaxPending: s.number(vars.EventsMaxPending),
	}
}

// newSeed draws what the streams of events are named by, where there are any.
func newSeed(h Host, cfg *delivery.Config) uint64 {
	if !cfg.On {
		return 0
	}
	var b [8]byte
	h.Random(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// carryOut does what the Queue decided; ask numbers a question whose answer it waits for.
func (b *backend) carryOut(s *store, now time.Time, effect delivery.Effect, ask func(eventsAsk) uint32) {
	switch e := effect.(type) {
	case delivery.Save:
		save(s, &eventsStateTable, &e.State)
	case delivery.Put:
		save(s, &eventsTable, &e.Event)
	case delivery.Drop:
		s.write(trimEvents, unsigned(e.UpTo))
	case delivery.Send:
		to := b.to
		if to.Signature.Header != "" {
			at := strconv.FormatInt(now.Unix(), 10)
			to.Signature.Prefix, to.Signature.Before = "t="+at+",v1=", at+"."
		}
		b.host.Fetch(ask(eventsAsk{number: e.Number}), to, e.Body(b.about, b.host.Name()))
	case delivery.Bury:
		b.log("warn", "events_given_up", e.Reason, len(e.Events))
		b.host.Database(ask(eventsAsk{number: e.Number, burying: true}), "DB", buryQuery, string(e.Letters(b.about, b.host.Name())),
			e.Reason, strconv.Itoa(e.Tries), strconv.FormatInt(now.UnixMilli(), 10))
	case delivery.Lose:
		b.log("error", "event_lost", delivery.TooMany, 1)
	default:
		s.err = errDropped
	}
}

// eventsAsk is a question that a Queue waits for, or the deletion of dead letters, for which
// nobody does.
type eventsAsk struct {
	number   uint32
	burying  bool
	trimming bool
}

// sent is what became of a request.
func (b *backend) sent(q eventsAsk, in Input) delivery.Sent {
	e := delivery.Sent{Number: q.number}
	switch status, ok := jsonscan.Uint(jsonscan.Field(in.Text, "status")); {
	case in.Kind == Answered && ok && status >= 200 && status < 300:
	case in.Kind == Answered && ok:
		e.Reason = "status_" + strconv.FormatUint(status, 10)
	case in.Kind == Failed && len(in.Text) > 0:
		e.Reason = string(in.Text) // the host knows why
	default:
		e.Reason = "failed"
	}
	if e.Reason != "" {
		w := jsonscan.NewObject(nil)
		w.Str("level", "warn")
		w.Str("event", "events_refused")
		w.Str("reason", e.Reason)
		w.Str(b.about, b.host.Name())
		b.host.LogRarely("events_refused "+e.Reason, w.End())
	}
	return e
}

// buried is what became of dead letters. Those beyond the bounds go next.
func (b *backend) buried(now time.Time, q eventsAsk, in Input, ask func(eventsAsk) uint32) delivery.Buried {
	e := delivery.Buried{Number: q.number, OK: in.Kind == Answered}
	if e.OK {
		b.host.Database(ask(eventsAsk{trimming: true}), "DB", trimDeadQuery, strconv.Itoa(b.dead), strconv.FormatInt(instant(b.age.Before(now)).Int, 10))
	}
	return e
}

// trimmed logs that dead letters are gone for good.
func (b *backend) trimmed(in Input) {
	if in.Kind != Answered || jsonscan.Check(in.Text, 3) != nil || len(in.Text) == 0 || in.Text[0] != '[' {
		return
	}
	many, old := 0, 0
	for row := jsonscan.Elements(in.Text); row.Next(); {
		if jsonscan.Equal(row.Value(), "[1]") {
			old++
		} else {
			many++
		}
	}
	if many > 0 {
		b.log("error", "dead_letters_dropped", "too_many", many)
	}
	if old > 0 {
		b.log("error", "dead_letters_dropped", "too_old", old)
	}
}

func (b *backend) log(level, event, reason string, count int) {
	w := jsonscan.NewObject(nil)
	w.Str("level", level)
	w.Str("event", event)
	w.Str("reason", reason)
	w.Int("count", int64(count))
	w.Str(b.about, b.host.Name())
	b.host.Log(w.End())
}

// appendTold describes the events of an object to an operator.
func appendTold(w *jsonscan.Writer, q *delivery.Queue) {
	if !q.On() {
		return
	}
	s := q.State()
	w.Open("events")
	w.Int("pending", int64(q.Pending()))
	w.Uint("seq", s.Seq)
	if s.Stream != "" {
		w.Str("stream", s.Stream)
	}
	if s.Told > 0 {
		w.Uint("told_version", s.Told)
	}
	w.Uint("lost", s.Lost)
	if s.Tries > 0 {
		w.Int("tries", int64(s.Tries))
		w.Time("next_try_at", s.Next)
		w.Str("reason", s.Reason)
	}
	w.Close()
}
