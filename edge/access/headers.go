package access

import "github.com/holdfast-dev/holdfast/shared/protocol"

// Headers are those of a request that the HTTP routes read, in lower case. They are given no other: a
// browser sends three times as many, and each costs the module that reads them.
var Headers = [...]string{
	"authorization", "content-type", "cookie", "if-match", "if-none-match", "origin", "user-agent",
	AddressHeader, protocol.SignatureHeader,
}
