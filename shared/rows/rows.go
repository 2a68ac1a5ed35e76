// Package rows keeps stored rows sorted by their keys, and finds them by key. Rows come from
// queries that already sort them, so sorting is one pass that moves nothing. Package slices
// would cost a module 10 kB for each type of row.
package rows

// Ascending sorts rows by key, in place. It is fast on rows that are nearly sorted.
func Ascending[T any](rows []T, key func(*T) string) {
	for i := 1; i < len(rows); i++ {
		for j := i; j > 0 && key(&rows[j]) < key(&rows[j-1]); j-- {
			rows[j], rows[j-1] = rows[j-1], rows[j]
		}
	}
}

// Repeated reports whether two neighbouring rows have the same key.
func Repeated[T any](rows []T, key func(*T) string) bool {
	for i := 1; i < len(rows); i++ {
		if key(&rows[i]) == key(&rows[i-1]) {
			return true
		}
	}
	return false
}

// Find returns the index of the row with a key, or where it would be, and whether it exists.
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

// Insert inserts a row at i.
func Insert[T any](rows []T, i int, row T) []T {
	rows = append(rows, row)
	copy(rows[i+1:], rows[i:])
	rows[i] = row
	return rows
}

// Remove removes the row at i.
func Remove[T any](rows []T, i int) []T {
	var none T
	last := len(rows) - 1
	copy(rows[i:], rows[i+1:])
	rows[last] = none
	return rows[:last]
}
