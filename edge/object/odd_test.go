package object

import (
	"strings"
	"testing"
)

// Whatever another part of the deployment sends, of a version that is newer or of none, is
// answered or leads to a question: a request without an answer holds its caller, and a panic
// would take the object with all its connections.
func TestOddRequestsAreAnswered(t *testing.T) {
	words := []string{
		"admit", "gone", "access", "end", "post", "app_key", "describe", "audit", "grant", "lock", "erase", "snapshots", "restore", "resolve",
		"connect_device", "connect_app", "connect_document", "novelty", "",
	}
	members := []string{
		``, `,"v":3`, `,"v":"2"`, `,"v":-1`, `,"v":18446744073709551616`, `,"kind":7`, `,"kind":"novelty"`,
		`,"grant":{},"claims":{}`, `,"grant":7,"claims":"x","user_id":[],"document":{}`, `,"grant":{"user_id":"ann","session_id":"s","permissions":[7]}`,
		`,"claims":{"user_id":"ann","exp":9223372036854775807,"iat":-9223372036854775808},"document":"d1","client_id":"c"`,
		`,"claims":{"user_id":"ann","exp":1e300},"document":"d1","client_id":"c"`,
		`,"user_id":"ann","fence":18446744073709551615,"kick":18446744073709551615,"before_ms":-1,"tokens":[1]`,
		`,"version":18446744073709551615,"snapshot":18446744073709551615,"limit":18446744073709551615,"before":0`,
		`,"retry_after_ms":18446744073709551615,"locked":true,"held":true`, `,"all":true,"reason":"x","by":"y"`, `,"before":9223372036854775807`,
		`,"from":-1,"to":9223372036854775807,"limit":-1,"document":"d1"`, `,"data":null`, `,"data":` + strings.Repeat("[", 90) + strings.Repeat("]", 90),
		`,"app":{},"protocol":7`, `,"package":"com.example.a","key_id":"","session_id":"x"`, `,"\ud800":"\ud800"`,
	}
	var texts []string
	for _, word := range words {
		for _, m := range members {
			texts = append(texts, `{"kind":"`+word+`"`+m+`}`, `{"kind":"`+word+`"`+m)
		}
	}
	texts = append(texts, "", "{", "{}", "[]", "null", `"`, "\x00", `{"kind":"admit"}x`, `{"kind":"post","data":"`+strings.Repeat("a", 3<<20)+`"}`, strings.Repeat("[", 1<<20))
	for _, reboot := range []bool{false, true} {
		for _, kind := range []Kind{Request, Connect} {
			document, user := newFake(t, "d1", NewDocument), newFake(t, "ann", NewUser)
			for i, text := range texts {
				for name, f := range map[string]*fake{"document": document, "user": user} {
					f.reboot = reboot
					out := f.enter(Input{Kind: kind, Ask: uint32(i + 1), Text: []byte(text)})
					if len(out) == 0 && (kind == Request || !strings.Contains(text, "claims")) {
						t.Fatalf("%s says nothing to %.200q", name, text)
					}
				}
			}
		}
	}
}
