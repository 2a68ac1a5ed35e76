package protocol_test

import (
	"testing"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

func TestGuest(t *testing.T) {
	id := protocol.GuestID("0123456789abcdef", "00000000000000ff")
	link, number, ok := protocol.Guest(id)
	if !ok || link != "0123456789abcdef" || number != "00000000000000ff" || !protocol.UserID(id) || !protocol.IsGuest(id) {
		t.Error(id, link, number, ok)
	}
	for _, s := range []string{"", "guest:", "guest:x:y", "usr_guest:0123456789abcdef:00000000000000ff", "guest:0123456789abcdef", id + "0", id[:len(id)-1] + "F", "guest:0123456789abcdef:00000000000000ff:1"} {
		if _, _, ok := protocol.Guest(s); ok {
			t.Errorf("%q is a guest", s)
		}
	}
}
