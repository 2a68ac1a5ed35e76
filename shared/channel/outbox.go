package channel

import "errors"

// Kept is one frame in an outbox: the text as it went out, with its seq in it.
type Kept struct {
	Seq  uint64
	Text []byte
}

// Outbox is the memory of the reliable frames that have no log behind them (those
// of devices and apps): each is kept until the client has acknowledged it, within
// bounds. What the bounds push out is never a silent hole: a resume reports it
// as a gap.
//
// Its states are all in Row and the kept frames; both are the owner's to store,
// before the frame leaves. It knows no clock and no socket. The zero value is not
// ready for use.
type Outbox struct {
	cfg   OutboxConfig
	row   OutboxRow
	kept  []Kept // by seq, without holes
	bytes int
}

// OutboxConfig bounds an outbox. The zero value of each field means its default.
type OutboxConfig struct {
	Frames int // kept at most; default 1,000
	Bytes  int // of kept texts at most; default 1 MiB
}

// WithDefaults returns c with every zero (or negative) field set.
func (c OutboxConfig) WithDefaults() OutboxConfig {
	if c.Frames <= 0 {
		c.Frames = 1000
	}
	if c.Bytes <= 0 {
		c.Bytes = 1 << 20
	}
	return c
}

// OutboxRow is what is stored beside the frames.
type OutboxRow struct {
	// Sent is the newest seq given out. It outlives the frames, so that no seq is
	// ever used twice.
	Sent uint64
	// Acked is the newest the client has acknowledged.
	Acked uint64
}

// ErrTooLarge is a frame that no empty outbox could keep.
var ErrTooLarge = errors.New("channel: the frame is larger than the outbox")

// NewOutbox returns an outbox that has given out nothing.
func NewOutbox(cfg OutboxConfig) *Outbox { return &Outbox{cfg: cfg.WithDefaults()} }

// RestoreOutbox returns the outbox a row and its frames, ordered by seq, were taken
// from. It fails on what no outbox can have stored.
func RestoreOutbox(cfg OutboxConfig, row OutboxRow, kept []Kept) (*Outbox, error) {
	o := NewOutbox(cfg)
	o.row = row
	if row.Acked > row.Sent {
		return nil, errors.New("channel: acknowledged beyond what was sent")
	}
	for i, k := range kept {
		if k.Seq <= row.Acked || k.Seq > row.Sent || k.Seq != row.Sent-uint64(len(kept)-1-i) {
			return nil, errors.New("channel: kept frames are not the newest sent")
		}
		o.kept = append(o.kept, k)
		o.bytes += len(k.Text)
	}
	o.trim()
	return o, nil
}

// Row returns what is to be stored beside the frames.
func (o *Outbox) Row() OutboxRow { return o.row }

// Kept returns the frames nobody has acknowledged, oldest first. It is the
// outbox's own memory until the next call.
func (o *Outbox) Kept() []Kept { return o.kept }

// Bytes is how much they are.
func (o *Outbox) Bytes() int { return o.bytes }

// Next is the seq of the next frame: it has to be in its text.
func (o *Outbox) Next() uint64 { return o.row.Sent + 1 }

// Put keeps a frame, whose text bears Next, and returns it with the newest seq that
// is not kept any more, 0 for none that went just now: what the bounds pushed out
// is to be deleted from storage up to there. The text is the outbox's from then on.
func (o *Outbox) Put(text []byte) (k Kept, gone uint64, err error) {
	if len(text) > o.cfg.Bytes {
		return Kept{}, 0, ErrTooLarge
	}
	o.row.Sent++
	k = Kept{Seq: o.row.Sent, Text: text}
	o.kept = append(o.kept, k)
	o.bytes += len(text)
	return k, o.trim(), nil
}

// Room reports whether a message is to be taken: a sender that can be asked to wait is,
// while a quarter is still left for what cannot. How large it is does not count, or a
// small one would overtake a large one.
func (o *Outbox) Room() bool {
	return len(o.kept) < o.cfg.Frames-o.cfg.Frames/4 && o.bytes < o.cfg.Bytes-o.cfg.Bytes/4
}

// trim drops the oldest frames that are too many or too much.
func (o *Outbox) trim() (gone uint64) {
	n := 0
	for ; len(o.kept)-n > o.cfg.Frames || o.bytes > o.cfg.Bytes; n++ {
		o.bytes -= len(o.kept[n].Text)
		gone = o.kept[n].Seq
	}
	o.drop(n)
	return gone
}

// Ack forgets everything up to seq and reports whether that is news. A seq that was
// never given out acknowledges nothing.
func (o *Outbox) Ack(seq uint64) bool {
	if seq <= o.row.Acked || seq > o.row.Sent {
		return false
	}
	o.row.Acked = seq
	n := 0
	for ; n < len(o.kept) && o.kept[n].Seq <= seq; n++ {
		o.bytes -= len(o.kept[n].Text)
	}
	o.drop(n)
	return true
}

func (o *Outbox) drop(n int) {
	rest := copy(o.kept, o.kept[n:])
	clear(o.kept[rest:])
	o.kept = o.kept[:rest]
}

// The reasons of a Hole.
const (
	HoleUnknown      = "unknown_seq"  // it claims what was never sent
	HoleAcknowledged = "acknowledged" // it has acknowledged them itself
	HoleTooMany      = "too_many"     // the bounds have pushed them out
)

// Hole is what cannot be sent again: From to To. Without a Reason there is none.
type Hole struct {
	From, To uint64
	Reason   string
}

// Resume works out what a client that has received everything up to that seq is to
// be sent again, and what it cannot. A client that claims to have received what was never sent
// is of another life of this outbox: all it claims beyond Sent is a hole.
func (o *Outbox) Resume(received uint64) (again []Kept, hole Hole) {
	if received > o.row.Sent {
		return nil, Hole{o.row.Sent + 1, received, HoleUnknown}
	}
	first := o.row.Sent + 1 - uint64(len(o.kept))
	if received+1 >= first {
		return o.kept[received+1-first:], Hole{}
	}
	hole = Hole{received + 1, first - 1, HoleTooMany}
	if received < o.row.Acked {
		hole.Reason = HoleAcknowledged
	}
	return o.kept, hole
}
