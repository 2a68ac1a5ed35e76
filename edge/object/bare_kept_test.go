package object

import "testing"

// An operator who asks what is kept of a document without content makes no tables, and
// there is nothing to restore or resolve.
func TestNothingIsKeptOfABareDocument(t *testing.T) {
	r := newRoom(t)
	expect(t, r.request(`{"kind":"snapshots"}`), `respond 9 200 {"snapshots":{"document_version":0,"snapshot_version":0,"kept_from":0,"snapshots":[],"more":false}}`)
	expect(t, r.request(`{"kind":"restore","version":1,"by":"olive"}`), `{"error":{"error_code":"NOT_FOUND"`)
	expect(t, r.request(`{"kind":"resolve","user_id":"eve","by":"olive"}`), `{"resolved":{"comments":0,"more":false,"document_version":0}}`)
}
