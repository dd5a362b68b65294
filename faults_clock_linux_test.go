package ringwire

import (
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// The machine's clock jumps, as when it is set for the first time after the start or by somebody's
// mistake. No deadline and no tick follows it; the Date does, within a second. It is set for real, so that
// the test runs only where it is asked for: in the guests of cmd/kernels.
func TestClockJumps(t *testing.T) {
	if os.Getenv("RINGWIRE_TEST_SET_CLOCK") == "" {
		t.Skip("it sets the machine's clock: RINGWIRE_TEST_SET_CLOCK=1 allows it")
	}
	eachDriver(t, func(t *testing.T, driver string) {
		var ticks atomic.Int64
		s := start(t, driver, hello, func(s *Server) {
			s.IdleTimeout = 2 * time.Second
			s.Every(20*time.Millisecond, func(*Tick) { ticks.Add(1) })
		})
		jumps := []time.Duration{24 * 365 * time.Hour, -24 * 365 * time.Hour, time.Hour, -time.Hour}
		if testing.Short() {
			jumps = jumps[2:]
		}
		for _, jump := range jumps {
			p := s.dial()
			p.get("/")
			before := ticks.Load()
			began := time.Now()
			setClock(t, time.Now().Add(jump))
			time.Sleep(1100 * time.Millisecond)
			// 55 are due; an emulated machine may be late, and makes none up. A jump that counted would make none at all,
			// or thousands.
			if n := ticks.Load() - before; n < 10 || n > 110 {
				t.Errorf("jump by %v: %d ticks in %v", jump, n, time.Since(began))
			}
			a := p.get("/") // the idle timeout did not come
			date, err := http.ParseTime(a.Header.Get("Date"))
			if off := time.Now().Round(0).Sub(date); err != nil || off.Abs() > 3*time.Second {
				t.Errorf("jump by %v: Date is %v, off by %v, %v", jump, date, off, err)
			}
			p.expectEnd("the idle timeout still comes")
			if held := time.Since(began); held < 2*time.Second {
				t.Errorf("jump by %v: an idle connection ended after %v", jump, held)
			}
		}
	})
}

func setClock(t *testing.T, to time.Time) {
	t.Helper()
	tv := unix.NsecToTimeval(to.Round(0).UnixNano())
	if err := unix.Settimeofday(&tv); err != nil {
		t.Skip(err)
	}
}
