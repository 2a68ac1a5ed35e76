package document_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/document"
)

// Clients that ping and do nothing else cost a document no wake-up while one of them is alone, and
// four a minute, however many they are, while somebody would notice that another has fallen silent.
//
// Holds: "an idle connection keeps no object in memory".
func TestWhatAnIdleDocumentCosts(t *testing.T) {
	for clients, most := range map[int]int{1: 0, 2: 4, 50: 4} {
		d := newDesk(t)
		for i := range clients {
			d.connect(document.ConnID(fmt.Sprint("c", i)), fmt.Sprint("user", i), "a")
		}
		// The runtime's record: each pings every 10 s, at its own second.
		record := func() (w document.Woken) {
			for i := range clients {
				since := d.now.Sub(start) - time.Duration(i%10)*time.Second
				w.Seen = append(w.Seen, document.Seen{Conn: document.ConnID(fmt.Sprint("c", i)), At: d.now.Add(-(since % (10 * time.Second)))})
			}
			return w
		}
		woken := func(minutes int) (times int) {
			for end := d.now.Add(time.Duration(minutes) * time.Minute); ; times++ {
				at, ok := d.doc.Deadline()
				if !ok || at.After(end) {
					d.now = end
					return times
				}
				d.now = at
				d.step(record())
			}
		}
		woken(1) // that they ping at all is found out first
		if got := woken(10); got > 10*most || clients > 1 && got < 10 {
			t.Errorf("%d clients: %d wake-ups in 10 minutes, want %d at most", clients, got, 10*most)
		}
		if len(d.closed) > 0 {
			t.Errorf("%d clients: closed %v", clients, d.closed)
		}
	}
}
