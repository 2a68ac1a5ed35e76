package rows_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/holdfast-dev/holdfast/shared/rows"
)

type row struct {
	key string
	n   int
}

func key(r *row) string { return r.key }

func TestAscending(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for n := range 60 {
		var list []row
		for i := range n {
			list = append(list, row{strconv.Itoa(rng.IntN(40)), i})
		}
		want := slices.Clone(list)
		slices.SortStableFunc(want, func(a, b row) int {
			if a.key < b.key {
				return -1
			} else if a.key > b.key {
				return 1
			}
			return 0
		})
		rows.Ascending(list, key)
		if !slices.Equal(list, want) {
			t.Fatalf("%v, want %v", list, want)
		}
		distinct := slices.CompactFunc(slices.Clone(want), func(a, b row) bool { return a.key == b.key })
		if rows.Repeated(list, key) != (len(distinct) < n) || rows.Repeated(distinct, key) {
			t.Fatalf("repeated is wrong for %v", list)
		}
	}
}

func TestFindInsertRemove(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	var list []row
	want := map[string]int{}
	for n := range 2000 {
		k := strconv.Itoa(rng.IntN(50))
		i, found := rows.Find(list, key, k)
		if _, known := want[k]; found != known || found && list[i].n != want[k] {
			t.Fatalf("%s at %d of %v: %v, want %v", k, i, list, found, known)
		}
		if found {
			list = rows.Remove(list, i)
			delete(want, k)
		} else {
			list = rows.Insert(list, i, row{k, n})
			want[k] = n
		}
		if len(list) != len(want) || !slices.IsSortedFunc(list, func(a, b row) int {
			if a.key < b.key {
				return -1
			}
			return 1
		}) {
			t.Fatalf("%v, want %v", list, want)
		}
	}
}
