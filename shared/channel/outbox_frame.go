package channel

import "github.com/holdfast-dev/holdfast/shared/protocol"

// Keep puts a frame into the outbox, under its next seq: what went for it is as Put says.
// What nobody within the limits could read is not kept for anybody.
func (o *Outbox) Keep(f protocol.Frame, limits protocol.Limits) (kept Kept, gone uint64, err *protocol.Error) {
	f.Seq = o.Next()
	text := f.Append(nil)
	if _, err := protocol.Decode(text, limits); err != nil {
		return kept, 0, err
	}
	kept, gone, tooLarge := o.Put(text)
	if tooLarge != nil {
		return kept, 0, &protocol.Error{Code: protocol.MessageTooLarge, Reason: protocol.ReasonTooLarge}
	}
	return kept, gone, nil
}

// Missed works out what a peer that has received everything up to that seq has to be sent again,
// and what it cannot, as an acknowledgement says it; either may be nil.
func (o *Outbox) Missed(received uint64) (again []Kept, replay *protocol.Range, gap *protocol.Gap) {
	kept, hole := o.Resume(received)
	again = append(again, kept...) // an Ack that follows moves the outbox's own
	if n := len(again); n > 0 {
		replay = &protocol.Range{From: again[0].Seq, To: again[n-1].Seq}
	}
	if hole.Reason != "" {
		gap = &protocol.Gap{From: hole.From, To: hole.To, Count: hole.To - hole.From + 1, Reason: hole.Reason}
	}
	return again, replay, gap
}
