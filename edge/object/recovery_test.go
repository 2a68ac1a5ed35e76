package object

import "testing"

// What the platform says of a recovery is what the operator hears.
func TestARecoveryIsThePlatforms(t *testing.T) {
	for said, want := range map[string]string{
		`{"bookmark":"b1","undo":"b2"}`: `respond 9 200 {"recovery":{"bookmark":"b1","undo":"b2"}}`,
		`{"reason":"unsupported"}`:      `respond 9 200 {"error":{"error_code":"NOT_FOUND"`,
		`{"reason":"no_such_point"}`:    `"reason":"no_such_point"`,
		`oops`:                          `"reason":"storage_unavailable"`,
	} {
		r := newRoom(t)
		r.connect("ann", "")
		r.op("ann", "m1")
		expect(t, r.enter(Input{Kind: Request, Ask: 9, Text: []byte(`{"kind":"recover","at":1736240000000}`)}), `recover 1 2025-01-07T08:53:20Z ""`)
		expect(t, r.enter(Input{Kind: Answered, Ask: 1, Text: []byte(said)}), want)
	}
	r := newRoom(t)
	expect(t, r.enter(Input{Kind: Request, Ask: 9, Text: []byte(`{"kind":"recover","bookmark":"b2"}`)}), `recover 1 0001-01-01T00:00:00Z "b2"`)
	expect(t, r.enter(Input{Kind: Failed, Ask: 1}), `"reason":"storage_unavailable"`)
	expect(t, r.enter(Input{Kind: Request, Ask: 9, Text: []byte(`{"kind":"recover"}`)}), `respond 9 400`)
}
