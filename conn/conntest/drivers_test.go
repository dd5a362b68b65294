package conntest_test

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/conn/conntest"
	"github.com/ringwire/ringwire/conn/conntest/sim"
	"github.com/ringwire/ringwire/fallback"
	_ "github.com/ringwire/ringwire/internal/oldkernel"
)

func netpoll(cfg fallback.Config) func() (conn.Driver, error) {
	return func() (conn.Driver, error) { return fallback.NewLoop(cfg) }
}

// unix runs the suite over unix sockets.
func unix(t *testing.T, driver func() (conn.Driver, error)) {
	if testing.Short() {
		t.Skip("beyond addresses it is the code that TCP takes, and as long")
	}
	conntest.Run(t, conntest.Sockets("unix", driver))
}

func TestNetpoll(t *testing.T) {
	t.Run("TCP", func(t *testing.T) { conntest.Run(t, conntest.Sockets("tcp", netpoll(fallback.Config{}))) })
	t.Run("Unix", func(t *testing.T) { unix(t, netpoll(fallback.Config{})) })
	t.Run("SmallBuffer", func(t *testing.T) {
		if checked && testing.Short() {
			t.Skip("it is the code of TCP, and takes minutes")
		}
		conntest.Run(t, conntest.Sockets("tcp", netpoll(fallback.Config{ReadBuffer: 512})))
	})
}

// TestNetpollPortable runs what other systems run, on this one.
func TestNetpollPortable(t *testing.T) {
	cfg := fallback.Config{Portable: true}
	t.Run("TCP", func(t *testing.T) { conntest.Run(t, conntest.Sockets("tcp", netpoll(cfg))) })
	t.Run("Unix", func(t *testing.T) { unix(t, netpoll(cfg)) })
	t.Run("Pipe", func(t *testing.T) { conntest.Run(t, conntest.Pipes(netpoll(cfg))) })
}

func TestSim(t *testing.T) {
	t.Run("Calm", func(t *testing.T) { conntest.Run(t, conntest.Simulated(1, sim.Faults{})) })
	for _, seed := range seeds(t) {
		t.Run(fmt.Sprintf("Rough/%d", seed), func(t *testing.T) {
			conntest.Run(t, conntest.Simulated(seed, sim.Rough))
		})
	}
}

// seeds are 1 to 8, or to RINGWIRE_SIM_SEEDS, or the one of RINGWIRE_SIM_SEED.
func seeds(t *testing.T) []uint64 {
	if seed, ok := number(t, "RINGWIRE_SIM_SEED"); ok {
		return []uint64{seed}
	}
	n, ok := number(t, "RINGWIRE_SIM_SEEDS")
	if !ok {
		n = 8
		if testing.Short() {
			n = 2
		}
	}
	var list []uint64
	for seed := uint64(1); seed <= n; seed++ {
		list = append(list, seed)
	}
	return list
}

// number reads an environment variable.
func number(t *testing.T, name string) (n uint64, ok bool) {
	v := os.Getenv(name)
	if v == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(v, 0, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n, true
}
