//go:build !js

package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// BenchmarkOp is one op to its acknowledgement, stored before acknowledged,
// one after the other on one socket. p50 and p99 are in milliseconds.
func BenchmarkOp(b *testing.B) {
	s := start(b, nil)
	c := s.connect(dialling{document: "welcome", clientID: "o", token: s.login("owner")})
	for i := range 200 { // the first ones compile the module
		c.op(fmt.Sprint("warm", i), i)
	}
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for i := range b.N {
		began := time.Now()
		c.op(fmt.Sprint("m", i), i)
		took = append(took, time.Since(began))
	}
	b.StopTimer()
	report(b, took)
}

// BenchmarkConnect is a dial to connection_ack with everything warm.
func BenchmarkConnect(b *testing.B) {
	s := start(b, nil)
	d := dialling{document: "welcome", clientID: "o", token: s.login("owner")}
	for range 20 {
		s.connect(d).ws.CloseNow()
	}
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for range b.N {
		began := time.Now()
		c := s.connect(d)
		took = append(took, time.Since(began))
		b.StopTimer()
		c.ws.CloseNow()
		b.StartTimer()
	}
	b.StopTimer()
	report(b, took)
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	at := func(part float64) float64 {
		return float64(took[int(part*float64(len(took)-1))]) / float64(time.Millisecond)
	}
	b.ReportMetric(at(0.5), "p50-ms")
	b.ReportMetric(at(0.99), "p99-ms")
}
