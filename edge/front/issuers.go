package front

import (
	"strconv"
	"strings"

	"github.com/holdfast-dev/holdfast/edge/access"
	"github.com/holdfast-dev/holdfast/shared/jsonscan"
	"github.com/holdfast-dev/holdfast/shared/protocol"
	"github.com/holdfast-dev/holdfast/shared/token"
)

// maxIssuers is how many issuers a deployment may trust. Each has a key set of its own, and all of
// them are in every isolate's memory.
const maxIssuers = 16

// readIssuers reads the variable ISSUERS, a list of issuers beside those that are known. It
// returns all of them, or what is wrong with the list: it may have been meant to keep somebody out, so
// nothing of a broken one is used. The message shows no value of it.
//
// The user of each issuer gets that issuer's user_prefix. Two issuers may name a user alike,
// and at one of them anybody may be able to choose the name.
func readIssuers(text []byte, known []Issuer) (all []Issuer, wrong string) {
	if text = []byte(strings.TrimSpace(string(text))); len(text) == 0 || text[0] != '[' || jsonscan.Check(text, 4) != nil {
		return nil, "it is not a JSON list of objects."
	}
	all = append(all, known...)
	n := 0
	for list := jsonscan.Elements(text); list.Next(); {
		n++
		one, wrong := readIssuer(list.Value(), all)
		if wrong != "" {
			return nil, "number " + strconv.Itoa(n) + " " + wrong
		}
		all = append(all, one)
	}
	switch {
	case n == 0:
		return nil, "it is an empty list."
	case len(all) > maxIssuers:
		return nil, "there are more than " + strconv.Itoa(maxIssuers) + " issuers."
	}
	for _, i := range known {
		if i.Verifier.Issuer == "" {
			return nil, "ISSUER has to be set beside it."
		}
	}
	for i := range all {
		for j := range all {
			if prefix := all[j].Verifier.Prefix; !strings.HasPrefix(all[i].Verifier.Prefix, prefix) {
				all[i].Verifier.Reserved = append(all[i].Verifier.Reserved, prefix)
			}
		}
	}
	return all, ""
}

// readIssuer reads one object of the list; others are the issuers before it.
func readIssuer(object []byte, others []Issuer) (one Issuer, wrong string) {
	v := &one.Verifier
	v.Subject = "sub"
	audience, same := "", ""
	seen := make(map[string]bool)
	o, isObject := jsonscan.Parse(object)
	for o.Next() {
		name := string(o.Key())
		text, usable := jsonscan.Str(o.Value())
		if !usable {
			var list []string
			list, usable = jsonscan.Strs(o.Value())
			text, usable = strings.Join(list, " "), usable && (name == "audience" || name == "algorithms")
		}
		if seen[name] {
			return one, "has a member twice."
		}
		seen[name] = true
		switch name {
		case "issuer":
			v.Issuer = text
		case "audience":
			audience = text
			v.Audience = access.ParseAudience(text)
		case "audience_claim":
			if v.AudienceClaim = text; text == "aud" {
				v.AudienceClaim = ""
			}
			usable = usable && token.AudienceClaim(text)
		case "subject_claim":
			v.Subject = text
			usable = usable && token.SubjectClaim(text)
		case "emails_verified":
			v.EmailsVerified, usable = jsonscan.Bool(o.Value())
		case "algorithms":
			unknown := false
			v.Algorithms, unknown = access.ParseAlgorithms(text)
			usable = usable && len(v.Algorithms) > 0 && !unknown
		case "jwks_url":
			one.KeySetURL = text
			usable = usable && token.Fetchable(text)
		case "user_prefix":
			v.Prefix = text
			usable = usable && (text == "" || len(text) <= maxPrefix && protocol.UserID(text))
		case "same_users_as":
			same = text
		default:
			return one, "has a member that is none of issuer, audience, audience_claim, subject_claim, emails_verified, algorithms, jwks_url, user_prefix, same_users_as."
		}
		if !usable {
			return one, "has an unusable " + name + "."
		}
	}
	switch {
	case !isObject:
		return one, "is no object."
	case v.Issuer == "":
		return one, "has no issuer."
	case one.KeySetURL == "" && !token.Discoverable(v.Issuer):
		return one, "has an issuer that is no https URL to ask for its keys, and no jwks_url."
	case len(v.Audience) == 0 && !strings.Contains(audience, access.AnyAudience):
		return one, `has no audience; "*" is anybody.`
	case same != "" && seen["user_prefix"]:
		return one, "has both user_prefix and same_users_as."
	}
	found := same == ""
	for _, other := range others {
		switch {
		case other.Verifier.Issuer == v.Issuer:
			return one, "has an issuer that is there already."
		case same != "" && other.Verifier.Issuer == same:
			v.Prefix, found = other.Verifier.Prefix, true
		case same == "" && other.Verifier.Prefix == v.Prefix:
			return one, "has the user_prefix of another issuer: their users would be the same. If they are, same_users_as has to name that issuer."
		}
	}
	if !found {
		return one, "has same_users_as, which names none of the issuers before it."
	}
	return one, ""
}

// maxPrefix leaves a subject room behind its issuer's prefix.
const maxPrefix = 64
