//go:build wasm

package main

import (
	"encoding/binary"

	"github.com/holdfast-dev/holdfast/edge/object"
)

// The tags of a value.
const (
	tagNull = iota
	tagNumber
	tagText
	tagBlob
)

// statement writes a statement and its values into the request. The text of a frequent
// statement crosses once; after that its number does.
func (h *host) statement(stmt object.Stmt, args []object.Value) {
	often := stmt < object.StmtCount
	if !often || !h.prepared[stmt] {
		h.begin()
		h.u32(uint32(stmt))
		h.text(stmt.String())
		h.call(opStatement)
		if often {
			h.prepared[stmt] = true
		}
	}
	h.begin()
	h.u32(uint32(stmt))
	for i := range args {
		h.value(&args[i])
	}
}

// Write implements object.Host. If it fails the host undoes the event, as for every call
// whose answer nobody reads.
func (h *host) Write(stmt object.Stmt, args []object.Value) {
	h.statement(stmt, args)
	h.call(opWrite)
}

// Query implements object.Host.
func (h *host) Query(stmt object.Stmt, args []object.Value, row func([]object.Value)) error {
	h.statement(stmt, args)
	b, err := h.call(opQuery)
	for {
		if err != nil {
			return err
		}
		if row != nil {
			h.rows(b[1:], row)
		}
		if b[0] == 0 {
			return nil
		}
		h.begin()
		b, err = h.call(opNext)
	}
}

func (h *host) value(v *object.Value) {
	switch v.Kind {
	case object.Integer:
		h.request = append(h.request, tagNumber)
		h.f64(float64(v.Int))
	case object.Text:
		h.request = append(h.request, tagText)
		h.long(v.Str)
	case object.Blob:
		h.request = append(h.request, tagBlob)
		h.u32(uint32(len(v.Bytes)))
		h.request = append(h.request, v.Bytes...)
	default:
		h.request = append(h.request, tagNull)
	}
}

// rows reads whole rows: each is a u32 number of columns and the columns.
func (h *host) rows(b []byte, row func([]object.Value)) {
	for len(b) >= 4 {
		n := int(binary.LittleEndian.Uint32(b))
		b = b[4:]
		cols := h.cols[:0]
		for range n {
			v := object.Value{}
			tag := b[0]
			b = b[1:]
			switch tag {
			case tagNumber:
				v.Kind, v.Int = object.Integer, int64(number(b))
				b = b[8:]
			case tagText, tagBlob:
				size := binary.LittleEndian.Uint32(b)
				v.Kind, v.Bytes = object.Text, b[4:4+size]
				if tag == tagBlob {
					v.Kind = object.Blob
				}
				b = b[4+size:]
			}
			cols = append(cols, v)
		}
		h.cols = cols
		row(cols)
	}
}
