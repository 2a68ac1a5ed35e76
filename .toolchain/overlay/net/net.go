// Package net is the part of Go's net that has a meaning without sockets.
//
// A Worker and a page have none, and TinyGo's own net is a git submodule that
// no package registry serves. Go's pure files (ip.go, mac.go, parse.go,
// pipe.go) are linked beside this one when the toolchain is installed; this
// file holds the interfaces, errors and address helpers that they and the
// packages above them need. Everything that would open a socket returns
// ErrNoSockets.
package net

import (
	"context"
	"errors"
	"io"
	"os"
	"time"
)

// ErrNoSockets is returned by everything that would open a socket.
var ErrNoSockets = errors.New("net: this program has no sockets")

type errClosed struct{}

func (errClosed) Error() string   { return "use of closed network connection" }
func (errClosed) Timeout() bool   { return false }
func (errClosed) Temporary() bool { return false }

// ErrClosed is returned by an I/O call on a connection that was closed.
var ErrClosed error = errClosed{}

// Addr is the address of one end of a connection.
type Addr interface {
	Network() string
	String() string
}

// Conn is a stream connection.
type Conn interface {
	Read(b []byte) (n int, err error)
	Write(b []byte) (n int, err error)
	Close() error
	LocalAddr() Addr
	RemoteAddr() Addr
	SetDeadline(t time.Time) error
	SetReadDeadline(t time.Time) error
	SetWriteDeadline(t time.Time) error
}

// Listener waits for connections. None is ever made here.
type Listener interface {
	Accept() (Conn, error)
	Close() error
	Addr() Addr
}

// Error is a network error.
type Error interface {
	error
	Timeout() bool
	Temporary() bool
}

// OpError names the operation, network and address that an error is about.
type OpError struct {
	Op     string
	Net    string
	Source Addr
	Addr   Addr
	Err    error
}

func (e *OpError) Unwrap() error { return e.Err }

func (e *OpError) Error() string {
	s := e.Op
	if e.Net != "" {
		s += " " + e.Net
	}
	if e.Source != nil {
		s += " " + e.Source.String()
	}
	if e.Addr != nil {
		if e.Source != nil {
			s += "->"
		} else {
			s += " "
		}
		s += e.Addr.String()
	}
	return s + ": " + e.Err.Error()
}

func (e *OpError) Timeout() bool {
	t, ok := e.Err.(interface{ Timeout() bool })
	return ok && t.Timeout()
}

func (e *OpError) Temporary() bool {
	t, ok := e.Err.(interface{ Temporary() bool })
	return ok && t.Temporary()
}

// ParseError says what text could not be read as what.
type ParseError struct {
	Type string
	Text string
}

func (e *ParseError) Error() string   { return "invalid " + e.Type + ": " + e.Text }
func (e *ParseError) Timeout() bool   { return false }
func (e *ParseError) Temporary() bool { return false }

// AddrError says what is wrong with an address.
type AddrError struct {
	Err  string
	Addr string
}

func (e *AddrError) Error() string {
	if e == nil {
		return "<nil>"
	}
	s := e.Err
	if e.Addr != "" {
		s = "address " + e.Addr + ": " + s
	}
	return s
}
func (e *AddrError) Timeout() bool   { return false }
func (e *AddrError) Temporary() bool { return false }

// UnknownNetworkError names a network that does not exist.
type UnknownNetworkError string

func (e UnknownNetworkError) Error() string   { return "unknown network " + string(e) }
func (e UnknownNetworkError) Timeout() bool   { return false }
func (e UnknownNetworkError) Temporary() bool { return false }

// TCPAddr is an address of a TCP end point.
type TCPAddr struct {
	IP   IP
	Port int
	Zone string
}

func (a *TCPAddr) Network() string { return "tcp" }

func (a *TCPAddr) String() string {
	if a == nil {
		return "<nil>"
	}
	host := ""
	if len(a.IP) != 0 {
		host = a.IP.String()
	}
	if a.Zone != "" {
		host += "%" + a.Zone
	}
	return JoinHostPort(host, itoa(a.Port))
}

func itoa(n int) string {
	if n < 0 {
		return "-" + itoa(-n)
	}
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}

// Dialer cannot dial; it is here for its type.
type Dialer struct {
	Timeout   time.Duration
	Deadline  time.Time
	KeepAlive time.Duration
}

func (d *Dialer) Dial(network, address string) (Conn, error) { return nil, ErrNoSockets }
func (d *Dialer) DialContext(ctx context.Context, network, address string) (Conn, error) {
	return nil, ErrNoSockets
}

// Dial cannot dial.
func Dial(network, address string) (Conn, error) { return nil, ErrNoSockets }

// DialTimeout cannot dial.
func DialTimeout(network, address string, d time.Duration) (Conn, error) { return nil, ErrNoSockets }

// Listen cannot listen.
func Listen(network, address string) (Listener, error) { return nil, ErrNoSockets }

// LookupHost knows no names.
func LookupHost(host string) ([]string, error) { return nil, ErrNoSockets }

// JoinHostPort writes host:port, with brackets around an IPv6 host.
func JoinHostPort(host, port string) string {
	for i := 0; i < len(host); i++ {
		if host[i] == ':' {
			return "[" + host + "]:" + port
		}
	}
	return host + ":" + port
}

// SplitHostPort splits "host:port", "[host]:port" or "[host%zone]:port".
func SplitHostPort(hostport string) (host, port string, err error) {
	fail := func(why string) (string, string, error) {
		return "", "", &AddrError{Err: why, Addr: hostport}
	}
	colon := -1
	for i := len(hostport) - 1; i >= 0; i-- {
		if hostport[i] == ':' {
			colon = i
			break
		}
	}
	if colon < 0 {
		return fail("missing port in address")
	}
	host, port = hostport[:colon], hostport[colon+1:]
	if hostport[0] == '[' {
		end := -1
		for i := 0; i < len(hostport); i++ {
			if hostport[i] == ']' {
				end = i
				break
			}
		}
		switch {
		case end < 0:
			return fail("missing ']' in address")
		case end+1 == len(hostport):
			return fail("missing port in address")
		case end+1 != colon:
			if hostport[end+1] == ':' {
				return fail("too many colons in address")
			}
			return fail("missing port in address")
		}
		host = hostport[1:end]
	} else {
		for i := 0; i < len(host); i++ {
			if host[i] == ':' {
				return fail("too many colons in address")
			}
		}
	}
	for i := 0; i < len(host); i++ {
		if host[i] == '[' {
			return fail("unexpected '[' in address")
		}
		if host[i] == ']' {
			return fail("unexpected ']' in address")
		}
	}
	return host, port, nil
}

// The linked files refer to these.
var (
	_ io.Reader = Conn(nil)
	_           = os.ErrDeadlineExceeded
)
