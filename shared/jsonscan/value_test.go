package jsonscan_test

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

func TestStr(t *testing.T) {
	good := map[string]string{
		`""`:                           "",
		`"plain é"`:                    "plain é",
		`"\"\\\/\b\f\n\r\t\u0041"`:     "\"\\/\b\f\n\r\tA",
		`"a\ud83d\ude00b"`:             "a😀b",
		`"\uD83D\uDE00"`:               "😀",
		`"\ud800"`:                     "\ufffd",
		`"\udc00x"`:                    "\ufffdx",
		`"\ud800\u0041"`:               "\ufffdA",
		`"\ud800\ud83d\ude00"`:         "\ufffd😀",
		`"\ud800\n"`:                   "\ufffd\n",
		`"\uAF09\uaf90"`:               "\uaf09\uaf90",
		`"\ufffd"`:                     "\ufffd",
		`"` + "\u2028\U0010ffff" + `"`: "\u2028\U0010ffff",
	}
	for in, want := range good {
		if got, ok := jsonscan.Str([]byte(in)); !ok || got != want {
			t.Errorf("Str(%s) = %q, %v, want %q", in, got, ok, want)
		}
	}
	for _, in := range []string{``, `"`, `a`, `"a`, `a"`, `"a"b"`, ` "a"`, `"a" `, `null`, `1`, `["a"]`, `"\"`, `"\u00g0"`, `"\u00"`, "\"\n\"", "\"\xff\"", `"a"b`} {
		if got, ok := jsonscan.Str([]byte(in)); ok || got != "" {
			t.Errorf("Str(%q) = %q, true", in, got)
		}
	}
}

func TestUnquoteAliases(t *testing.T) {
	raw := []byte(`"plain"`)
	text, ok := jsonscan.Unquote(raw)
	if !ok || &text[0] != &raw[1] || cap(text) != len(text) {
		t.Error("a string without escapes was copied, or can be appended into")
	}
}

