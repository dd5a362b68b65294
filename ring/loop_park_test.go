//go:build linux

package ring

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"
)

// timed is a sink with a deadline, once.
type timed struct {
	sink
	deadline atomic.Int64
	late     atomic.Int64 // by how much the last one was missed, plus one; 0: not over
}

func (s *timed) Turn(now int64) int64 {
	at := s.deadline.Load()
	if at == 0 || now < at {
		return at
	}
	s.deadline.Store(0)
	s.late.Store(now - at + 1)
	return 0
}

// startParked is a loop that has found out that its waits are long.
func startParked(t *testing.T, cfg LoopConfig) (s *timed, addr string) {
	t.Helper()
	l, addr := listening(t, cfg)
	if l.park.file == nil {
		l.Stop()
		_ = l.Run(&timed{})
		t.Skipf("loops do not park here: %v", SelfTest().Park)
	}
	s = &timed{}
	s.l = l
	done := make(chan error, 1)
	go func() { done <- l.Run(s) }()
	t.Cleanup(func() {
		l.Stop()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	park(t, s)
	return s, addr
}

// toil makes a loop one that has much to do, a task of it.
func (s *timed) toil() { s.l.park.work = 2 * parkWork }

// park has the loop wait in Go's poller.
func park(t *testing.T, s *timed) {
	t.Helper()
	until(t, "the loop does not park", func() bool {
		if s.l.park.on.Load() {
			return true
		}
		time.Sleep(2 * parkAfter)
		s.l.Post(taskFunc(s.toil))
		time.Sleep(2 * parkAfter)
		return s.l.park.on.Load()
	})
}

// Whatever wakes a loop from io_uring_enter wakes one that has parked, in a loop with restrictions, too.
func TestParkEnds(t *testing.T) {
	for name, cfg := range map[string]LoopConfig{"plain": {}, "restricted": {Restrict: true}} {
		t.Run(name, func(t *testing.T) {
			s, addr := startParked(t, cfg)
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			until(t, "not accepted", func() bool { return s.open.Load() == 1 })

			park(t, s)
			if _, err := c.Write([]byte("hello")); err != nil {
				t.Fatal(err)
			}
			until(t, "not received", func() bool { return s.received.Load() == 5 })

			for i := range 100 { // a post at any moment of falling asleep
				ran := make(chan struct{})
				s.l.Post(taskFunc(func() { s.toil(); close(ran) }))
				select {
				case <-ran:
				case <-time.After(10 * time.Second):
					t.Fatal("a posted task does not run")
				}
				time.Sleep(parkAfter * time.Duration(i%4))
			}
			park(t, s) // Stop comes now
		})
	}
}

// A deadline ends a park in time: the first, one that is nearer than what is in flight, and one that is farther.
func TestParkEndsAtDeadline(t *testing.T) {
	s, _ := startParked(t, LoopConfig{})
	for _, in := range [][]time.Duration{{20 * time.Millisecond}, {time.Hour, 20 * time.Millisecond}, {20 * time.Millisecond, 60 * time.Millisecond}} {
		best := time.Hour
		for range 5 { // the machine may be busy
			s.late.Store(0)
			for _, d := range in {
				park(t, s)
				s.deadline.Store(s.l.Clock() + int64(d))
				s.l.Post(taskFunc(func() {})) // which brings the loop to see it
			}
			until(t, "the deadline is missed", func() bool { return s.late.Load() > 0 })
			best = min(best, time.Duration(s.late.Load()))
		}
		if best > 10*time.Millisecond {
			t.Errorf("%v: %v late at best", in, best)
		}
	}
}

// A loop that wakes sixty times a second does not keep the scheduler's monitor awake.
func TestParkLeavesMonitorAsleep(t *testing.T) {
	s, _ := startParked(t, LoopConfig{})
	parked := switches(t, s, time.Second)
	file := s.l.park.file
	hold := make(chan struct{})
	s.l.Post(taskFunc(func() { s.l.park.file = nil; close(hold) }))
	<-hold
	entered := switches(t, s, time.Second)
	hold = make(chan struct{})
	s.l.Post(taskFunc(func() { s.l.park.file = file; close(hold) }))
	<-hold
	t.Logf("threads of this process gave up their processor %d times in a second of parking, %d times without", parked, entered)
	if entered > 1500 && parked > entered*2/3 { // less than that and the monitor has not got to run
		t.Error("parking does not spare the wakings")
	}
}

// switches counts how often this process's threads go to sleep while the loop is woken sixty times a second.
func switches(t *testing.T, s *timed, d time.Duration) (n int) {
	count := func() (n int) {
		files, _ := filepath.Glob("/proc/self/task/*/status")
		for _, f := range files {
			b, _ := os.ReadFile(f)
			_, after, _ := bytes.Cut(b, []byte("\nvoluntary_ctxt_switches:"))
			line, _, _ := bytes.Cut(after, []byte("\n"))
			v, _ := strconv.Atoi(string(bytes.TrimSpace(line)))
			n += v
		}
		return n
	}
	before := count()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(time.Second / 60) {
		s.l.Post(taskFunc(s.toil))
	}
	if n = count() - before; n <= 0 {
		t.Skip("/proc does not tell of threads")
	}
	return n
}

// A turn that began with the end of a park hands everything over by raw calls of bounded batches, another turn
// leaves more than that to the call that waits.
func TestQuietTurnSubmitsInBatches(t *testing.T) {
	l := ownLoop(t)
	for _, quiet := range []bool{false, true} {
		l.park.quiet = quiet
		nops(t, l.ring, 3*MaxRawBatch+1, 0)
		if done := l.submitRaw(); done != quiet {
			t.Errorf("submitted: %v, in a turn that is quiet: %v", done, quiet)
		}
		if left := l.ring.Unsubmitted(); (left == 0) != quiet {
			t.Errorf("%d entries are left, in a turn that is quiet: %v", left, quiet)
		}
	}
}

// A wait that is known to be short, or was, or before which there was little to do, is none for the poller.
func TestMayPark(t *testing.T) {
	l := ownLoop(t)
	if l.park.file == nil {
		t.Skipf("loops do not park here: %v", SelfTest().Park)
	}
	const now, long, short = int64(time.Hour), int64(parkAfter), int64(parkAfter) - 1
	for _, tc := range []struct {
		last, deadline int64
		work           int
		may            bool
	}{
		{long, 0, parkWork, true}, {short, 0, parkWork, false}, {0, 0, parkWork, false}, {long, 0, parkWork - 1, false},
		{long, now + long, parkWork, true}, {long, now + short, parkWork, false}, {long, now - long, parkWork, false},
	} {
		l.park.last, l.park.work = tc.last, tc.work
		if may := l.mayPark(tc.deadline, now); may != tc.may {
			t.Errorf("last %v, until the deadline %v, work %d: %v", time.Duration(tc.last), time.Duration(tc.deadline-now), tc.work, may)
		}
	}
}

// What a loop hands over counts as work, and is forgotten by halves with each long wait.
func TestParkWork(t *testing.T) {
	l := ownLoop(t)
	nops(t, l.ring, 100, 0)
	l.park.work = 0
	if err := l.wait(l.Clock()); err != nil || l.park.work != 100 {
		t.Errorf("100 entries: %v, work %d", err, l.park.work)
	}
	l.ring.Advance(l.ring.Ready())
	for _, want := range []int{50, 25} {
		var err error
		for before := l.park.work; err == nil && l.park.work == before; { // a signal may end a wait early
			err = l.wait(l.Clock() + 2*int64(parkAfter))
		}
		if err != nil || l.park.work != want {
			t.Errorf("a long wait: %v, work %d, want %d", err, l.park.work, want)
		}
	}
}

// Where it was not seen to work no loop parks.
func TestParksWhereSeen(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	seen := SelfTest()
	defer func() { verdicts.self = seen }()
	for _, verdict := range []error{misbehaves("eventfd", "not written to"), nil} {
		other := *seen
		other.Park = verdict
		verdicts.self = &other
		if l := ownLoop(t); (l.park.file != nil) != (verdict == nil) {
			t.Errorf("the verdict is %v, parks: %t", verdict, l.park.file != nil)
		}
	}
}
