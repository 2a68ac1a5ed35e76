package vars

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestGuaranteesStateTheDefaults: what a promise says of its bound is what its variables are
// where nobody sets them.
func TestGuaranteesStateTheDefaults(t *testing.T) {
	text, err := os.ReadFile("../../shared/GUARANTEES.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (.*?) \| (.*?) \| (.*?) \|`).FindAllStringSubmatch(string(text), -1)
	found := 0
	for _, r := range rows {
		for _, name := range regexp.MustCompile("`([A-Z_]+)`").FindAllStringSubmatch(r[3], -1) {
			row, known := find(name[1])
			if !known {
				t.Errorf("%q names %s, which is no variable", r[1], name[1])
				continue
			}
			if kindOf(row) != isNumber {
				continue
			}
			found++
			n := int(Number(row).bounds().otherwise)
			if n == 0 {
				continue
			}
			if said := strings.ToLower(r[1] + " " + r[2]); !states(said, spelled(n, unitOf(name[1]))) {
				t.Errorf("%q does not say that %s is %v", r[1], name[1], spelled(n, unitOf(name[1])))
			}
		}
	}
	if found < 40 {
		t.Errorf("the promises name %d numbers", found)
	}
}

func states(said string, ways []string) bool {
	for _, way := range ways {
		if regexp.MustCompile(`(^|[^\d.,])` + regexp.QuoteMeta(way) + `($|[^\d,]|[,.]\D|[,.]$)`).MatchString(said) {
			return true
		}
	}
	return false
}

// words are the numbers that are written out.
var words = []string{"", "one", "two", "three", "four", "five", "six"}

// spelled are the ways in which a page may write a number.
func spelled(n int, unit string) (ways []string) {
	plain := fmt.Sprint(n)
	for i := len(plain) - 3; i > 0; i -= 3 {
		plain = plain[:i] + "," + plain[i:]
	}
	if n < len(words) {
		ways = append(ways, words[n])
	}
	seconds := 0
	switch unit {
	case "ms":
		seconds = n / 1000
	case "s":
		seconds = n
	default:
		ways = append(ways, plain)
		for i, size := range []string{"kib", "mib", "gib"} {
			if whole := 1 << (10 * (i + 1)); n%whole == 0 {
				ways = append(ways, fmt.Sprint(n/whole, " ", size))
			}
		}
		return ways
	}
	for _, u := range []struct {
		size int
		name string
	}{{1, "s"}, {60, "min"}, {3600, "h"}, {3600, "hour"}, {86400, "days"}} {
		if seconds%u.size == 0 {
			ways = append(ways, fmt.Sprint(seconds/u.size, " ", u.name))
		}
	}
	if seconds == 3600 {
		ways = append(ways, "every hour")
	}
	if seconds == 60 {
		ways = append(ways, "a minute")
	}
	return ways
}
