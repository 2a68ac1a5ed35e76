package openapi

import (
	"net/http"
	"testing"
)

const description = `{"openapi":"3.1.0","paths":{"/a/{id}":{"parameters":[{"name":"id","in":"path","required":true}],
 "post":{"operationId":"makeA","security":[],"requestBody":{"required":true,"content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}},
 "responses":{"200":{"$ref":"#/components/responses/Fine"},"204":{"description":"x","headers":{"Retry-After":{"required":true,"schema":{"type":"integer","minimum":1}},"X-A":{"schema":{"type":"string","pattern":"^a"}}}}}},"get":{"responses":{"200":{"content":{"application/json":{"schema":{"novelty":1}}}}}}},"/b/{id}":{"get":{}}},
 "components":{"responses":{"Fine":{"content":{"application/json":{"schema":{"anyOf":[{"$ref":"#/components/schemas/A"},{"type":"array","items":{"type":"integer","minimum":1},"minItems":1}]}}}}},
 "schemas":{"A":{"type":"object","required":["n"],"additionalProperties":false,"properties":{"n":{"type":["string","null"],"pattern":"^x","maxLength":3},"t":{"type":"string","format":"date-time"},"k":{"enum":["a",true]}}},"Other":{"type":"object","additionalProperties":{"type":"boolean"}}}}}`

// A check that lets everything through proves nothing.
func TestWhatIsRefused(t *testing.T) {
	d, err := Parse([]byte(description))
	if err != nil {
		t.Fatal(err)
	}
	all := d.Operations()
	if len(all) != 3 || all[1].ID != "makeA" || all[1].Method != "POST" || !all[1].Public() || all[0].Public() {
		t.Fatalf("%+v", all)
	}
	if names, described := all[1].PathParameters(); len(names) != 1 || !described {
		t.Error(names, described)
	}
	if _, described := all[2].PathParameters(); described {
		t.Error("a parameter that is not described")
	}
	for body, good := range map[string]bool{
		`{"n":"xy"}`: true, `{"n":null,"k":true,"t":"2026-11-21T14:00:00Z"}`: true, `[1,2]`: true,
		`{}`: false, `{"n":"y"}`: false, `{"n":"xyz?"}`: false, `{"n":1}`: false, `{"n":"x","more":1}`: false, `{"n":"x","t":"noon"}`: false,
		`{"n":"x","k":"b"}`: false, `[]`: false, `[0]`: false, `[1.5]`: false, `["1"]`: false, `7`: false, `{`: false,
	} {
		if err := all[1].CheckAnswer(200, []byte(body)); (err == nil) != good {
			t.Errorf("%s: %v", body, err)
		}
	}
	for what, err := range map[string]error{
		"a status that is not there":     all[1].CheckAnswer(201, []byte(`{"n":"x"}`)),
		"a status without a schema":      all[1].CheckAnswer(204, []byte(`{}`)),
		"a header that is missing":       all[1].CheckHeader(204, http.Header{}),
		"a header of another type":       all[1].CheckHeader(204, http.Header{"Retry-After": {"soon"}}),
		"a number that is too small":     all[1].CheckHeader(204, http.Header{"Retry-After": {"0"}}),
		"the second of two values":       all[1].CheckHeader(204, http.Header{"Retry-After": {"1"}, "X-A": {"a", "b"}}),
		"a cookie nobody described":      all[1].CheckHeader(204, http.Header{"Retry-After": {"1"}, "Set-Cookie": {"a=b"}}),
		"a keyword nobody knows":         all[0].CheckAnswer(200, []byte(`{}`)),
		"a body that is missing":         all[1].CheckRequest(nil),
		"a body where none is":           all[0].CheckRequest([]byte(`{}`)),
		"a body that is wrong":           all[1].CheckRequest([]byte(`{"n":2}`)),
		"a member of the wrong type":     d.check(map[string]any{"$ref": "#/components/schemas/Other"}, map[string]any{"x": 1.0}),
		"a reference that leads nowhere": d.check(map[string]any{"$ref": "#/components/schemas/Gone"}, 1.0),
	} {
		if err == nil {
			t.Errorf("%s was let through", what)
		}
	}
	if err := all[1].CheckAnswer(204, nil); err != nil {
		t.Error(err)
	}
	if err := all[1].CheckHeader(204, http.Header{"Retry-After": {"1"}, "X-A": {"ab"}, "Other": {"x"}}); err != nil {
		t.Error(err)
	}
	if err := all[1].CheckHeader(200, http.Header{}); err != nil {
		t.Error(err)
	}
	if _, err := Parse([]byte(`{"openapi":"3.1.0","components":{"schemas":{"A":{"properties":{"n":{"novelty":1}}}}}}`)); err == nil {
		t.Error("a keyword nobody knows was taken among the components")
	}
	if _, err := Parse([]byte(`{"openapi":"3.0.1"}`)); err == nil {
		t.Error("another version was taken")
	}
}
