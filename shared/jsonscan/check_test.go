package jsonscan_test

import (
	"strings"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// texts are JSON and nearly JSON, with Check's result for each at depth 16. FuzzCheck starts
// from them, too.
var texts = []struct {
	in   string
	want error
}{
	{`0`, nil},
	{`-0`, nil},
	{`-12.50e+03`, nil},
	{`1E5`, nil},
	{` true `, nil},
	{"\t\r\n null\n", nil},
	{`false`, nil},
	{`""`, nil},
	{`"é€😀 \u00e9\"\\\/\b\f\n\r\t"`, nil},
	{`"\ud83d\ude00"`, nil},
	{`"\ud800"`, nil}, // a lone surrogate is JSON; Str puts U+FFFD
	{`"\ud800\u0041"`, nil},
	{"\"\u2028\x7f\"", nil},
	{`{}`, nil},
	{`[ ]`, nil},
	{` { "a" : [ 1 , { "b" : null } , "]}" ] , "a" : { } } `, nil},
	{strings.Repeat("[", 16) + strings.Repeat("]", 16), nil},
	{`[` + strings.Repeat("[],", 99) + `{}]`, nil},

	{``, jsonscan.ErrSyntax},
	{`  `, jsonscan.ErrSyntax},
	{"\ufeff{}", jsonscan.ErrSyntax}, // no byte order mark
	{`{} {}`, jsonscan.ErrSyntax},
	{`{}}`, jsonscan.ErrSyntax},
	{`[1}`, jsonscan.ErrSyntax},
	{`{"a":1]`, jsonscan.ErrSyntax},
	{`[[1]}`, jsonscan.ErrSyntax},
	{`[1,]`, jsonscan.ErrSyntax},
	{`[,1]`, jsonscan.ErrSyntax},
	{`[1 2]`, jsonscan.ErrSyntax},
	{`[1`, jsonscan.ErrSyntax},
	{`[1,`, jsonscan.ErrSyntax},
	{`{"a":1,}`, jsonscan.ErrSyntax},
	{`{,"a":1}`, jsonscan.ErrSyntax},
	{`{"a" 1}`, jsonscan.ErrSyntax},
	{`{"a":}`, jsonscan.ErrSyntax},
	{`{"a":1`, jsonscan.ErrSyntax},
	{`{"a"`, jsonscan.ErrSyntax},
	{`{"a`, jsonscan.ErrSyntax},
	{`{"`, jsonscan.ErrSyntax},
	{`{`, jsonscan.ErrSyntax},
	{`{a:1}`, jsonscan.ErrSyntax},
	{`{1:1}`, jsonscan.ErrSyntax},
	{`{'a':1}`, jsonscan.ErrSyntax},
	{`[1,//x
	2]`, jsonscan.ErrSyntax},
	{`01`, jsonscan.ErrSyntax},
	{`-01`, jsonscan.ErrSyntax},
	{`-`, jsonscan.ErrSyntax},
	{`+1`, jsonscan.ErrSyntax},
	{`.5`, jsonscan.ErrSyntax},
	{`1.`, jsonscan.ErrSyntax},
	{`1.e5`, jsonscan.ErrSyntax},
	{`1e`, jsonscan.ErrSyntax},
	{`1e+`, jsonscan.ErrSyntax},
	{`0x1`, jsonscan.ErrSyntax},
	{`NaN`, jsonscan.ErrSyntax},
	{`nul`, jsonscan.ErrSyntax},
	{`nulll`, jsonscan.ErrSyntax},
	{`True`, jsonscan.ErrSyntax},
	{`"`, jsonscan.ErrSyntax},
	{`"abc`, jsonscan.ErrSyntax},
	{`"\`, jsonscan.ErrSyntax},
	{`"\"`, jsonscan.ErrSyntax},
	{`"\x41"`, jsonscan.ErrSyntax},
	{`"\u12"`, jsonscan.ErrSyntax},
	{`"\u12g4"`, jsonscan.ErrSyntax},
	{"\"a\nb\"", jsonscan.ErrSyntax},
	{"\"a\x00b\"", jsonscan.ErrSyntax},
	{"\x00", jsonscan.ErrSyntax},
	{"\u00a01", jsonscan.ErrSyntax}, // not JSON's white space
	{"[1,\xff]", jsonscan.ErrSyntax},

	{"\"\xff\"", jsonscan.ErrUTF8},
	{"{\"\xc3\":1}", jsonscan.ErrUTF8},
	{"\"\xed\xa0\x80\"", jsonscan.ErrUTF8}, // a surrogate in raw UTF-8
	{"\"\xc0\xaf\"", jsonscan.ErrUTF8},     // an overlong slash
	{"\"\xf4\x90\x80\x80\"", jsonscan.ErrUTF8},

	{strings.Repeat("[", 17) + strings.Repeat("]", 17), jsonscan.ErrDepth},
	{strings.Repeat(`{"a":`, 16) + `[]` + strings.Repeat("}", 16), jsonscan.ErrDepth},
	{strings.Repeat("[", 1e6), jsonscan.ErrDepth},
}

func TestCheck(t *testing.T) {
	for _, c := range texts {
		if got := jsonscan.Check([]byte(c.in), 16); got != c.want {
			t.Errorf("Check(%.60q) = %v, want %v", c.in, got, c.want)
		}
	}
}

func TestCheckDepth(t *testing.T) {
	for depth := range jsonscan.DepthLimit + 3 {
		arrays := []byte(strings.Repeat("[", depth) + strings.Repeat("]", depth))
		objects := []byte(strings.Repeat(`{"":`, depth) + "1" + strings.Repeat("}", depth))
		if depth == 0 {
			arrays = []byte("1")
		}
		for _, text := range [][]byte{arrays, objects} {
			if err := jsonscan.Check(text, depth); (err == nil) != (depth <= jsonscan.DepthLimit) {
				t.Errorf("depth %d, limit %d: %v", depth, depth, err)
			}
			if err := jsonscan.Check(text, depth-1); depth > 0 && err != jsonscan.ErrDepth {
				t.Errorf("depth %d, limit %d: %v, want ErrDepth", depth, depth-1, err)
			}
		}
	}
	// Beyond one word of 64 containers their kinds must not mix up.
	mixed := strings.Repeat(`[{"":`, 32) + "1" + strings.Repeat("}]", 32)
	if err := jsonscan.Check([]byte(mixed), 1000); err != nil {
		t.Errorf("64 alternating containers: %v", err)
	}
	wrong := strings.Repeat(`[{"":`, 32) + "1" + strings.Repeat("}]", 31) + "}}"
	if err := jsonscan.Check([]byte(wrong), 1000); err != jsonscan.ErrSyntax {
		t.Errorf("64 alternating containers, the last closed wrongly: %v", err)
	}
}

// opFrame has the size of the frames that servers handle most.
var opFrame = []byte(`{"type":"operation","event":"op","message_id":"c1-00000042","data":{"op":{"insert":"Grüße, \"world\"\n","at":[12,0],"attributes":{"bold":true,"size":1.5e1}}}}`)

func TestAllocations(t *testing.T) {
	zero := map[string]func(){
		"Check": func() {
			if jsonscan.Check(opFrame, 16) != nil {
				t.Error("not valid")
			}
		},
		"Scan": func() {
			s := jsonscan.Scan(opFrame, 16)
			for s.Next() {
				if len(s.Key()) == 0 {
					t.Error("no key")
				}
			}
		},
		"Field": func() {
			if jsonscan.Field(opFrame, "data") == nil {
				t.Error("no data")
			}
		},
	}
	for name, f := range zero {
		if n := testing.AllocsPerRun(100, f); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	b.SetBytes(int64(len(opFrame)))
	b.ReportAllocs()
	for b.Loop() {
		if jsonscan.Check(opFrame, 16) != nil {
			b.Fatal("not valid")
		}
	}
}

func BenchmarkCheckLong(b *testing.B) {
	long := []byte(`{"op":"` + strings.Repeat("QUJDREVGRw", 6000) + `"}`)
	b.SetBytes(int64(len(long)))
	for b.Loop() {
		if jsonscan.Check(long, 16) != nil {
			b.Fatal("not valid")
		}
	}
}
