package inbox

import (
	"errors"
	"slices"
	"time"

	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/rows"
)

// Config bounds an inbox. The zero value of each field means its default.
type Config struct {
	// Messages and Bytes are what is kept at most, of all messages; 100 and 256 KiB. The
	// oldest go first.
	Messages, Bytes int
	// TTL is how long a message is kept that does not say, MaxTTL how long at most; a day and
	// 30 days.
	TTL, MaxTTL time.Duration
	// Limits are what a client reads.
	Limits protocol.Limits
}

// WithDefaults returns c with every zero (or negative) field set.
func (c Config) WithDefaults() Config {
	if c.Messages <= 0 {
		c.Messages = 100
	}
	if c.Bytes <= 0 {
		c.Bytes = 256 << 10
	}
	if c.TTL <= 0 {
		c.TTL = 24 * time.Hour
	}
	if c.MaxTTL <= 0 {
		c.MaxTTL = 30 * 24 * time.Hour
	}
	return c
}

const (
	// maxClients is of how many clients it is kept what they have heard. Of one beyond them,
	// of those that heard something longest ago, nothing is known: it hears again what is kept.
	maxClients = 64
	// maxBytes is the largest message, whatever a frame may be: tabs pass it on to each other
	// with one text, which has a bound of its own (shared/client).
	maxBytes = 128 << 10
	// maxJobs is how many operators may wait at once.
	maxJobs = 64
)

// Message is one as it is kept. Until is zero for one that is not.
type Message struct {
	Seq       uint64
	ID        string
	At, Until time.Time
	Data      []byte // any JSON
}

// Client is what a client has heard: the numbers of messages, in order.
type Client struct {
	ID    string
	Heard []uint64
}

// Snapshot is everything Restore needs: messages by number, clients by id.
type Snapshot struct {
	Messages []Message
	Clients  []Client
}

// Owner is the user's object as its inbox sees it.
type Owner interface {
	Emit(Effect)
	// Channels calls f for each live channel on a document, with when it was last admitted;
	// those on one document follow each other.
	Channels(f func(document, clientID string, admittedAt time.Time))
}

// Inbox is a user's. It is not safe for concurrent use.
type Inbox struct {
	cfg     *Config
	owner   Owner
	kept    []Message
	bytes   int
	clients []Client
	jobs    []job
	pushes  uint64    // the newest number of a push
	looked  time.Time // up to when what was due has been pushed
}

// job is an operator's message that waits for the documents it went to.
type job struct {
	posted  Posted
	waiting []uint64 // pushes
}

// Restore returns the inbox a snapshot was taken from. It fails on a snapshot no inbox can have
// made. cfg must have its defaults set and is shared, not copied.
func Restore(cfg *Config, owner Owner, s Snapshot) (*Inbox, error) {
	b := &Inbox{cfg: cfg, owner: owner, kept: s.Messages, clients: s.Clients}
	for i, m := range b.kept {
		if m.ID == "" || m.Until.IsZero() || i > 0 && m.Seq <= b.kept[i-1].Seq {
			return nil, errors.New("inbox: messages out of order")
		}
		b.bytes += m.size()
	}
	for i, c := range b.clients {
		if i > 0 && c.ID <= b.clients[i-1].ID {
			return nil, errors.New("inbox: clients out of order")
		}
	}
	return b, nil
}

// Snapshot returns everything Restore needs.
func (b *Inbox) Snapshot() (s Snapshot) {
	s.Messages = slices.Clone(b.kept)
	for _, c := range b.clients {
		s.Clients = append(s.Clients, Client{c.ID, slices.Clone(c.Heard)})
	}
	return s
}

// Begin says when it is, as the object wakes: what was due before is not pushed again.
func (b *Inbox) Begin(now time.Time) { b.looked = now.Add(-late) }

// Take takes an event.
func (b *Inbox) Take(now time.Time, ev Event) {
	b.expire(now)
	switch e := ev.(type) {
	case Post:
		b.post(now, e)
	case Delivered:
		b.delivered(e)
	case Heard:
		b.heard(e)
	}
}

func (m *Message) size() int { return len(m.Data) + len(m.ID) }

// next is a number that no message has, and none that a client has heard.
func (b *Inbox) next() (seq uint64) {
	if n := len(b.kept); n > 0 {
		seq = b.kept[n-1].Seq
	}
	for _, c := range b.clients {
		if n := len(c.Heard); n > 0 {
			seq = max(seq, c.Heard[n-1])
		}
	}
	return seq + 1
}

// post takes a message. One whose id is kept is a repeat: whoever has not heard it gets it now.
func (b *Inbox) post(now time.Time, e Post) {
	p := Posted{Ask: e.Ask}
	if len(b.jobs) >= maxJobs {
		p.Err = &protocol.Error{Code: protocol.ServiceUnavailable, Reason: "too_many_waiting", RetryAfter: time.Second}
		b.owner.Emit(p)
		return
	}
	i := slices.IndexFunc(b.kept, func(m Message) bool { return m.ID == e.ID })
	if p.Repeated = i >= 0; p.Repeated {
		p.Message = b.kept[i]
		b.spread(p)
		return
	}
	ttl := b.cfg.TTL
	if e.Says {
		ttl = min(e.TTL, b.cfg.MaxTTL)
	}
	m := Message{ID: e.ID, At: now, Data: e.Data}
	if _, err := protocol.Decode(Frame(m).Append(nil), b.cfg.Limits); err != nil {
		p.Err = err
		b.owner.Emit(p)
		return
	}
	if len(m.Data) > maxBytes || ttl > 0 && m.size() > b.cfg.Bytes {
		p.Err = &protocol.Error{Code: protocol.MessageTooLarge, Reason: protocol.ReasonTooLarge}
		b.owner.Emit(p)
		return
	}
	if m.Data = append([]byte(nil), e.Data...); ttl > 0 {
		m.Until, m.Seq = now.Add(ttl), b.next()
		b.kept = append(b.kept, m)
		b.bytes += m.size()
		b.owner.Emit(Save{m})
		for len(b.kept) > b.cfg.Messages || b.bytes > b.cfg.Bytes {
			b.drop(0)
			p.Dropped++
		}
	}
	p.Message = m
	b.spread(p)
}

