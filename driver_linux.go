package ringwire

import (
	"runtime"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/ring"
)

// openURing makes an io_uring loop for each of cfg.Loops, or says what stands in the way.
func openURing(cfg *Config) ([]conn.Driver, error) {
	if err := ring.Available(); err != nil {
		return nil, err
	}
	if err := ring.CheckCPUs(cfg.CPUs); err != nil {
		return nil, &ConfigError{"CPUs", err.Error()}
	}
	var drivers []conn.Driver
	for i := range cfg.loops(max(1, runtime.GOMAXPROCS(0)-1)) {
		var on []int
		if n := len(cfg.CPUs); n > 0 {
			on = cfg.CPUs[i%n : i%n+1]
		}
		drv, err := ring.NewLoop(ring.LoopConfig{CPUs: on, Records: cfg.FlightRecords, Restrict: cfg.RestrictRing, Coalesce: cfg.Coalesce})
		if err != nil {
			closeDrivers(drivers)
			return nil, err
		}
		drivers = append(drivers, drv)
	}
	return drivers, nil
}
