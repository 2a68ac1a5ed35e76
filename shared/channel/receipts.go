package channel

import (
	"slices"
	"strings"
)

// Receipt is one message of a client that was accepted: a repeat of it gets the same answer
// and is not applied again.
type Receipt struct {
	// N counts the sender's receipts; with the size it says which older one this one
	// takes the place of.
	N                   uint64
	ClientID, MessageID string
	// Seq is the answer.
	Seq uint64
}

// Receipts are the newest of one sender, as many as it may have without an answer at
// once: what a client repeats after a drop is what it has no answer to, so a repeat is
// always among them. A sender that is one client need not name it.
//
// A repeat is looked for on every message, so the hashes lie side by side, and strings are
// compared on a match only.
type Receipts struct {
	hashes     []uint32
	items      []receipt // a ring, whose oldest is at next once it is full
	size, next int32
	last       uint64 // the newest one's N
}

// receipt is one that is remembered, under its client and message id in one. No id has a
// control character in it (protocol.ValidID).
type receipt struct {
	key string
	seq uint64
}

const between = "\x00"

// NewReceipts returns the memory of a sender that may have size messages without an answer.
func NewReceipts(size int) *Receipts { return &Receipts{size: int32(size)} }

// RestoreReceipts returns the memory that was stored, in any order.
func RestoreReceipts(size int, stored []Receipt) *Receipts {
	r := NewReceipts(size)
	byN := make([]Receipt, 0, len(stored))
	for at, s := range stored {
		byN = append(byN, s)
		for ; at > 0 && byN[at-1].N > s.N; at-- {
			byN[at] = byN[at-1]
		}
		byN[at] = s
	}
	for _, s := range byN {
		if byN[len(byN)-1].N-s.N < uint64(size) { // else of a larger memory
			r.last = s.N - 1
			r.Add(s.ClientID, s.MessageID, s.Seq)
		}
	}
	return r
}

// Reset forgets everything.
func (r *Receipts) Reset(size int) {
	*r = Receipts{hashes: r.hashes[:0], items: r.items[:0], size: int32(size)}
}

// Find returns the answer a message got.
func (r *Receipts) Find(clientID, messageID string) (seq uint64, found bool) {
	h := hash(clientID, messageID)
	for at, hashes := 0, r.hashes; ; at++ {
		i := slices.Index(hashes[at:], h)
		if i < 0 {
			return 0, false
		}
		if at += i; matches(r.items[at].key, clientID, messageID) {
			return r.items[at].seq, true
		}
	}
}

func matches(key, clientID, messageID string) bool {
	if clientID == "" {
		return key == messageID
	}
	client, message, _ := strings.Cut(key, between)
	return client == clientID && message == messageID
}

// Add remembers an answer, and returns what is to be stored of it, at Slot.
func (r *Receipts) Add(clientID, messageID string, seq uint64) Receipt {
	r.last++
	h, item := hash(clientID, messageID), receipt{messageID, seq}
	if clientID != "" {
		item.key = clientID + between + messageID
	}
	switch {
	case len(r.items) < int(r.size):
		r.hashes, r.items = append(r.hashes, h), append(r.items, item)
	case r.size > 0:
		r.hashes[r.next], r.items[r.next] = h, item
		r.next = (r.next + 1) % r.size
	}
	return Receipt{N: r.last, ClientID: clientID, MessageID: messageID, Seq: seq}
}

// Slot is where a receipt is stored: over the one it takes the place of.
func (r *Receipts) Slot(s Receipt) uint64 { return s.N % uint64(r.size) }

// Len is how many are remembered.
func (r *Receipts) Len() int { return len(r.items) }

// Newest returns the message id that was added last, "" for none.
func (r *Receipts) Newest() string {
	if len(r.items) == 0 {
		return ""
	}
	return r.at(len(r.items) - 1).MessageID
}

// Last returns its answer, 0 for none.
func (r *Receipts) Last() uint64 {
	if len(r.items) == 0 {
		return 0
	}
	return r.at(len(r.items) - 1).Seq
}

// List returns those that are remembered, oldest first.
func (r *Receipts) List() []Receipt {
	var list []Receipt
	for i := range r.items {
		list = append(list, r.at(i))
	}
	return list
}

// at returns the i-th oldest.
func (r *Receipts) at(i int) Receipt {
	item := r.items[(int(r.next)+i)%len(r.items)]
	s := Receipt{N: r.last - uint64(len(r.items)-1-i), MessageID: item.key, Seq: item.seq}
	if client, message, both := strings.Cut(item.key, between); both {
		s.ClientID, s.MessageID = client, message
	}
	return s
}

// hash is FNV-1a of both ids: good enough to keep messages apart, and no import.
func hash(clientID, messageID string) uint32 {
	h := uint32(2166136261)
	for _, s := range [...]string{clientID, messageID} {
		for i := 0; i < len(s); i++ {
			h = (h ^ uint32(s[i])) * 16777619
		}
	}
	return h
}
