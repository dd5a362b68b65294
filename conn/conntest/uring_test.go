//go:build linux

package conntest_test

import (
	"testing"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/conn/conntest"
	"github.com/ringwire/ringwire/ring"
)

func uring() (conn.Driver, error) { return ring.NewLoop(ring.LoopConfig{}) }

func TestUring(t *testing.T) {
	if err := ring.Available(); err != nil {
		t.Skip(err)
	}
	t.Run("TCP", func(t *testing.T) { conntest.Run(t, conntest.Sockets("tcp", uring)) })
	t.Run("Unix", func(t *testing.T) { conntest.Run(t, conntest.Sockets("unix", uring)) })
}
