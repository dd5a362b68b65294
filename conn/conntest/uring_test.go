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
	// Queues that are always full and buffers that run out: SQ and CQ overflow and
	// ENOBUFS are states, not errors.
	t.Run("Tiny", func(t *testing.T) {
		conntest.Run(t, conntest.Sockets("tcp", func() (conn.Driver, error) {
			return ring.NewLoop(ring.LoopConfig{Entries: 4, Buffers: 2, BufferSize: 256})
		}))
	})
	// As where the kernel was seen to lose resets.
	t.Run("Watch", func(t *testing.T) {
		conntest.Run(t, conntest.Sockets("tcp", func() (conn.Driver, error) {
			return ring.NewLoop(ring.LoopConfig{WatchEnds: true})
		}))
	})
	// The kernel refuses what the driver is not known to need: nothing may be missing.
	t.Run("Restricted", func(t *testing.T) {
		if checked && testing.Short() {
			t.Skip("it is the code of TCP, and takes minutes")
		}
		conntest.Run(t, conntest.Sockets("tcp", func() (conn.Driver, error) {
			return ring.NewLoop(ring.LoopConfig{Restrict: true})
		}))
	})
	t.Run("Unix", func(t *testing.T) { unix(t, uring) })
}
