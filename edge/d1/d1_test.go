package d1

import (
	"context"
	"errors"
	"testing"
)

var errDown = errors.New("down")

// played answers every statement alike, and keeps what came.
type played struct {
	rows  string
	down  bool
	asked []Statement
}

func (p *played) Do(_ context.Context, list []Statement) ([]Result, error) {
	p.asked = append(p.asked, list...)
	if p.down {
		return nil, errDown
	}
	results := make([]Result, len(list))
	for i, one := range list {
		results[i].Changes = int64(i)
		if one.Reads {
			results[i].Rows = []byte(p.rows)
		}
	}
	return results, nil
}

func TestRows(t *testing.T) {
	for _, c := range []struct {
		rows string
		want error
	}{
		{`[["a\"ä",2,3],["b",0,-1]]`, nil}, {`[]`, ErrNoRows}, {`[[7,2,3]]`, nil},
		{`[["a","2",3]]`, errValue}, {`[["a",null,3]]`, errValue}, {`[[null,2,3]]`, errValue}, {`[["a",2]]`, errValue},
	} {
		var (
			text string
			n    int
			m    int64
		)
		db := &DB{&played{rows: c.rows}}
		if err := db.Row(t.Context(), "SELECT").Scan(&text, &n, &m); err != c.want {
			t.Errorf("%s: %v", c.rows, err)
		} else if err == nil && (n != 2 || m != 3 || text != "a\"ä" && text != "7") {
			t.Errorf("%s: %q %d %d", c.rows, text, n, m)
		}
	}
	list, err := Texts((&DB{&played{rows: `[["a"],["b"]]`}}).Query(t.Context(), "SELECT"))
	if err != nil || len(list) != 2 || list[1] != "b" {
		t.Errorf("%q %v", list, err)
	}
	if _, err := Texts((&DB{&played{rows: `[["a"],[null],["b"]]`}}).Query(t.Context(), "SELECT")); err == nil {
		t.Error("a NULL is read as a text")
	}
}

func TestStatements(t *testing.T) {
	p := &played{}
	db := &DB{p}
	changed, err := db.Changed(t.Context(), Statement{Query: "a", Args: []any{"x\n", 1, int64(-2)}}, Statement{Query: "b"})
	if err != nil || len(changed) != 2 || changed[1] != 1 || p.asked[0].Reads {
		t.Errorf("%v %v %v", changed, err, p.asked)
	}
	if text, err := p.asked[0].JSON(); err != nil || string(text) != `["x\n",1,-2]` {
		t.Errorf("%s %v", text, err)
	}
	if _, err := (Statement{Args: []any{1.5}}).JSON(); err == nil {
		t.Error("a value of no known type is bound")
	}
	p.down = true
	if err := Exec(t.Context(), db, "c"); !errors.Is(err, errDown) {
		t.Errorf("%v", err)
	}
	if err := db.Row(t.Context(), "d").Scan(); !errors.Is(err, errDown) {
		t.Errorf("%v", err)
	}
}
