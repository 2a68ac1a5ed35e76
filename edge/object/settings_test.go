package object

import "testing"

// A frame may not be larger than what the platform stores as one row, whatever the variable
// says: an op of that size could be accepted and never stored.
func TestFrameBytesFitARow(t *testing.T) {
	for said, want := range map[string]int{"": 65_536, "131072": 131_072, "1048576": 1_048_576, "4000000": 1_048_576} {
		r := newRoom(t)
		r.env["MAX_FRAME_BYTES"] = said
		r.connect("ann", "")
		if n := r.object.LongestText(); n != want {
			t.Errorf("MAX_FRAME_BYTES=%q: frames of %d bytes, want %d", said, n, want)
		}
	}
}
