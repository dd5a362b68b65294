package ringwire

import (
	"io"
	"math"
	"net"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/flight"
	"github.com/ringwire/ringwire/ring"
)

// BenchmarkFlight has a server answer the smallest requests, a hundred times 16 of them with the flight recorder and as
// many without by turns, and compares what that takes of the loop's thread. One pair of turns tells little, some thousand
// (-benchtime 3000x) tell a percent.
func BenchmarkFlight(b *testing.B) {
	if err := ring.Available(); err != nil {
		b.Skip(err)
	}
	f := newFlightBench(b)
	f.slice(b, false)
	f.slice(b, true)
	var took [2]int64
	var sum, squares, n float64
	for b.Loop() {
		first := int(n) % 2
		took[first] = f.slice(b, first == 1)
		took[1-first] = f.slice(b, first == 0)
		r := math.Log(float64(took[1]) / float64(took[0])) // of which the mean is as often too small as too large
		sum, squares, n = sum+r, squares+r*r, n+1
	}
	mean := sum / n
	b.ReportMetric(math.Exp(mean), "with/without")
	b.ReportMetric(math.Sqrt(max(0, squares/n-mean*mean)/n), "standard-error")
	b.ReportMetric(float64(took[0])/flightConns/flightRounds, "ns-without")
}

const flightConns, flightRounds = 16, 100

// flightBench is a server, and its clients.
type flightBench struct {
	s     *testServer
	conns []net.Conn
}

func newFlightBench(b *testing.B) *flightBench {
	f := &flightBench{s: start(b, DriverURing, hello, plain)}
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

// slice makes the requests, and returns how many ns they have taken of the loop's thread.
func (f *flightBench) slice(b *testing.B, keep bool) int64 {
	request, buf := []byte(get("/")), make([]byte, 4096)
	before := f.cpu(keep)
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
	return f.cpu(keep) - before
}

// cpu is what the loop's thread has taken so far. From then on entries are kept, or not.
func (f *flightBench) cpu(keep bool) (ns int64) {
	f.s.onLoop(func(svc *service) {
		svc.loop.Driver().(interface{ Log() *flight.Log }).Log().Pause(!keep)
		var ts unix.Timespec
		_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
		ns = ts.Nano()
	})
	return ns
}
