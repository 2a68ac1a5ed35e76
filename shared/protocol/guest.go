package protocol

import "strings"

// GuestPrefix begins the user id of every guest, and of nobody else: guest:<link>:<number>, each
// of the two 16 hexadecimal digits. No issuer's user may be called so.
const GuestPrefix = "guest:"

// IsGuest reports whether a user id is, or would pass for, a guest's.
func IsGuest(userID string) bool { return strings.HasPrefix(userID, GuestPrefix) }

// GuestID returns the user id of a link's guest.
func GuestID(link, number string) string { return GuestPrefix + link + ":" + number }

// Guest returns the link that a guest's user id names, and the guest's number; false for any
// other text.
func Guest(userID string) (link, number string, ok bool) {
	rest, guest := strings.CutPrefix(userID, GuestPrefix)
	link, number, _ = strings.Cut(rest, ":")
	if !guest || !HexID(link) || !HexID(number) {
		return "", "", false
	}
	return link, number, true
}
