package admin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/edge/link"
	"github.com/holdfast-dev/holdfast/edge/link/linktest"
	"github.com/holdfast-dev/holdfast/shared/protocol"
)

const links = "/v1/admin/documents/d1/links"

// withGuests is a world with a link and its guests, all of whom have a token.
func withGuests(t *testing.T, n int) (w *world, store *linktest.Memory, id string) {
	w, store = newWorld(t), &linktest.Memory{}
	w.cfg.Links = store
	a := w.ask("POST", links, `{"role":"edit","uses":1000}`)
	id, _ = a.body["link_id"].(string)
	if a.status != 201 {
		t.Fatalf("HTTP %d %s", a.status, a.text)
	}
	for i := range n {
		store.Guested = append(store.Guested, linktest.Made{Link: id, Number: fmt.Sprintf("%016x", i), Until: start.Add(time.Minute)})
	}
	w.did, w.lines = nil, nil
	return w, store, id
}

// A link's text is said once, and never logged. What is stored is its hash.
func TestMakeLink(t *testing.T) {
	w, store, id := withGuests(t, 0)
	a := w.ask("POST", links, `{"role":"view","uses":3,"name":"Review","expires":"2026-11-22T00:00:00Z","reason":"for_the_review"}`)
	text, _ := a.body["link"].(string)
	if stored := store.Rows[1]; a.status != 201 || len(text) != 64 || strings.Contains(fmt.Sprint(store.Rows), text) || stored.Uses != 3 || stored.Operator != "olive" || stored.Maker != "" {
		t.Errorf("HTTP %d %s, stored %+v", a.status, a.text, stored)
	}
	if line := strings.Join(w.lines, ""); !strings.Contains(line, `"operation":"makeLink"`) || !strings.Contains(line, `"link_id":"`+fmt.Sprint(a.body["link_id"])) || strings.Contains(line, text) {
		t.Errorf("logged %s", line)
	}
	if first := store.Rows[0]; !first.ExpiresAt.Equal(start.Add(7*24*time.Hour)) || first.ID != id {
		t.Errorf("%+v", first)
	}
	w.cfg.LinkLimits = link.Limits{PerDocument: 2, PerMaker: 2}
	if a := w.ask("POST", links, `{"role":"view"}`); a.status != 429 || a.reason != "too_many_links" {
		t.Errorf("HTTP %d %s", a.status, a.text)
	}
	w.cfg.Links = nil
	if a := w.ask("POST", links, `{"role":"view"}`); a.status != 404 || a.reason != "no_guests" {
		t.Errorf("without a secret: HTTP %d %s", a.status, a.text)
	}
}

// One guest whose object is away does not keep the others connected, and a repeat asks that one alone.
func TestRevokeLink(t *testing.T) {
	w, store, id := withGuests(t, 40)
	away := "SESSIONS/" + protocol.GuestID(id, fmt.Sprintf("%016x", 33))
	w.down[away] = true
	a := w.ask("DELETE", links+"/"+id, `{"reason":"it_leaked"}`)
	if a.status != 503 || !strings.Contains(a.text, `"stored":true`) || len(w.did) != 40 {
		t.Errorf("HTTP %d %s, asked %d", a.status, a.text, len(w.did))
	}
	if store.Rows[0].RevokedAt.IsZero() || !strings.Contains(w.did[0], `"code":"TOKEN_REVOKED","reason":"it_leaked","by":"olive","all":true`) {
		t.Errorf("%+v %s", store.Rows[0], w.did[0])
	}
	w.down[away], w.did = false, nil
	a = w.ask("DELETE", links+"/"+id, ``)
	if a.status != 200 || len(w.did) != 8 || a.body["guests"] != 8.0 {
		t.Errorf("HTTP %d %s, asked %d", a.status, a.text, len(w.did))
	}
	w.did = nil
	if a = w.ask("DELETE", links+"/"+id, ``); a.status != 200 || len(w.did) != 0 {
		t.Errorf("HTTP %d %s, asked %d", a.status, a.text, len(w.did))
	}
}

