// Package rows keeps stored rows in the order of their keys, which cores look rows up
// by. They come from queries that order them already, so one pass finds nothing to do;
// the sort of package slices would cost each kind of row 10 kB in a module.
package rows

// Ascending sorts rows by their key, in place: fast when they nearly are.
func Ascending[T any](rows []T, key func(*T) string) {
	for i := 1; i < len(rows); i++ {
		for j := i; j > 0 && key(&rows[j]) < key(&rows[j-1]); j-- {
			rows[j], rows[j-1] = rows[j-1], rows[j]
		}
	}
}

// Repeated reports whether two rows next to each other have one key.
func Repeated[T any](rows []T, key func(*T) string) bool {
	for i := 1; i < len(rows); i++ {
		if key(&rows[i]) == key(&rows[i-1]) {
			return true
		}
	}
	return false
}

// Find returns where the row of a key is or would be, and whether it is.
func Find[T any](rows []T, key func(*T) string, want string) (int, bool) {
	lo, hi := 0, len(rows)
	for lo < hi {
		if mid := (lo + hi) / 2; key(&rows[mid]) < want {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < len(rows) && key(&rows[lo]) == want
}

// Insert puts a row at i.
func Insert[T any](rows []T, i int, row T) []T {
	rows = append(rows, row)
	copy(rows[i+1:], rows[i:])
	rows[i] = row
	return rows
}

// Remove takes the row at i out.
func Remove[T any](rows []T, i int) []T {
	var none T
	last := len(rows) - 1
	copy(rows[i:], rows[i+1:])
	rows[last] = none
	return rows[:last]
}
