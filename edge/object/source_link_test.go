package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

const aGuest = "guest:0123456789abcdef:fedcba9876543210"

func guestAdmit(document string) Input {
	return Input{Kind: Request, Ask: 5, Text: fmt.Appendf(nil,
		`{"kind":"admit","document":%q,"client_id":"c","claims":{"user_id":%q,"name":"Ann","iat":1736243000,"exp":1736246400}}`, document, aGuest)}
}

// A guest's permission source is the link's row, whatever source the deployment has for users.
func TestAGuestsSourceIsTheLink(t *testing.T) {
	for _, elsewhere := range []bool{false, true} {
		f := newFake(t, aGuest, NewUser)
		if elsewhere {
			f.env["PERMISSIONS_URL"] = shield
		}
		expect(t, without(f.enter(guestAdmit("d1")), "alarm"), "database 1 DB 0123456789abcdef d1 fedcba9876543210 1736244000000")
		row := `[["comment","","ws",1,"restricted","",""]]`
		if elsewhere {
			row = `[["comment","","",0,"","",""]]`
		}
		left := without(f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(row)}), "alarm")
		if len(left) == 0 || !strings.HasPrefix(left[0], `respond 5 200 {"grant":{"user_id":"`+aGuest+`"`) || !strings.Contains(left[0], `"permissions":["read","comment"]`) || !strings.Contains(left[0], `"share":250`) || strings.Contains(left[0], `"locked":true`) == elsewhere {
			t.Errorf("elsewhere %v: %v", elsewhere, left)
		}
	}
}

// What the row says decides; whatever is no row lets nobody in.
func TestLinkRows(t *testing.T) {
	const no, none, away = `{"error":{"error_code":"INSUFFICIENT_PERMISSIONS"`, `{"error":{"error_code":"DOCUMENT_NOT_FOUND"`, `{"error":{"error_code":"SERVICE_UNAVAILABLE"`
	for _, c := range []struct{ name, rows, want string }{
		{"none: it counts no more", `[]`, no},
		{"there is no such document", `[["edit","","",0,"","",""]]`, none},
		{"the maker may manage the document", `[["edit","ann","ws",0,"workspace","admin",""]]`, `{"grant":{`},
		{"by a grant", `[["edit","ann","ws",0,"restricted","","full_access"]]`, `{"grant":{`},
		{"the maker may write alone", `[["view","ann","ws",0,"workspace","member",""]]`, no},
		{"the maker was given less", `[["view","ann","ws",0,"workspace","owner","edit"]]`, no},
		{"the document is restricted, to the maker too", `[["view","ann","ws",0,"restricted","owner",""]]`, no},
		{"the maker is nobody any more", `[["view","ann","ws",0,"workspace","",""]]`, no},
		{"a role that nobody knows", `[["emperor","","ws",0,"workspace","",""]]`, no},
		{"too few columns", `[["edit","","ws",0]]`, away},
		{"no rows", `{}`, away},
		{"no JSON", `[[`, away},
	} {
		f := newFake(t, aGuest, NewUser)
		f.enter(guestAdmit("d1"))
		left := without(f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(c.rows)}), "alarm")
		if len(left) == 0 || !strings.HasPrefix(left[0], "respond 5 200 "+c.want) {
			t.Errorf("%s: %v", c.name, left)
		}
	}
	f := newFake(t, aGuest, NewUser)
	f.enter(guestAdmit("d1"))
	expect(t, without(f.enter(Input{Kind: Failed, Ask: 1}), "alarm"), "respond 5 200 "+away)
}

// Where permissions come from a service, it is asked about the link's maker, never about the guest.
func TestAGuestsLinkIsWorthItsMakersRights(t *testing.T) {
	for body, want := range map[string]string{
		`{"workspace_id":"ws","document_role":"full_access","locked":true}`: `"permissions":["read","write","comment"],"epoch":1,"locked":true`,
		`{"workspace_id":"ws","document_role":"edit"}`:                      "INSUFFICIENT_PERMISSIONS",
		`{"workspace_id":"ws"}`:                                             "INSUFFICIENT_PERMISSIONS",
		`{}`:                                                                "SERVICE_UNAVAILABLE",
	} {
		f := newFake(t, aGuest, NewUser)
		f.env["PERMISSIONS_URL"] = shield
		f.enter(guestAdmit("d1"))
		expect(t, without(f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(`[["edit","ann","",0,"","",""]]`)}), "alarm"),
			`fetch 2 `+shield+` 2s "" 65536 {"user_id":"ann","document":"d1"}`)
		in := sourceSays(200, body)
		in.Ask = 2
		left := without(f.enter(in), "alarm")
		if len(left) == 0 || !strings.Contains(left[0], want) {
			t.Errorf("%s: %v", body, left)
		}
	}
}

// A link's other role reaches the open connection, and so does its end.
func TestAGuestsLinkChanges(t *testing.T) {
	f := newFake(t, aGuest, NewUser)
	f.enter(guestAdmit("d1"))
	f.enter(Input{Kind: Answered, Ask: 1, Text: []byte(`[["edit","","ws",0,"workspace","",""]]`)})
	expect(t, f.asks(9, `{"kind":"access","document":"d1","reason":"link_role_changed","by":"olive"}`), "database 2 DB 0123456789abcdef d1")
	left := without(f.enter(Input{Kind: Answered, Ask: 2, Text: []byte(`[["view","","ws",0,"workspace","",""]]`)}), "alarm")
	if len(left) == 0 || !strings.Contains(strings.Join(left, "\n"), `"permissions":["read"],"epoch":2`) {
		t.Errorf("%v", left)
	}
	f.now = f.now.Add(time.Second)
}
