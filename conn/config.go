package conn

import (
	"math"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"
)

// Config sets up a Loop. Zero means the default, negative means none.
type Config struct {
	// Driver does the I/O; Alloc is the loop's memory. Both belong to the loop.
	Driver Driver
	Alloc  *mem.Allocator

	// Accept makes the handler of a new connection.
	Accept func(c *Conn) Handler

	// AcceptFailed is told why accepting failed (EMFILE …); the driver resumes by itself.
	AcceptFailed func(err error)

	// MaxConns is how many accepted connections are served at once; more wait unserved until
	// one ends. Default: no limit.
	MaxConns int

	// WriteTimeout is how long the peer may take for one send, which is of MaxSend bytes at most;
	// then the connection is closed. Default 30 s: a peer is put up with that takes 4.4 KB/s.
	WriteTimeout time.Duration

	// LingerTimeout is how long CloseLinger waits for the peer's end. Default 1 s.
	LingerTimeout time.Duration

	// MaxPending is how many unconsumed input bytes are kept before receiving
	// stops. It must exceed the longest message that a handler waits for in
	// one piece. Default 64 KiB.
	MaxPending int

	// HighWater and LowWater are the marks in output bytes for Congested and OnDrain.
	// Defaults 256 KiB and 64 KiB.
	HighWater, LowWater int

	// OutputChunk is the size of the leases that output is written to. Default 4 KiB.
	OutputChunk int

	// TLS secures every accepted connection: handlers are made when the handshake is over, and see
	// plaintext. Nil: none.
	TLS *tls.Engine

	// Handshakers relieve the loop when several handshakes come at once. Nil: it makes them all,
	// one first step a turn. They must be of the same engine.
	Handshakers *Handshakers

	// HandshakeFailed is told why the handshake of an accepted connection failed, which is
	// closed when it returns. An adopted one's handler is told by OnClose.
	HandshakeFailed func(c *Conn, err error)

	// HandshakeTimeout is how long a handshake may take, from the accept or AdoptTLS. Default 10 s.
	HandshakeTimeout time.Duration

	// MaxHandshakes is how many handshakes may be going on at once, some 20 KiB each; more
	// wait. Default 1024.
	MaxHandshakes int

	// MaxSend bounds one send in bytes: see WriteTimeout. Default 128 KiB.
	MaxSend int
}

func (cfg Config) withDefaults() Config {
	cfg.MaxConns = orDefault(cfg.MaxConns, math.MaxInt)
	cfg.WriteTimeout = orDefaultTime(cfg.WriteTimeout, 30*time.Second)
	cfg.LingerTimeout = orDefaultTime(cfg.LingerTimeout, time.Second)
	cfg.MaxPending = orDefault(cfg.MaxPending, 64<<10)
	cfg.HighWater = orDefault(cfg.HighWater, 256<<10)
	cfg.LowWater = orDefault(cfg.LowWater, min(64<<10, cfg.HighWater))
	cfg.OutputChunk = orDefault(cfg.OutputChunk, 4<<10)
	cfg.HandshakeTimeout = orDefaultTime(cfg.HandshakeTimeout, 10*time.Second)
	cfg.MaxHandshakes = orDefault(cfg.MaxHandshakes, 1024)
	cfg.MaxSend = orDefault(cfg.MaxSend, 128<<10)
	return cfg
}

// orDefault reads the convention of this project: 0 is the default, negative is no limit.
func orDefault(v, def int) int {
	switch {
	case v == 0:
		return def
	case v < 0:
		return math.MaxInt
	}
	return v
}

// forever is longer than a process lives and can still be added to a time.
const forever = time.Duration(math.MaxInt64 / 4)

func orDefaultTime(v, def time.Duration) time.Duration {
	switch {
	case v == 0:
		return def
	case v < 0:
		return forever
	}
	return v
}