func TestUint(t *testing.T) {
	for in, want := range map[string]uint64{"0": 0, "7": 7, "10": 10, "9007199254740992": 1 << 53, "18446744073709551615": math.MaxUint64} {
		if got, ok := jsonscan.Uint([]byte(in)); !ok || got != want {
			t.Errorf("Uint(%s) = %d, %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "-1", "-0", "+1", "01", "00", "1.0", "1e3", " 1", "1 ", `"1"`, "null", "18446744073709551616", "18446744073709551625", "99999999999999999999", "184467440737095516150", "1/", "1:"} {
		if got, ok := jsonscan.Uint([]byte(in)); ok || got != 0 {
			t.Errorf("Uint(%q) = %d, %v", in, got, ok)
		}
	}
}

func TestInt(t *testing.T) {
	for in, want := range map[string]int64{"0": 0, "-0": 0, "-7": -7, "9223372036854775807": math.MaxInt64, "-9223372036854775808": math.MinInt64} {
		if got, ok := jsonscan.Int([]byte(in)); !ok || got != want {
			t.Errorf("Int(%s) = %d, %v", in, got, ok)
		}
	}
	for _, in := range []string{"", "-", "--1", "-01", "1.5", "9223372036854775808", "-9223372036854775809", "18446744073709551616", "1e1"} {
		if got, ok := jsonscan.Int([]byte(in)); ok || got != 0 {
			t.Errorf("Int(%q) = %d, %v", in, got, ok)
		}
	}
}

func TestBool(t *testing.T) {
	for in, want := range map[string][2]bool{"true": {true, true}, "false": {false, true}, "null": {}, "": {}, "1": {}, `"true"`: {}, "True": {}} {
		if v, ok := jsonscan.Bool([]byte(in)); v != want[0] || ok != want[1] {
			t.Errorf("Bool(%q) = %v, %v", in, v, ok)
		}
	}
}

func TestStrs(t *testing.T) {
	for in, want := range map[string][]string{`[]`: {}, `["read", "wr\u0069te"]`: {"read", "write"}} {
		if got, ok := jsonscan.Strs([]byte(in)); !ok || !reflect.DeepEqual(got, want) {
			t.Errorf("Strs(%s) = %q, %v", in, got, ok)
		}
	}
	for _, in := range []string{``, `null`, `"a"`, `{"a":"b"}`, `["a",1]`, `["a",null]`, `[["a"]]`} {
		if got, ok := jsonscan.Strs([]byte(in)); ok || got != nil {
			t.Errorf("Strs(%s) = %q, %v", in, got, ok)
		}
	}
}

func TestWriter(t *testing.T) {
	w := jsonscan.NewObject([]byte("x="))
	w.Str(`k"1`, "v\n{")
	w.Uint("u", math.MaxUint64)
	w.Int("i", math.MinInt64)
	w.Bool("b", true)
	w.Raw("r", []byte(`{"deep":[1,{}]}`))
	w.Raw("none", nil)
	w.Open("o")
	w.Close()
	w.Open("p")
	w.Str("q", "{")
	w.Strs("s", []string{"a", "b"})
	w.Close()
	w.Strs("n", nil)
	w.Time("t", time.UnixMilli(1736244000123))
	w.Key("k")
	w.Buf = append(w.Buf, "[1,2]"...)
	w.Array("none at all")
	w.CloseArray()
	w.Array("a")
	w.Item()
	w.Buf = jsonscan.AppendString(w.Buf, "[")
	w.OpenItem()
	w.Bool("b", false)
	w.Array("c")
	w.OpenItem()
	w.Close()
	w.CloseArray()
	w.Close()
	w.CloseArray()
	got := string(w.End())
	want := `x={"k\"1":"v\n{","u":18446744073709551615,"i":-9223372036854775808,"b":true,"r":{"deep":[1,{}]},"none":null,` +
		`"o":{},"p":{"q":"{","s":["a","b"]},"n":[],"t":"2025-01-07T10:00:00.123Z","k":[1,2],"none at all":[],"a":["[",{"b":false,"c":[{}]}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !json.Valid([]byte(strings.TrimPrefix(got, "x="))) {
		t.Error("not valid JSON")
	}
	empty := jsonscan.NewObject(nil)
	if got := string(empty.End()); got != "{}" {
		t.Errorf("an object without members is %s", got)
	}
}

func TestAppendTime(t *testing.T) {
	cases := map[string]time.Time{
		"1970-01-01T00:00:00Z":     time.Unix(0, 0),
		"2025-01-07T10:00:00Z":     time.Date(2025, 1, 7, 11, 0, 0, 999_999, time.FixedZone("", 3600)),
		"2024-02-29T23:59:59.001Z": time.Date(2024, 2, 29, 23, 59, 59, 1_999_999, time.UTC),
		"0987-06-05T04:03:02.010Z": time.Date(987, 6, 5, 4, 3, 2, 10_000_000, time.UTC),
		"9999-12-31T23:59:59.999Z": time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC),
		"0001-01-01T00:00:00Z":     {},
		"0001-02-03T00:00:00Z":     time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC),
	}
	for want, in := range cases {
		if got := string(jsonscan.AppendTime(nil, in)); got != want {
			t.Errorf("AppendTime(%v) = %s, want %s", in, got, want)
		}
	}
	for year, want := range map[int]string{10000: "9999-12-31T23:59:59.999Z", 0: "0001-01-01T00:00:00Z"} {
		if got := string(jsonscan.AppendTime(nil, time.Date(year, 5, 5, 0, 0, 0, 0, time.UTC))); got != want {
			t.Errorf("AppendTime(year %d) = %s, want %s", year, got, want)
		}
	}
}

// TestTimeMonthEnds checks the last day of every month, and the days next to it that do not exist.
func TestTimeMonthEnds(t *testing.T) {
	for year := range 10001 {
		for month := range 14 {
			for day := range 33 {
				if day > 1 && day < 28 {
					continue
				}
				text := fmt.Appendf(nil, `"%04d-%02d-%02dT01:02:03Z"`, year, month, day)
				want := time.Date(year, time.Month(month), day, 1, 2, 3, 0, time.UTC)
				exists := year > 0 && year < 10000 && want.Month() == time.Month(month) && want.Day() == day
				if got, ok := jsonscan.Time(text); ok != exists || exists && !got.Equal(want) {
					t.Fatalf("Time(%s) = %v, %v", text, got, ok)
				}
				if got := jsonscan.AppendTime(nil, want); exists && string(got) != string(text[1:len(text)-1]) {
					t.Fatalf("AppendTime(%s) = %s", text, got)
				}
			}
		}
	}
}

// TestTimeAgainstTime compares with the standard library over the years 1970 to 9999, in odd
// steps, so that every month, leap day and time of day comes up.
func TestTimeAgainstTime(t *testing.T) {
	step := 503*time.Hour + 7*time.Minute + 11*time.Second + 13*time.Millisecond
	end := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for at := time.Unix(0, 0).UTC(); at.Before(end); at = at.Add(step) {
		want := at.Format("2006-01-02T15:04:05.000Z")
		got := jsonscan.AppendTime(nil, at)
		if whole := strings.TrimSuffix(want, ".000Z"); whole != want {
			want = whole + "Z"
		}
		if string(got) != want {
			t.Fatalf("AppendTime = %s, want %s", got, want)
		}
		if back, ok := jsonscan.Time(fmt.Appendf(nil, "%q", got)); !ok || !back.Equal(at) {
			t.Fatalf("Time(%s) = %v, %v", got, back, ok)
		}
	}
}

func TestTime(t *testing.T) {
	good := map[string]time.Time{
		"2025-01-07T10:00:00Z":              time.Unix(1736244000, 0),
		"2025-01-07T10:00:00.5Z":            time.Unix(1736244000, 5e8),
		"2025-01-07T10:00:00.123456789123Z": time.Unix(1736244000, 123456789),
		"2025-01-07T11:30:00+01:30":         time.Unix(1736244000, 0),
		"2025-01-07T00:15:00.25-09:45":      time.Unix(1736244000, 25e7),
		"2024-02-29T00:00:00Z":              time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC),
	}
	for in, want := range good {
		if got, ok := jsonscan.Time([]byte(`"` + in + `"`)); !ok || !got.Equal(want) || got.Location() != time.UTC {
			t.Errorf("Time(%s) = %v, %v, want %v", in, got, ok, want)
		}
	}
	for _, in := range []string{
		``, `2025`, `2025-01-07T10:00:00`, `2025-01-07 10:00:00Z`, `2025-01-07T10:00:00z`, `2025-02-29T10:00:00Z`,
		`2025-13-01T10:00:00Z`, `2025-00-01T10:00:00Z`, `2025-01-00T10:00:00Z`, `2025-01-07T24:00:00Z`, `2025-01-07T10:60:00Z`,
		`2025-01-07T10:00:60Z`, `2025-01-07T10:00:00.Z`, `2025-01-07T10:00:00.x5Z`, `2025-01-07T10:00:00.5`, `2025-01-07T10:00:00+1:00`, `2025-01-07T10:00:00+24:00`, `2025-01-07T10:00:00+01x30`, `2025-01-07T10:00:00x01:30`,
		`2025-01-07T10:00:00+00:60`, `2025-01-07T10:00:00Zx`, `+025-01-07T10:00:00Z`, `2025x01-07T10:00:00Z`, `2025-01x07T10:00:00Z`,
		`2025-01-07T10x00:00Z`, `2025-01-07T10:00x00Z`, `2025-01-07T1a:00:00Z`,
	} {
		if got, ok := jsonscan.Time([]byte(`"` + in + `"`)); ok || !got.IsZero() {
			t.Errorf("Time(%s) = %v, %v", in, got, ok)
		}
	}
	if _, ok := jsonscan.Time([]byte(`1736244000`)); ok {
		t.Error("Time took a number")
	}
}
