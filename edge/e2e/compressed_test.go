//go:build !js

package e2e

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// bomb returns a message of so many bytes that is a thousandth of that on the wire: one frame
// with permessage-deflate, its mask all zero.
func bomb(size int) []byte {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	check(err)
	w.Write(bytes.Repeat([]byte("a"), size))
	w.Flush()
	payload := bytes.TrimSuffix(packed.Bytes(), []byte{0, 0, 0xff, 0xff})
	frame := []byte{0xc1} // final, compressed, text
	if len(payload) < 1<<16 {
		frame = binary.BigEndian.AppendUint16(append(frame, 0xfe), uint16(len(payload)))
	} else {
		frame = binary.BigEndian.AppendUint64(append(frame, 0xff), uint64(len(payload)))
	}
	return append(append(frame, 0, 0, 0, 0), payload...)
}

// rude is a client that sends what it likes and answers no close.
type rude struct {
	net.Conn
	in         *bufio.Reader
	compressed bool
}

func (s *server) rude(path, token, address string) *rude {
	s.T.Helper()
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	check(err)
	s.T.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover\r\n", path)
	if token != "" {
		fmt.Fprintf(c, "Authorization: Bearer %s\r\n", token)
	}
	if address != "" {
		fmt.Fprintf(c, "CF-Connecting-IP: %s\r\n", address)
	}
	io.WriteString(c, "\r\n")
	r := &rude{Conn: c, in: bufio.NewReader(c)}
	response, err := http.ReadResponse(r.in, nil)
	if err != nil || response.StatusCode != 101 {
		s.T.Fatalf("%s: %v %v", path, response, err)
	}
	r.compressed = strings.Contains(response.Header.Get("Sec-WebSocket-Extensions"), "permessage-deflate")
	return r
}

// frame reads one frame; a close's code is 0 for any other.
func (r *rude) frame() (code int, err error) {
	head := make([]byte, 2)
	if _, err = io.ReadFull(r.in, head); err != nil {
		return 0, err
	}
	n := int(head[1])
	if n == 126 {
		wide := make([]byte, 2)
		io.ReadFull(r.in, wide)
		n = int(binary.BigEndian.Uint16(wide))
	}
	payload := make([]byte, n)
	if _, err = io.ReadFull(r.in, payload); err != nil {
		return 0, err
	}
	if head[0]&15 == 8 && n >= 2 {
		code = int(binary.BigEndian.Uint16(payload))
	}
	return code, nil
}

// closed returns the code of the close frame, or why there is none.
func (r *rude) closed() (code int, err error) {
	for code == 0 && err == nil {
		code, err = r.frame()
	}
	return code, err
}

// gone waits for the end of the TCP connection, and returns the code of the close before it.
func (r *rude) gone(within time.Duration) (code int, err error) {
	r.SetReadDeadline(time.Now().Add(within))
	for {
		c, err := r.frame()
		if err != nil {
			return code, ended(err)
		}
		code = max(code, c)
	}
}

// ended ignores how a connection ended, if it did.
func ended(err error) error {
	if timeout, ok := err.(net.Error); ok && timeout.Timeout() {
		return err
	}
	return nil
}

// TestAStrangersCompressedFramesAreNotKept. Power of the attacker: no token, no key, one address,
// 30 kB a socket. Each is refused, and its connection is gone although it never answers the
// close. Nothing of it stays in memory, and a member's connection does not notice.
//
// Holds: "a message that is too large costs its sender".
func TestAStrangersCompressedFramesAreNotKept(t *testing.T) {
	t.Parallel()
	s := withApps(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	frame := bomb(30 << 20)
	for i, path := range []string{"/app-ws", "/v1/ws/apps/" + captions} {
		for n := range 60 {
			r := s.rude(path, "", fmt.Sprint("203.0.113.", 100*i+n/10))
			if r.compressed {
				t.Fatalf("%s: a stranger may compress", path)
			}
			r.Write(frame)
			if _, err := r.gone(3 * time.Second); err != nil {
				t.Fatalf("%s, socket %d: %v", path, n, err)
			}
		}
	}
	owner.op("m1", 1)
	// Not compressed it is refused by its length.
	r := s.rude("/app-ws", "", "203.0.113.250")
	r.Write(plain(2 << 20))
	if code, err := r.gone(5 * time.Second); code != 1009 || err != nil {
		t.Errorf("2 MiB: closed with %d, %v", code, err)
	}
}

// A refused socket is gone within a second and a bit whether its peer answers or not, and a
// page's is one too.
func TestARefusedSocketIsEnded(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	for _, c := range []struct {
		path, said string
		code       int
	}{
		{"/app-ws", `{}`, 4400}, {"/v1/ws/apps/" + captions, `hello`, 4400},
	} {
		r := s.rude(c.path, "", "")
		r.Write(append([]byte{0x81, 0x80 | byte(len(c.said)), 0, 0, 0, 0}, c.said...))
		began := time.Now()
		if code, err := r.gone(5 * time.Second); code != c.code || err != nil || time.Since(began) > 3*time.Second {
			t.Errorf("%s: closed with %d, %v, after %v", c.path, code, err, time.Since(began))
		}
	}
	// A page without a token: the refusal is on a socket of its own.
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	check(err)
	defer c.Close()
	fmt.Fprintf(c, "GET /v1/ws/documents/welcome?client_id=c HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n")
	r := &rude{Conn: c, in: bufio.NewReader(c)}
	response, err := http.ReadResponse(r.in, nil)
	if err != nil || response.StatusCode != 101 || response.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Fatalf("%v %v", response, err)
	}
	if code, err := r.gone(5 * time.Second); code != 4101 || err != nil {
		t.Errorf("a page: closed with %d, %v", code, err)
	}
}

// plain is a message of so many zero bytes, as it is.
func plain(size int) []byte {
	return append(append(binary.BigEndian.AppendUint64([]byte{0x81, 0xff}, uint64(size)), 0, 0, 0, 0), make([]byte, size)...)
}

// TestAMembersLargeFramesEndTheLine. Power of the attacker: a viewer, on every route that admits
// one. A client that compresses all the same is disconnected. A frame that is far too large ends
// the connection with the standard's own code. And nobody else's op waits.
//
// Holds: "a message that is too large costs its sender".
func TestAMembersLargeFramesEndTheLine(t *testing.T) {
	t.Parallel()
	s := start(t, nil)
	owner := s.connect(dialling{document: "welcome", clientID: "o", token: s.Login("owner")})
	viewer := s.Login("viewer")
	frame := bomb(30 << 20)
	for _, path := range []string{"/v1/ws/documents/welcome?client_id=v", "/v1/ws/device", "/glasses-ws"} {
		for range 10 {
			r := s.rude(path, viewer, "")
			if r.compressed {
				t.Fatalf("%s is compressed", path)
			}
			for range 5 {
				r.Write(frame)
			}
			if code, err := r.closed(); code != 1002 { // the runtime's own: it reads no further
				t.Fatalf("%s: closed with %d, %v", path, code, err)
			}
		}
		r := s.rude(path, viewer, "")
		r.Write(plain(2 << 20))
		if code, err := r.closed(); code != 1009 {
			t.Errorf("%s: 2 MiB closed with %d, %v", path, code, err)
		}
		began := time.Now()
		owner.op(path, 1)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("%s: an op took %v", path, took)
		}
	}
}
