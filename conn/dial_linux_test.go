package conn_test

import (
	"errors"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/ring"
)

func init() {
	dialDrivers["uring"] = func() (conn.Driver, error) {
		if err := ring.Available(); err != nil {
			return nil, errors.Join(errors.ErrUnsupported, err)
		}
		return ring.NewLoop(ring.LoopConfig{})
	}
}
