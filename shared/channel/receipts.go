package channel

// Receipt is one message of a client that was taken: a repeat of it gets the same answer
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
// always among them.
type Receipts struct {
	size int
	last uint64
	list []Receipt // by N
}

// NewReceipts returns the memory of a sender that may have size messages without an answer.
func NewReceipts(size int) *Receipts { return &Receipts{size: size} }

// RestoreReceipts returns the memory that was stored, in any order.
func RestoreReceipts(size int, stored []Receipt) *Receipts {
	r := NewReceipts(size)
	for _, s := range stored {
		r.last = max(r.last, s.N)
	}
	for _, s := range stored {
		if r.last-s.N >= uint64(size) {
			continue // of a larger memory
		}
		at := len(r.list)
		r.list = append(r.list, s)
		for ; at > 0 && r.list[at-1].N > s.N; at-- {
			r.list[at] = r.list[at-1]
		}
		r.list[at] = s
	}
	return r
}

// Find returns the answer a message got.
func (r *Receipts) Find(clientID, messageID string) (seq uint64, found bool) {
	for i := len(r.list) - 1; i >= 0; i-- { // a repeat is of a new one as a rule
		if s := &r.list[i]; s.MessageID == messageID && s.ClientID == clientID {
			return s.Seq, true
		}
	}
	return 0, false
}

// Add remembers an answer, and returns what is to be stored of it, at Slot.
func (r *Receipts) Add(clientID, messageID string, seq uint64) Receipt {
	r.last++
	s := Receipt{N: r.last, ClientID: clientID, MessageID: messageID, Seq: seq}
	if len(r.list) >= r.size {
		n := copy(r.list, r.list[len(r.list)-r.size+1:])
		r.list = r.list[:n]
	}
	r.list = append(r.list, s)
	return s
}

// Slot is where a receipt is stored: over the one it takes the place of.
func (r *Receipts) Slot(s Receipt) uint64 { return s.N % uint64(r.size) }

// List are those that are remembered, oldest first. It is the memory's own.
func (r *Receipts) List() []Receipt { return r.list }
