package ringwire

import (
	"errors"
	"runtime"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/fallback"
)

// DriverInfo says which driver a server runs on.
type DriverInfo struct {
	Name   string `json:"name"`   // DriverURing or DriverNetpoll
	Reason string `json:"reason"` // why this one
}

// openDrivers makes a driver for each loop. With DriverAuto it settles for netpoll where
// io_uring cannot be had, before anything is served, and says why.
//
// panicked is called before a panic in a callback ends the process, where the driver has other
// goroutines than those that run it.
func openDrivers(cfg *Config, panicked func()) ([]conn.Driver, DriverInfo, error) {
	if cfg.Driver == DriverNetpoll {
		drivers, err := openNetpoll(cfg, panicked)
		return drivers, DriverInfo{DriverNetpoll, "asked for by Config.Driver"}, err
	}
	drivers, err := openURing(cfg)
	var bad *ConfigError
	switch {
	case errors.As(err, &bad):
		return nil, DriverInfo{}, err
	case err == nil && cfg.Driver == DriverURing:
		return drivers, DriverInfo{DriverURing, "asked for by Config.Driver"}, nil
	case err == nil:
		return drivers, DriverInfo{DriverURing, "the kernel has what is needed and passed the self-test"}, nil
	case cfg.Driver == DriverURing:
		return nil, DriverInfo{}, err
	}
	drivers, nerr := openNetpoll(cfg, panicked)
	return drivers, DriverInfo{DriverNetpoll, "io_uring cannot be used: " + err.Error()}, nerr
}

// netpollShards is the number of netpoll loops per processor: each is a lock, not a thread, and
// more of them meet less often.
const netpollShards = 4

func openNetpoll(cfg *Config, panicked func()) ([]conn.Driver, error) {
	var drivers []conn.Driver
	for range cfg.loops(netpollShards * runtime.GOMAXPROCS(0)) {
		drv, err := fallback.NewLoop(fallback.Config{Records: cfg.FlightRecords, Panicked: panicked})
		if err != nil {
			closeDrivers(drivers)
			return nil, err
		}
		drivers = append(drivers, drv)
	}
	return drivers, nil
}

// nobody is the Events of a driver that is closed before it served.
type nobody struct{}

func (nobody) Opened(uint32)           {}
func (nobody) Received(uint32, []byte) {}
func (nobody) Ended(uint32, error)     {}
func (nobody) Sent(uint32, int, error) {}
func (nobody) Closed(uint32)           {}
func (nobody) AcceptFailed(error)      {}
func (nobody) Turn(int64) int64        { return 0 }

// closeDrivers gives back drivers that will not be run.
func closeDrivers(drivers []conn.Driver) {
	for _, drv := range drivers {
		drv.Stop()
		_ = drv.Run(nobody{})
	}
}
