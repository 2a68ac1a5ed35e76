package sim_test

import (
	"math"

	"github.com/holdfast-dev/holdfast/shared/channel"
	"github.com/holdfast-dev/holdfast/shared/document"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// disturbs holds a redial to this: it takes the place of no other client.
func (d *docObject) disturbs(c document.Connect, effects []document.Effect) {
	for _, e := range effects {
		if e, ok := e.(document.Close); ok && e.Code == protocol.Lookup(protocol.ConnectionReplaced).Close && e.Conn != c.Conn {
			if l := d.w.connections[e.Conn]; l.c.id != c.ClientID {
				d.w.fail("%s: the redial of %s has closed the connection of %s", d.id, c.ClientID, l.c.id)
			}
		}
	}
}

// known is the least epoch of a grant by which any client of the user is here or is let in.
func (d *docObject) known(user string) uint64 {
	least, fence, here := uint64(math.MaxUint64), uint64(0), false
	for client, row := range d.store.Rows {
		if client.Of != user {
			continue
		}
		here = true
		fence = max(fence, row.Grant.Epoch, row.Fence)
		if row.Channel.State != channel.Gone {
			least = min(least, max(row.Grant.Epoch, row.Fence))
		}
	}
	switch {
	case !here && !(d.store.State.Erased.IsZero() && d.store.State.Forgot.IsZero()):
		return math.MaxUint64 // where something was erased everybody is asked about anew
	case least == math.MaxUint64:
		return fence
	}
	return least
}