// More guests than one call may ask for: it says so, and goes on where it stood.
func TestRevokeALargeLink(t *testing.T) {
	w, _, id := withGuests(t, maxDetached+40)
	w.answers["end"] = `{"receipt":{"user_id":"g","changed":[],"closed":[],"last_accepted":{},"took_ms":0}}`
	if a := w.ask("DELETE", links+"/"+id, ``); a.status != 503 || a.reason != "not_told" || len(w.did) != maxDetached {
		t.Errorf("HTTP %d %s, asked %d", a.status, a.reason, len(w.did))
	}
	w.did = nil
	if a := w.ask("DELETE", links+"/"+id, ``); a.status != 200 || len(w.did) != 40 {
		t.Errorf("HTTP %d %s, asked %d", a.status, a.text, len(w.did))
	}
}

// A maker who loses rights takes along what their links give: the guests' objects ask again.
func TestGuestsUnderAMaker(t *testing.T) {
	w, store, id := withGuests(t, 2)
	store.Rows[0].Maker, store.Rows[0].Operator = "ann", ""
	if a := w.ask("PUT", "/v1/admin/documents/d1/members/ann", `{"role":"view"}`); a.status != 200 {
		t.Fatalf("HTTP %d %s", a.status, a.text)
	}
	asked := strings.Join(w.did, "\n")
	for i := range 2 {
		if want := "SESSIONS/" + protocol.GuestID(id, fmt.Sprintf("%016x", i)) + ` {"kind":"access"`; !strings.Contains(asked, want) {
			t.Errorf("not asked again: %s\n%s", want, asked)
		}
	}
	store.Down = true
	if a := w.ask("PUT", "/v1/admin/documents/d1/members/ann", `{"role":"view"}`); a.status != 503 || !strings.Contains(a.text, `"stored":true`) {
		t.Errorf("HTTP %d %s", a.status, a.text)
	}
}

// Whoever erases a user has put out the guests of the user's links when the answer comes: of all of
// the links, and before the rows go by which the guests are known. A repeat asks whom it did not reach.
func TestGuestsOfAnErasedUser(t *testing.T) {
	w, store, id := withGuests(t, 40)
	store.Rows[0].Maker, store.Rows[0].Operator = "ann", ""
	store.Rows = append(store.Rows, link.Link{ID: "00000000000000aa", Document: "d2", Maker: "ann", CreatedAt: start, ExpiresAt: start.Add(time.Hour), Uses: 9, RevokedAt: start.Add(-time.Hour)},
		link.Link{ID: "00000000000000bb", Document: "d2", Maker: "bob", CreatedAt: start, ExpiresAt: start.Add(time.Hour), Uses: 9})
	for _, other := range []string{"00000000000000aa", "00000000000000bb"} { // of one that is revoked a guest was not reached
		store.Guested = append(store.Guested, linktest.Made{Link: other, Number: "0000000000000001", Until: start.Add(time.Minute)})
	}
	away := "SESSIONS/" + protocol.GuestID(id, fmt.Sprintf("%016x", 33))
	w.down[away] = true
	if a := w.ask("DELETE", "/v1/admin/users/ann", `{"reason":"by_request"}`); a.status != 503 || !a.stored || slices.Contains(w.did, "erase user ann") {
		t.Errorf("HTTP %d %s, did %q", a.status, a.text, w.did)
	}
	if store.Rows[0].RevokedAt.IsZero() || !store.Rows[2].RevokedAt.IsZero() {
		t.Errorf("links: %+v", store.Rows)
	}
	w.down = map[string]bool{}
	a := w.ask("DELETE", "/v1/admin/users/ann", `{"reason":"by_request"}`)
	if a.status != 200 || a.body["guests"] == 0.0 {
		t.Errorf("HTTP %d %s", a.status, a.text)
	}
	erased := slices.Index(w.did, "erase user ann")
	for _, g := range store.Guested {
		if g.Link == "00000000000000bb" {
			if g.Ended {
				t.Error("another user's guest is out")
			}
			continue
		}
		want := "SESSIONS/" + protocol.GuestID(g.Link, g.Number) + ` {"kind":"end"`
		at := slices.IndexFunc(w.did, func(did string) bool { return strings.HasPrefix(did, want) })
		if !g.Ended || at > erased {
			t.Errorf("%s/%s is not out, or after the rows: %v, %d of %d", g.Link, g.Number, g.Ended, at, erased)
		}
	}
	if strings.Contains(strings.Join(w.lines, ""), `"link_id"`) {
		t.Errorf("the call is said to be of a link: %s", w.lines)
	}
	store.Down = true
	if a := w.ask("DELETE", "/v1/admin/users/ann", ``); a.status != 503 || !a.stored {
		t.Errorf("HTTP %d %s", a.status, a.text)
	}
}