// Frame is a message as clients receive it.
func Frame(m Message) protocol.Frame {
	return protocol.Frame{
		Type: protocol.TypeSystem, Event: protocol.EventMessage, MessageID: m.ID, Data: protocol.UserMessage{Data: m.Data, At: m.At}.Append(nil),
	}
}

// drop forgets a message that is kept; with the last goes what clients have heard.
func (b *Inbox) drop(i int) {
	b.owner.Emit(Drop{b.kept[i].Seq})
	b.bytes -= b.kept[i].size()
	b.kept = slices.Delete(b.kept, i, i+1)
	if len(b.kept) == 0 {
		for _, c := range b.clients {
			b.owner.Emit(DropClient{c.ID})
		}
		b.clients = nil
	}
}

// expire forgets what has been kept long enough.
func (b *Inbox) expire(now time.Time) {
	for i := len(b.kept) - 1; i >= 0; i-- {
		if !now.Before(b.kept[i].Until) {
			b.drop(i)
		}
	}
}

// spread pushes a message to every document with a channel, and answers when each has said how
// many connections it went to.
func (b *Inbox) spread(p Posted) {
	j := job{posted: p}
	last := ""
	b.owner.Channels(func(document, clientID string, _ time.Time) {
		if p.Repeated && b.has(clientID, p.Message.Seq) || document == last && !p.Repeated {
			return
		}
		d := Deliver{Document: document, Messages: []Message{p.Message}}
		if p.Repeated {
			d.ClientID = clientID
		}
		last = document
		j.waiting = append(j.waiting, b.push(d))
	})
	if len(j.waiting) == 0 {
		b.owner.Emit(p)
		return
	}
	b.jobs = append(b.jobs, j)
}

func (b *Inbox) push(d Deliver) uint64 {
	b.pushes++
	d.Push = b.pushes
	b.owner.Emit(d)
	return d.Push
}

// delivered takes a document's answer.
func (b *Inbox) delivered(e Delivered) {
	for i := range b.jobs {
		j := &b.jobs[i]
		at := slices.Index(j.waiting, e.Push)
		if at < 0 {
			continue
		}
		j.waiting = slices.Delete(j.waiting, at, at+1)
		if e.OK {
			j.posted.Connections += e.Connections
		} else {
			j.posted.Unreached++
		}
		if len(j.waiting) == 0 {
			p := j.posted
			b.jobs = slices.Delete(b.jobs, i, i+1)
			b.owner.Emit(p)
		}
		return
	}
}

// heard notes what a client has.
func (b *Inbox) heard(e Heard) {
	i := slices.IndexFunc(b.kept, func(m Message) bool { return m.ID == e.MessageID })
	if i < 0 || b.has(e.ClientID, b.kept[i].Seq) {
		return
	}
	at, known := b.client(e.ClientID)
	if !known {
		if len(b.clients) >= maxClients {
			b.forgetOne()
			at, _ = b.client(e.ClientID)
		}
		b.clients = rows.Insert(b.clients, at, Client{ID: e.ClientID})
	}
	c := &b.clients[at]
	// What is not kept any more nobody asks about.
	c.Heard = slices.DeleteFunc(append(c.Heard, b.kept[i].Seq), func(seq uint64) bool {
		return !slices.ContainsFunc(b.kept, func(m Message) bool { return m.Seq == seq })
	})
	for i := len(c.Heard) - 1; i > 0 && c.Heard[i] < c.Heard[i-1]; i-- {
		c.Heard[i], c.Heard[i-1] = c.Heard[i-1], c.Heard[i]
	}
	b.owner.Emit(SaveClient{Client{c.ID, slices.Clone(c.Heard)}})
}

// forgetOne makes room for a client: who has heard nothing for longest goes.
func (b *Inbox) forgetOne() {
	oldest, newest := 0, uint64(0)
	for i, c := range b.clients {
		n := c.Heard[len(c.Heard)-1]
		if i == 0 || n < newest {
			oldest, newest = i, n
		}
	}
	b.owner.Emit(DropClient{b.clients[oldest].ID})
	b.clients = slices.Delete(b.clients, oldest, oldest+1)
}

func (b *Inbox) client(id string) (int, bool) {
	return slices.BinarySearchFunc(b.clients, id, func(c Client, id string) int {
		switch {
		case c.ID < id:
			return -1
		case c.ID > id:
			return 1
		}
		return 0
	})
}

func (b *Inbox) has(clientID string, seq uint64) bool {
	i, known := b.client(clientID)
	return known && slices.Contains(b.clients[i].Heard, seq)
}
