package channel

import "time"

// maxPause is the longest pause between two tellings.
const maxPause = time.Minute

// TellPause is how long one object waits, after the given try, before it tells the
// other the same again: 1 s, 2 s, 4 s … 60 s.
func TellPause(try int) time.Duration {
	if try > 6 || try < 1 {
		return maxPause
	}
	return min(maxPause, time.Second<<(try-1))
}