// A guest is put out by its user id: the row first, so that it gets no token between the two.
func TestRevokeGuest(t *testing.T) {
	w, store, id := withGuests(t, 2)
	path := "/v1/admin/users/" + protocol.GuestID(id, fmt.Sprintf("%016x", 1)) + "/revoke"
	if a := w.ask("POST", path, `{"all":true}`); a.status != 200 || !store.Guested[1].Ended || store.Guested[0].Ended {
		t.Errorf("HTTP %d %s %+v", a.status, a.text, store.Guested)
	}
	store.Down = true
	if a := w.ask("POST", path, `{"all":true}`); a.status != 503 || a.reason != "guest_not_ended" || !strings.Contains(a.text, `"receipt":{`) {
		t.Errorf("HTTP %d %s", a.status, a.text)
	}
	if a := w.ask("POST", "/v1/admin/users/guest:1:2/revoke", `{"all":true}`); a.status != 404 || a.reason != "guest_not_found" {
		t.Errorf("HTTP %d %s", a.status, a.text)
	}
}

// Who is erased takes along whom their links let in, before the rows go by which these are known: also
// where the database fails half-way.
func TestGuestsOfAnErasedMaker(t *testing.T) {
	for _, down := range []string{"", "EraseUser"} {
		w, store, id := withGuests(t, 2)
		store.Rows[0].Maker, store.Rows[0].Operator = "ann", ""
		w.down[down] = true
		a := w.ask("DELETE", "/v1/admin/users/ann", ``)
		asked := strings.Join(w.did, "\n")
		if (a.status == 200) != (down == "") || !strings.Contains(asked, "erase user ann") {
			t.Errorf("HTTP %d %s\n%s", a.status, a.text, asked)
		}
		for i := range 2 {
			want := "SESSIONS/" + protocol.GuestID(id, fmt.Sprintf("%016x", i)) + ` {"kind":"end"`
			if at := strings.Index(asked, want); at < 0 || at > strings.Index(asked, "erase user ann") {
				t.Errorf("%q down: not asked before that: %s\n%s", down, want, asked)
			}
		}
	}
}

// A manager who revokes a link is named in the operators' log, and in no guest's: there the name would
// outlive the user's erasure.
func TestAManagerRevokesALink(t *testing.T) {
	w, _, id := withGuests(t, 1)
	w.cfg.GuestLinks, w.cfg.Claims = true, asAnn(t).cfg.Claims
	w.answers["may"] = `{"grant":{"user_id":"ann","permissions":["read","write","comment","moderate","admin"]}}`
	a := w.ask("DELETE", "/v1/documents/d1/links/"+id, ``, "Authorization", "")
	if a.status != 200 || a.body["guests"] != 1.0 {
		t.Fatalf("HTTP %d %s", a.status, a.text)
	}
	if ended := w.did[len(w.did)-1]; !strings.Contains(ended, `"by":"a manager"`) || strings.Contains(ended, "ann") {
		t.Errorf("the guest's object is told %s", ended)
	}
	if line := strings.Join(w.lines, ""); !strings.Contains(line, `"operation":"revokeOwnLink","by":"the user","document":"d1","user_id":"ann"`) {
		t.Errorf("logged %s", line)
	}
}

// With a deleted account go the roles by which its user's links gave something: their guests ask anew.
func TestGuestsOfADeletedAccount(t *testing.T) {
	w, store, id := withGuests(t, 1)
	account := w.made("ann@example.com")
	store.Rows[0].Maker, store.Rows[0].Operator = account, ""
	guest := "SESSIONS/" + protocol.GuestID(id, fmt.Sprintf("%016x", 0))
	w.down[guest] = true
	if a := w.ask("DELETE", accounts+"/"+account, ``); a.status != 503 || !a.stored || w.accounts.Find(account) == nil {
		t.Errorf("without an answer of the guest's object: HTTP %d %s", a.status, a.text)
	}
	w.down[guest] = false
	a := w.ask("DELETE", accounts+"/"+account, ``)
	if asked := strings.Join(w.did, "\n"); a.status != 200 || !strings.Contains(asked, guest+` {"kind":"access"`) {
		t.Errorf("HTTP %d %s\n%s", a.status, a.text, asked)
	}
}
