package conn

import (
	"time"

	"github.com/ringwire/ringwire/internal/flight"
)

// logOf is what a driver records in, if it does. For one that does not there is a log which keeps
// nothing, so that nobody needs to ask.
func logOf(drv Driver) *flight.Log {
	if d, ok := drv.(interface{ Log() *flight.Log }); ok {
		return d.Log()
	}
	return flight.New(0, time.Now())
}

// Handling notes that a handler of the application's is called next, so that it can be named if
// it does not return. On the loop.
func (l *Loop) Handling(m *flight.Mark) { l.log.Enter(m) }

// Doing is what the loop is doing, and for how long: since its turn began, or since it has slept. Safe
// from any goroutine.
func (l *Loop) Doing() (d flight.Doing, since time.Duration) {
	d = l.log.Doing()
	return d, max(0, time.Duration(l.log.Clock()-d.Since))
}

// Flight is what the driver has recorded last, oldest first, and how many records there have been in
// all: nothing if it does not record. Safe from any goroutine.
func (l *Loop) Flight() (list []flight.Record, total uint64) {
	if d, ok := l.drv.(interface {
		Flight() ([]flight.Record, uint64)
	}); ok {
		return d.Flight()
	}
	return nil, 0
}

// State is what the loop is doing. Safe from any goroutine.
func (l *Loop) State() flight.State { return l.log.Doing().State }
