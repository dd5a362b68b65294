package ringwire

import (
	"io"
	"math"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/ring"
)

// BenchmarkFlight has a server that remembers its operations and one that does not answer the same smallest requests by
// turns, a hundred times 16 of them, and compares what that takes of their loops' threads. One pair of turns tells
// little, some thousand (-benchtime 2000x) tell a percent.
func BenchmarkFlight(b *testing.B) {
	if err := ring.Available(); err != nil {
		b.Skip(err)
	}
	without, with := newFlightBench(b, -1), newFlightBench(b, 0)
	without.slice(b)
	with.slice(b)
	var sum, squares, n float64
	for b.Loop() {
		first, second := without, with
		if n++; int(n)%2 == 0 {
			first, second = with, without
		}
		first.slice(b)
		second.slice(b)
		r := math.Log(float64(with.took) / float64(without.took)) // of which the mean is as often too small as too large
		sum, squares = sum+r, squares+r*r
	}
	mean := sum / n
	b.ReportMetric(math.Exp(mean), "with/without")
	b.ReportMetric(math.Sqrt(max(0, squares/n-mean*mean)/n), "standard-error")
	b.ReportMetric(float64(without.took)/flightConns/flightRounds, "ns-without")
}

const flightConns, flightRounds = 16, 100

type flightBench struct {
	s     *testServer
	conns []net.Conn
	took  int64 // ns of the loop's thread, the last slice
}

func newFlightBench(b *testing.B, records int) *flightBench {
	f := &flightBench{s: start(b, DriverURing, hello, plain, func(s *Server) { s.FlightRecords = records })}
	for range flightConns {
		c, err := net.Dial("tcp", f.s.addr)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = c.Close() })
		f.conns = append(f.conns, c)
	}
	return f
}

// slice makes the requests.
func (f *flightBench) slice(b *testing.B) {
	request, buf := []byte(get("/")), make([]byte, 4096)
	before := f.cpu()
	for range flightRounds {
		for _, c := range f.conns {
			if _, err := c.Write(request); err != nil {
				b.Fatal(err)
			}
		}
		for _, c := range f.conns {
			if _, err := io.ReadAtLeast(c, buf, 1); err != nil {
				b.Fatal(err)
			}
		}
	}
	f.took = f.cpu() - before
}

// cpu is what the loop's thread has taken so far.
func (f *flightBench) cpu() (ns int64) {
	f.s.onLoop(func(*service) {
		var ts unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
		ns = ts.Nano()
	})
	return ns
}
