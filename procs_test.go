package ringwire

import (
	"fmt"
	"runtime"
	"testing"
)

// setProcs sets GOMAXPROCS for a test. Servers of other tests have ended.
func setProcs(t *testing.T, n int) {
	old := runtime.GOMAXPROCS(n)
	t.Cleanup(func() { runtime.GOMAXPROCS(old) })
}

func wantProcs(t *testing.T, n int, when string) {
	t.Helper()
	if got := runtime.GOMAXPROCS(0); got != n {
		t.Errorf("%s: GOMAXPROCS is %d, want %d", when, got, n)
	}
}

func TestPlaces(t *testing.T) {
	setProcs(t, 2)
	takePlaces(1)
	wantProcs(t, 2, "one loop of two places")
	takePlaces(1)
	wantProcs(t, 3, "two loops")
	takePlaces(5)
	wantProcs(t, 3, "seven loops: one place is enough for the rest of the process")
	leavePlaces(5)
	wantProcs(t, 3, "two loops are left")
	leavePlaces(2)
	wantProcs(t, 2, "all have ended")
}

func TestPlacesChangedMeanwhile(t *testing.T) {
	setProcs(t, 1)
	takePlaces(1)
	runtime.GOMAXPROCS(4)
	leavePlaces(1)
	wantProcs(t, 4, "somebody else has set it")
}

// TestServerPlaces is about servers: each driver, and the switch.
func TestServerPlaces(t *testing.T) {
	for _, tc := range []struct {
		driver string
		keep   bool
		want   int
	}{
		{DriverURing, false, 2},
		{DriverURing, true, 1},
		{DriverNetpoll, false, 1}, // its loops hold no thread
	} {
		t.Run(fmt.Sprintf("%s/%v", tc.driver, tc.keep), func(t *testing.T) {
			needDriver(t, tc.driver)
			setProcs(t, 1)
			s := start(t, tc.driver, hello, func(s *Server) { s.KeepProcs = tc.keep })
			wantProcs(t, tc.want, "while it serves")
			s.Close()
			wantProcs(t, 1, "when it has ended")
		})
	}
}
