package access

import (
	"crypto/sha256"
	"crypto/subtle"
	"strings"

	"github.com/holdfast-dev/holdfast/shared/protocol"
)

// Operators are those who may ask the admin API. Of their tokens only the hashes
// are kept.
type Operators []operator

type operator struct {
	name string
	hash [sha256.Size]byte
}

// nameBytes is the longest name of an operator: it stands in audit entries.
const nameBytes = 64

// ParseOperators reads the variable ADMIN_TOKEN: entries separated by spaces or
// commas, each name:token, or a token alone for the operator "admin". One name may
// stand twice, so that a token can be replaced without a gap. An entry with no
// token or an unusable name is nobody's.
func ParseOperators(list string) Operators {
	var found Operators
	for _, entry := range fields(list) {
		name, token, named := strings.Cut(entry, ":")
		if !named {
			name, token = "admin", entry
		}
		if token != "" && protocol.Identifier(name, nameBytes) {
			found = append(found, operator{name, sha256.Sum256([]byte(token))})
		}
	}
	return found
}

func fields(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ' ' || r == ',' })
}

// Find returns whose token an Authorization header holds, "" for nobody's. It takes
// as long for a token that is nearly right as for any other: hashes are compared,
// every one of them, each to its end.
func (o Operators) Find(authorization string) string {
	scheme, token, _ := strings.Cut(strings.TrimSpace(authorization), " ")
	hash := sha256.Sum256([]byte(strings.TrimSpace(token)))
	name := ""
	for _, one := range o {
		if subtle.ConstantTimeCompare(one.hash[:], hash[:]) == 1 {
			name = one.name
		}
	}
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return name
}

// NotAnOperator is the one answer to a token that is missing, wrong or spelt wrong.
func NotAnOperator() *protocol.Error {
	return &protocol.Error{Code: protocol.AuthenticationFailed, Reason: "not_an_operator", Message: "This needs an operator's token."}
}

// VisitorClaims is the name under which the front Worker gives the handler the claims of the user who
// asks (call.Claims), beside the variables. No variable can have it.
const VisitorClaims = "visitor:claims"
