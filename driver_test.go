package ringwire

import (
	"errors"
	"strings"
	"testing"

	_ "github.com/ringwire/ringwire/internal/oldkernel"
	"github.com/ringwire/ringwire/ring"
)

// Where io_uring is refused auto serves all the same and says why; asking for uring is an
// error that says why and what to do. CI runs the tests under a filter that refuses it.
func TestDriverRefused(t *testing.T) {
	cause := ring.Available()
	if cause == nil {
		t.Skip("io_uring is available here")
	}
	s := start(t, DriverAuto, hello)
	if info := s.DriverInfo(); info.Name != DriverNetpoll || !strings.Contains(info.Reason, cause.Error()) {
		t.Errorf("auto took %+v, want netpoll because of %v", info, cause)
	}
	s.dial().get("/")

	refused := &Server{Addr: "127.0.0.1:0", Handler: HandlerFunc(hello), Config: testConfig(DriverURing)}
	err := within(patience, refused.ListenAndServe)
	_ = refused.Close()
	if e, ok := as[*ring.Error](err); !ok || e.Remedy == "" || !errors.Is(err, cause) {
		t.Errorf("asking for uring gave %v, want the cause and a remedy", err)
	}
	if addr := refused.Started(); addr != nil {
		t.Errorf("Started returned %v", addr)
	}
}

// Without a number loops are as many as suit the driver.
func TestDriverLoops(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		for _, loops := range []int{0, 1, 3} {
			s := start(t, driver, hello, func(s *Server) { s.Loops = loops })
			if n := len(s.services); loops != 0 && n != loops || n < 1 {
				t.Errorf("Loops %d: %d loops run", loops, n)
			}
			_ = s.Close()
		}
	})
}

// Drivers that were opened for nothing are given back.
func TestCloseDrivers(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		cfg := testConfig(driver)
		cfg.Loops = 3
		drivers, info, err := openDrivers(&cfg, nil)
		if err != nil || len(drivers) != 3 || info.Name != driver {
			t.Fatalf("got %d drivers, %+v, %v", len(drivers), info, err)
		}
		if err := drivers[0].Listen(mustListen(t)); err != nil {
			t.Fatal(err)
		}
		closeDrivers(drivers) // the leak check of this package sees what is left
		for _, drv := range drivers {
			if drv.Post(taskFunc(func() { t.Error("a task ran on a closed driver") })) {
				t.Error("a closed driver took a task")
			}
		}
	})
}
