package delivery

import "time"

// Event is one that waits.
type Event struct {
	Seq  uint64
	Type string
	At   time.Time
	// Data is a JSON object.
	Data []byte
}

// State is what is stored of a Queue beside its events.
type State struct {
	// Stream names the life of what is stored; 16 hexadecimal digits.
	Stream string
	// Seq is the newest event's, as of when this was stored: a stored event's may be higher.
	Seq uint64
	// Told is the version of the log that the newest event of a change speaks of, Generation
	// the log's.
	Told       uint64
	Generation string
	// Changed is the seq of such an event that was not taken yet, 0 for none, and ChangedAt when
	// the newest was made.
	Changed   uint64
	ChangedAt time.Time
	// Tries is how often the oldest event has failed, Next when it is tried again, Failing
	// the newest event's seq when the failures began, and Reason what became of the last.
	Tries   int
	Next    time.Time
	Failing uint64
	Reason  string
	// Lost is how many events there was no room for.
	Lost uint64
}

// Snapshot is what Restore needs. Events are in the order of their seqs.
type Snapshot struct {
	State  State
	Events []Event
}

// Owner is the core that a Queue belongs to.
type Owner interface {
	// Emit has an effect carried out, in order.
	Emit(Effect)
}

// Effect is something the shell carries out, in order.
type Effect interface{ isEffect() }

type (
	// Save stores the State.
	Save struct{ State State }
	// Put stores an event, in place of one that was stored by its seq.
	Put struct{ Event Event }
	// Drop deletes the events up to a seq.
	Drop struct{ UpTo uint64 }
	// Send sends events to the backend. The answer is Sent, with the Number.
	Send struct {
		Number uint32
		Stream string
		Events []Event
	}
	// Bury stores events as dead letters, where a repeat changes nothing. The answer is Buried,
	// with the Number. Reason and Tries say why.
	Bury struct {
		Number uint32
		Stream string
		Events []Event
		Reason string
		Tries  int
	}
	// Lose reports an event that there was no room for.
	Lose struct{ Type string }
)

func (Save) isEffect() {}
func (Put) isEffect()  {}
func (Drop) isEffect() {}
func (Send) isEffect() {}
func (Bury) isEffect() {}
func (Lose) isEffect() {}

// TooMany is the Reason of a Bury for want of room.
const TooMany = "too_many_pending"

type (
	// Sent answers Send. Without a Reason the events were taken; else it is one word.
	Sent struct {
		Number uint32
		Reason string
	}
	// Buried answers Bury.
	Buried struct {
		Number uint32
		OK     bool
	}
)
