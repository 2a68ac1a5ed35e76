//go:build wasm

package main

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
	"unsafe"

	"github.com/holdfast-dev/holdfast/edge/object"
)

// The operations of the host call.
const (
	opName = iota
	opEnv
	opRandom
	opStatement // u32 number, text
	opQuery     // u32 number, values
	opNext
	opWrite    // u32 number, values
	opSockets  // -> 16-byte id and f64, each
	opLastSeen // id -> f64
	opAccept   // u32 ask, id, protocol
	opSend     // u32 count, ids, text
	opClose    // id, u32 code, reason
	opAutoResponse
	opAlarm    // f64, 0 for none
	opRespond  // u32 ask, u32 status, text
	opCall     // u32 ask, binding, name, text
	opDatabase // u32 ask, binding, query, arguments
	opVerify   // u32 ask, token
	opLog
	opFetch    // u32 ask, u32 milliseconds, u32 bytes, URL, authorization, body
	opAttach   // id, text
	opAttached // -> 16-byte id and text, each text with its length before it
	opErase
	opLogRarely // key, line
	opScrub
	opRecover // u32 ask, f64, bookmark
)

//go:wasmimport holdfast call
func hostCall(op int32, ptr unsafe.Pointer, n int32, out unsafe.Pointer, max int32) int32

// host is the one host. It keeps its buffers: once they have grown to what the object
// needs, an event allocates next to nothing.
type host struct {
	request  []byte
	answer   []byte
	cols     []object.Value
	prepared [object.StmtCount]bool
}

var wasmHost = host{request: make([]byte, 0, 4096), answer: make([]byte, 4096), cols: make([]object.Value, 0, 32)}

var errHost = errors.New("the host refused")

// call sends what is in h.request and returns the answer, which is valid until the next
// call.
func (h *host) call(op int32) ([]byte, error) {
	if cap(h.request) == 0 {
		h.request = make([]byte, 0, 64)
	}
	n := hostCall(op, unsafe.Pointer(unsafe.SliceData(h.request)), int32(len(h.request)),
		unsafe.Pointer(unsafe.SliceData(h.answer)), int32(len(h.answer)))
	for int(n) > len(h.answer) {
		h.answer = make([]byte, n)
		n = hostCall(opNext, unsafe.Pointer(unsafe.SliceData(h.request)), 0,
			unsafe.Pointer(unsafe.SliceData(h.answer)), int32(len(h.answer)))
	}
	if n < 0 {
		return nil, errHost
	}
	return h.answer[:n], nil
}

func (h *host) begin() { h.request = h.request[:0] }

func (h *host) u32(v uint32) { h.request = binary.LittleEndian.AppendUint32(h.request, v) }

func (h *host) f64(v float64) {
	h.request = binary.LittleEndian.AppendUint64(h.request, math.Float64bits(v))
}

func (h *host) text(s string) { h.request = append(h.request, s...) }

func (h *host) long(s string) {
	h.u32(uint32(len(s)))
	h.text(s)
}

func number(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }

func (h *host) Name() string {
	h.begin()
	b, _ := h.call(opName)
	return string(b)
}

func (h *host) Env(name string) string {
	h.begin()
	h.text(name)
	b, _ := h.call(opEnv)
	return string(b)
}

func (h *host) Random(b []byte) {
	h.begin()
	h.u32(uint32(len(b)))
	random, _ := h.call(opRandom)
	copy(b, random)
}

func (h *host) Sockets(f func(object.ConnID, time.Time)) {
	h.begin()
	list, _ := h.call(opSockets)
	for ; len(list) >= connBytes+8; list = list[connBytes+8:] {
		f(object.ConnID(list[:connBytes]), seen(number(list[connBytes:])))
	}
}

func (h *host) LastSeen(conn object.ConnID) time.Time {
	h.begin()
	h.text(string(conn))
	b, err := h.call(opLastSeen)
	if err != nil || len(b) < 8 {
		return time.Time{}
	}
	return seen(number(b))
}

