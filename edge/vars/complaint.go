package vars

import (
	"strconv"

	"github.com/holdfast-dev/holdfast/shared/jsonscan"
)

// Complaint is a line for the log about the variables that are set and cannot be used, and
// about names that are nearly those of a variable; "" where there are none. Of a value it says
// how it looks, and never what it is: it may be a secret in the wrong place.
func Complaint(each func(yield func(name, value string))) string {
	var unusable, unknown []string
	each(func(name, value string) {
		if row, known := find(name); !known {
			if near := nearest(name); near != "" {
				unknown = append(unknown, name+": is "+near+" meant?")
			}
		} else if why := wrong(row, value); why != "" {
			unusable = append(unusable, name+": "+why)
		}
	})
	if len(unusable)+len(unknown) == 0 {
		return ""
	}
	w := jsonscan.NewObject(nil)
	w.Str("level", "warn")
	w.Str("event", "variables")
	w.Strs("unusable", unusable)
	w.Strs("unknown", unknown)
	return string(w.End())
}

// find returns a variable's row.
func find(name string) (found string, known bool) {
	rows(func(row string) {
		if nameOf(row) == name {
			found, known = row, true
		}
	})
	return found, known
}

func rows(f func(row string)) {
	for row, rest := cut(all, '\n'); row != ""; row, rest = cut(rest, '\n') {
		f(row)
	}
}

// kind is which kind of row one is.
type kind uint8

const (
	isText kind = iota
	isSwitch
	isNumber
	isWord
)

func kindOf(row string) kind {
	_, rest := cut(row, ' ')
	switch {
	case rest == "" || rest == "secret":
		return isText
	case rest == "on" || rest == "off":
		return isSwitch
	case rest[0] <= '9':
		return isNumber
	}
	return isWord
}

// wrong says how a value that is no good for a row looks, what would be one, and what is
// taken instead; "" for a good one.
func wrong(row, value string) string {
	looks := strconv.Itoa(len(value)) + " characters, not "
	switch kindOf(row) {
	case isSwitch:
		switch value {
		case "", "0", "1", "false", "true", "off", "on":
			return ""
		}
		return looks + "one of 0 1 false true off on, the default is taken"
	case isWord:
		if _, ok := Word(row).Choose(value); !ok {
			_, words := cut(row, ' ')
			return looks + "one of " + words
		}
	case isNumber:
		n, wrong := Number(row).read(value)
		if wrong == good {
			return ""
		}
		if wrong == noNumber {
			looks += "a number from "
		} else {
			looks = "a number outside "
		}
		b := Number(row).bounds()
		taken := ", the default is taken"
		if n > 0 {
			taken = ", taken is " + strconv.Itoa(int(n))
		}
		return looks + strconv.Itoa(int(b.least)) + " to " + strconv.Itoa(int(b.most)) + taken
	}
	return ""
}

// nearest is the variable whose name is at most two letters away, "" for none. An own
// variable of a deployment is nobody's mistake.
func nearest(name string) string {
	best, near := 3, ""
	rows(func(row string) {
		if d := distance(name, nameOf(row)); d < best {
			best, near = d, nameOf(row)
		}
	})
	return near
}

// distance is how many letters one name has to lose, gain or change to be the other, whatever
// their case; more than two are all alike.
func distance(a, b string) int {
	if len(a)-len(b) > 2 || len(b)-len(a) > 2 {
		return 3
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := last
			if upper(a[i]) != upper(b[j]) {
				next = min(row[j+1], row[j], last) + 1
			}
			last, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// upper is a letter in upper case. Package strings knows all of Unicode's, in tables.
func upper(c byte) byte {
	if 'a' <= c && c <= 'z' {
		c -= 'a' - 'A'
	}
	return c
}

// Numbers are the names of all numbers.
func Numbers() (names []string) {
	rows(func(row string) {
		if kindOf(row) == isNumber {
			names = append(names, nameOf(row))
		}
	})
	return names
}
