package protocol

import "strings"

// GuestPrefix begins the user id of every guest, and of nobody else: guest:<link>:<number>, each
// of the two 16 hexadecimal digits. No issuer's user may be called so.
const GuestPrefix = "guest:"

// guestDigits is the length of a link's id, and of the number of a guest of it.
const guestDigits = 16

// IsGuest reports whether a user id is, or would pass for, a guest's.
func IsGuest(userID string) bool { return strings.HasPrefix(userID, GuestPrefix) }

// GuestID returns the user id of a link's guest.
func GuestID(link, number string) string { return GuestPrefix + link + ":" + number }

// Guest returns the link that a guest's user id names, and the guest's number; false for any
// other text.
func Guest(userID string) (link, number string, ok bool) {
	rest, guest := strings.CutPrefix(userID, GuestPrefix)
	link, number, _ = strings.Cut(rest, ":")
	if !guest || !LinkID(link) || !LinkID(number) {
		return "", "", false
	}
	return link, number, true
}

// LinkID reports whether s can be the id of a link, or a guest's number: 16 hexadecimal digits.
func LinkID(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == guestDigits
}