func seen(ms float64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return instant(ms)
}

func (h *host) Accept(ask uint32, conn object.ConnID, protocol string) {
	h.begin()
	h.u32(ask)
	h.text(string(conn))
	h.text(protocol)
	h.call(opAccept)
}

func (h *host) Send(conns []object.ConnID, text []byte) {
	h.begin()
	h.u32(uint32(len(conns)))
	for _, c := range conns {
		h.text(string(c))
	}
	h.request = append(h.request, text...)
	h.call(opSend)
}

func (h *host) Close(conn object.ConnID, code int, reason string) {
	h.begin()
	h.text(string(conn))
	h.u32(uint32(code))
	h.text(reason)
	h.call(opClose)
}

func (h *host) Attach(conn object.ConnID, text []byte) {
	h.begin()
	h.text(string(conn))
	h.request = append(h.request, text...)
	h.call(opAttach)
}

func (h *host) Attached(f func(object.ConnID, []byte)) {
	h.begin()
	list, _ := h.call(opAttached)
	for len(list) >= connBytes+4 {
		text := list[connBytes+4:]
		n := binary.LittleEndian.Uint32(list[connBytes:])
		f(object.ConnID(list[:connBytes]), text[:n])
		list = text[n:]
	}
}

func (h *host) AutoResponse(request, response string) {
	h.begin()
	h.long(request)
	h.text(response)
	h.call(opAutoResponse)
}

func (h *host) SetAlarm(at time.Time) {
	h.begin()
	h.f64(float64(at.UnixMilli()))
	h.call(opAlarm)
}

func (h *host) ClearAlarm() {
	h.begin()
	h.f64(0)
	h.call(opAlarm)
}

func (h *host) Respond(ask uint32, status int, text []byte) {
	h.begin()
	h.u32(ask)
	h.u32(uint32(status))
	h.request = append(h.request, text...)
	h.call(opRespond)
}

func (h *host) Call(ask uint32, binding, name string, text []byte) {
	h.begin()
	h.u32(ask)
	h.long(binding)
	h.long(name)
	h.request = append(h.request, text...)
	h.call(opCall)
}

func (h *host) Database(ask uint32, binding, query string, args ...string) {
	h.begin()
	h.u32(ask)
	h.long(binding)
	h.long(query)
	for _, a := range args {
		h.long(a)
	}
	h.call(opDatabase)
}

func (h *host) Verify(ask uint32, token string) {
	h.begin()
	h.u32(ask)
	h.text(token)
	h.call(opVerify)
}

func (h *host) Log(line []byte) {
	h.begin()
	h.request = append(h.request, line...)
	h.call(opLog)
}

func (h *host) Fetch(ask uint32, to object.Destination, body []byte) {
	h.begin()
	h.u32(ask)
	h.u32(uint32(to.Timeout.Milliseconds()))
	h.u32(uint32(to.MaxBytes))
	for _, text := range [...]string{to.URL, to.Authorization, to.Signature.Header, to.Signature.Prefix, to.Signature.Before, to.Signature.Secret} {
		h.long(text)
	}
	h.u32(uint32(len(body)))
	h.request = append(h.request, body...)
	h.call(opFetch)
}

func (h *host) Erase() {
	h.begin()
	h.call(opErase)
}

func (h *host) Scrub() {
	h.begin()
	h.call(opScrub)
}

func (h *host) LogRarely(key string, line []byte) {
	h.begin()
	h.long(key)
	h.request = append(h.request, line...)
	h.call(opLogRarely)
}

func (h *host) Recover(ask uint32, at time.Time, bookmark string) {
	h.begin()
	h.u32(ask)
	ms := 0.0
	if !at.IsZero() {
		ms = float64(at.UnixMilli())
	}
	h.f64(ms)
	h.text(bookmark)
	h.call(opRecover)
}
