package ringwire

import (
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/ring"
	"golang.org/x/sys/unix"
)

// Processors that are not there end the start on io_uring, and do not make DriverAuto settle for netpoll, whose loops
// stay on no processor.
func TestCPUs(t *testing.T) {
	for _, tc := range []struct {
		driver string
		cpus   []int
		bad    bool
	}{
		{DriverURing, []int{1023}, true},
		{DriverURing, []int{-1}, true},
		{DriverAuto, []int{1023}, true},
		{DriverNetpoll, []int{1023}, false},
	} {
		if tc.driver != DriverNetpoll {
			needDriver(t, DriverURing)
		}
		s := &Server{Addr: "127.0.0.1:0", Handler: HandlerFunc(hello), Config: Config{Driver: tc.driver, CPUs: tc.cpus}}
		if !tc.bad {
			start(t, tc.driver, hello, func(s *Server) { s.CPUs = tc.cpus }).Close()
			continue
		}
		err := s.ListenAndServe()
		var bad *ConfigError
		if !errors.As(err, &bad) || bad.Field != "CPUs" || !strings.Contains(err.Error(), "Cpus_allowed_list") {
			t.Errorf("%s, %v: %v, want a ConfigError of CPUs with a remedy", tc.driver, tc.cpus, err)
		}
	}
}

// Each loop has one processor of the list, round and round; others are left alone.
func TestCPUsOfLoops(t *testing.T) {
	needDriver(t, DriverURing)
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		t.Fatal(err)
	}
	cpu := 0
	for !all.IsSet(cpu) {
		cpu++
	}
	s := start(t, DriverURing, hello, func(s *Server) { s.Loops, s.CPUs = 3, []int{cpu, cpu} })
	defer s.Close()
	for _, svc := range s.services {
		done := make(chan struct{})
		svc.loop.Post(taskFunc(func() {
			defer close(done)
			var on unix.CPUSet
			if err := unix.SchedGetaffinity(0, &on); err != nil || on.Count() != 1 || !on.IsSet(cpu) {
				t.Errorf("%v: a loop may run on %d processors, want processor %d alone", err, on.Count(), cpu)
			}
		}))
		<-done
	}
	var rest unix.CPUSet
	if err := unix.SchedGetaffinity(0, &rest); err != nil || rest != all {
		t.Errorf("%v: others of the process may run on %d processors, want %d", err, rest.Count(), all.Count())
	}
}

// A server that serves has the collector spare small heaps.
func TestBallastOfServer(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, func(s *Server) { s.Ballast = mem.Ballast(0) + 1<<20 })
		defer s.Close()
		if got := mem.Ballast(0); got < s.Ballast {
			t.Errorf("%d bytes of ballast, want %d", got, s.Ballast)
		}
	})
	for given, want := range map[int]int{0: ballast, -1: 0, 5: 5} {
		cfg, err := Config{Ballast: given}.withDefaults()
		if err != nil || cfg.Ballast != want {
			t.Errorf("Ballast %d: %d, %v, want %d", given, cfg.Ballast, err, want)
		}
	}
	if ballast != 32<<20 && strconv.IntSize == 64 {
		t.Errorf("the default is %d bytes", ballast)
	}
}

// Config.Coalesce is the loops'.
func TestCoalesce(t *testing.T) {
	needDriver(t, DriverURing)
	if err := ring.SelfTest().Coalesce; err != nil {
		t.Skip(err)
	}
	for most, want := range map[time.Duration]time.Duration{0: 200 * time.Microsecond, time.Millisecond: time.Millisecond, -1: 0} {
		s := start(t, DriverURing, hello, func(s *Server) { s.Coalesce = most })
		s.onLoop(func(svc *service) {
			if got := svc.loop.Driver().(*ring.Loop).Stats().Coalesce; got != want {
				t.Errorf("%v: a loop waits for %v, want %v", most, got, want)
			}
		})
		s.Close()
	}
}
