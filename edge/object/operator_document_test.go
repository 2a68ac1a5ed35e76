package object

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func (r *room) request(text string) []string {
	r.t.Helper()
	return without(r.enter(Input{Kind: Request, Ask: 9, Text: []byte(text)}), "alarm")
}

// An operator locks a document: it holds at once, for everybody, through an eviction, and
// a word of the permission source that is older changes nothing.
func TestAnOperatorLocksADocument(t *testing.T) {
	for _, reboot := range []bool{false, true} {
		r := newRoom(t)
		r.reboot = reboot
		r.connect("ann", "")
		r.connect("bob", "")
		expect(t, without(r.op("ann", "m1"), "alarm"), "operation_ack", `"event":"op"`)
		admitted := r.now
		r.now = r.now.Add(time.Second)
		expect(t, r.request(`{"kind":"lock","locked":true,"reason":"audit","by":"olive","retry_after_ms":30000}`),
			`send 2 {"type":"operation","event":"locks","data":{"locked":true,"sections":[]}}`,
			`respond 9 200 {"ok":true,"locked":true,"document_version":1}`)
		expect(t, without(r.op("ann", "m2"), "alarm"), `"DOCUMENT_LOCKED"`)
		expect(t, without(r.op("ann", "m2"), "alarm"), `"retry_after":30000`)
		// An admission from before the lock, which says it is not locked, comes late.
		now := r.now
		r.now = admitted
		text := r.admission("cat", "")
		r.now = now
		left := r.enter(Input{Kind: Connect, Ask: 7, Text: []byte(text)})
		if all := strings.Join(left, "\n"); !strings.Contains(all, `"locked":true`) {
			t.Errorf("cat received\n%s", all)
		}
		expect(t, r.request(`{"kind":"describe"}`), fmt.Sprintf(`respond 9 200 {"document":{"document_version":1,"generation":"12131415161718191a1b1c1d1e1f2021","snapshot_version":0,"locked":true,"log_full":false,"log_bytes":85,"kept_from":0,"open_comments":0,`+
			`"members":[{"user_id":"ann","client_id":"c-ann","state":"active","permissions":["read","write"],"perm_epoch":1,"connected_at":"%s","expires_at":"%s"},`,
			admitted.Format(time.RFC3339), admitted.Add(15*time.Minute).Format(time.RFC3339)))
		r.now = r.now.Add(time.Second)
		expect(t, r.request(`{"kind":"lock","locked":false,"reason":"done","by":"olive"}`), `"locked":false`, `respond 9 200 {"ok":true,"locked":false`)
		expect(t, without(r.op("ann", "m2"), "alarm"), "operation_ack", `"event":"op"`)
	}
}

// The audit log answers for one user, with what concerns the document, and is bounded.
func TestTheAuditLog(t *testing.T) {
	r := newRoom(t)
	r.reboot = true
	r.env["AUDIT_ENTRIES"] = "20"
	r.connect("ann", "")
	r.connect("bob", "")
	r.now = r.now.Add(time.Minute)
	r.enter(Input{Kind: Closed, Conn: r.conns["ann"], Code: 1006})
	delete(r.sockets, r.conns["ann"])
	r.request(`{"kind":"lock","locked":true,"reason":"audit","by":"olive"}`)
	r.now = r.now.Add(time.Second)
	left := r.request(`{"kind":"audit","user_id":"ann"}`)
	for _, want := range []string{
		`"event":"connected","user_id":"ann","document":"welcome","client_id":"c-ann","detail":"new"`,
		`"event":"lost","user_id":"ann","document":"welcome","client_id":"c-ann","detail":"1006"`,
		`"event":"locked","document":"welcome","reason":"audit","by":"olive"`,
	} {
		if len(left) != 1 || strings.Count(left[0], want) != 1 || strings.Contains(left[0], "bob") {
			t.Errorf("no %s in\n%s", want, strings.Join(left, "\n"))
		}
	}
	expect(t, r.request(fmt.Sprintf(`{"kind":"audit","user_id":"ann","from":%d}`, r.now.UnixMilli())), `respond 9 200 {"audit":[]}`)
	expect(t, r.request(`{"kind":"audit","user_id":"ann","limit":1}`), `{"audit":[{"at":`)
	for range 200 {
		r.connect("bob", "")
	}
	if n := len(r.tables["audit"]); n < 20 || n > 20+4*trimEvery {
		t.Errorf("%d lines are kept", n)
	}
	expect(t, r.request(`{"kind":"nonsense"}`), `"details":{"reason":"unsupported","retry_after":5000}`)
	expect(t, r.request(`[]`), `respond 9 400 {"ok":false}`)
}

// A client is only taken for one that repeats itself within its newest entries, whether
// those are in the log still or were trimmed.
//
// Holds: "an op is acknowledged once it is stored; a repeat gets the same acknowledgement".
func TestReceiptsOutliveTheLog(t *testing.T) {
	r := newRoom(t)
	r.reboot = true
	r.env["KEEP_OPS"], r.env["MAX_UNACKNOWLEDGED"], r.env["MAX_REPLACED_BYTES"] = "2", "8", "1"
	r.connect("ann", "")
	for i := 1; i <= 6; i++ {
		r.op("ann", fmt.Sprint("m", i))
	}
	expect(t, without(r.says("ann", `{"type":"operation","event":"snapshot","message_id":"s","data":{"document_version":6,"part":0,"parts":1,"data":{"text":"all"}}}`), "alarm"),
		`"event":"snapshot_ack","data":{"document_version":6,"part":0,"complete":true,"generation":`)
	if n := len(r.sorted("ops")); n != 2 {
		t.Fatalf("%d entries are left", n)
	}
	for i := 1; i <= 6; i++ {
		expect(t, without(r.op("ann", fmt.Sprint("m", i)), "alarm"), fmt.Sprintf(`"document_version":%d`, i))
	}
	for i := 7; i <= 10; i++ { // four more: the newest eight are m3 to m10
		r.op("ann", fmt.Sprint("m", i))
	}
	expect(t, without(r.op("ann", "m3"), "alarm"), `"document_version":3`)
	expect(t, without(r.op("ann", "m2"), "alarm"), `"document_version":11`) // as far as anybody knows a new one
}
