package ringwire

import (
	"fmt"
	"log/slog"
	"runtime"
	"strconv"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// Driver names for Config.Driver.
const (
	DriverAuto    = "auto"    // uring where it is available and passes its self-test, else netpoll
	DriverURing   = "uring"   // Linux io_uring, kernel 6.1 and later; an error where it cannot be had
	DriverNetpoll = "netpoll" // Go's netpoll, everywhere
)

// Config tunes a Server. The zero value is ready for production. In every field 0 means
// the documented default. In limits and timeouts a negative value means none, but for a
// head, which ends at 60 KiB in any case; Loops cannot be negative. It must not be changed
// once the server has been started.
type Config struct {
	// How it runs.

	Driver string // DriverAuto (default), DriverURing or DriverNetpoll
	Loops  int    // event loops; default GOMAXPROCS-1, at least 1 (uring), or 4×GOMAXPROCS shards (netpoll)

	// RestrictRing has the kernel refuse everything on the loops' rings that ringwire does not use, for good: opening
	// files, connecting, registering others' descriptors. A seccomp filter does not see what goes through a ring; this
	// closes that way. Where the kernel does not take it, DriverAuto takes netpoll and says why. Default off.
	RestrictRing bool

	// KeepProcs leaves GOMAXPROCS alone. By default it is raised by one while there are at least as many
	// loops on io_uring, so that the rest of the program never waits for a loop.
	KeepProcs bool

	// CPUs are processors for loops on io_uring: the first loop stays on the first of them, and so on, round and round.
	// Default: wherever the system puts them. A loop is punctual that way when others are kept from
	// its processor: docs/TICKS.md. Loops on netpoll are goroutines like others, whom this leaves alone.
	CPUs []int

	// Coalesce is how long a busy loop on io_uring may keep a request waiting for others: it is woken for many at
	// once then, and each costs less. It does so only where a loop has 4 requests and more each time that it wakes,
	// where not less comes in for it, and no tick is near: so long, or half. Default 200 µs, from Linux 6.12 on;
	// negative never; more than 10 ms is an error.
	Coalesce time.Duration

	// Logger receives the server's events. Default slog.Default().
	Logger *slog.Logger

	// DisablePooling gives every buffer a fresh allocation: slow, but it rules buffer
	// reuse in or out when memory looks wrong.
	DisablePooling bool

	// How long it waits.

	ReadHeaderTimeout time.Duration // from the first byte of a head, or the accept, to its end; default 10 s
	HandshakeTimeout  time.Duration // for a TLS handshake, from the accept; default 10 s
	IdleTimeout       time.Duration // between requests; default 60 s
	WriteTimeout      time.Duration // for the peer to take 128 KiB of the output, or what there is of it; default 30 s
	BodyMinRate       int           // bytes per second a request body must arrive with, after 5 s of grace; default 1024

	// How much it takes.

	// MaxConns is how many connections are served at once; more wait. Default no limit. Each loop
	// has an equal share of it and does not know of the others', so that with few connections
	// for each one may have some wait while others have room. There are never more loops than
	// connections.
	MaxConns int

	MaxRequestLine int // bytes of the request line, else 414; default 8 KiB
	MaxHeaderBytes int // bytes of request line and fields, else 431; default 16 KiB
	MaxHeaders     int // number of fields, else 431; default 100

	// BodyBuffer is the size up to which a body is collected before the handler is
	// called, in bytes. Default 1 MiB.
	BodyBuffer int

	// MaxBody is the size above which a body is refused with 413, in bytes. Default:
	// BodyBuffer, so that every handler finds its body whole. When it is larger,
	// bodies between the two are streamed: the handler is called with the head, and reads
	// from a Blocking handler or with Body.Stream.
	MaxBody int64

	// MaxDecoded is the size above which a body that Body.Decode decodes is refused with 413, in
	// bytes. Default: 8×BodyBuffer, because a whole body is kept in memory; for bodies that are
	// streamed, MaxBody if that is more.
	MaxDecoded int64

	// MaxDecodeRatio is how many bytes a body may become for each byte that was sent, once it
	// has become 1 MiB, else 413. Default 200. Text seldom exceeds 20, a bomb of zeros has 1000 and more.
	MaxDecodeRatio int

	// JSON is how JSON is encoded and decoded. Default: encoding/json; bodies that are not UTF-8 or
	// nested more than 1000 deep are refused. As it does, names match in any case, and of equal names the
	// last counts: a codec that is strict, such as json/v2's, is set here.
	JSON JSONCodec

	// What memory it uses, and how it is watched. docs/MEMORY.md says what to do about a report.

	// MemoryLimit bounds the bytes that each loop maps for buffers, and Blocking handlers together
	// likewise. Beyond it buffers come from the Go heap: it shows a mistake and refuses nobody. Default
	// 1 GiB, or 256 MiB where an int has 32 bits.
	MemoryLimit int64

	HugePages  bool // back buffers by huge pages where the system has them: 2 MiB for the first byte of each size
	LockMemory bool // keep buffers in memory (mlock), where RLIMIT_MEMLOCK allows it

	// SampleLeases has every so-manieth buffer remembered, with the stack of who took it, while it
	// is out: 1000 is unnoticeable, 1 finds a leak at once. Default none.
	SampleLeases int

	// Ballast is how many bytes the garbage collector takes for live that are not there, for the rest of the process's
	// life: a small heap is not collected each time that 4 MiB of garbage have been made, but
	// Ballast + 4 MiB. None of it is touched; the garbage is memory, until it is collected. Of
	// GOMEMLIMIT, if set, it takes a 16th at most. Default 32 MiB, or 8 MiB where an int has 32 bits.
	Ballast int

	SuspectAfter time.Duration // how long a remembered buffer may be out before it is reported; default 5 min
	HealthEvery  time.Duration // how often memory is looked at and trouble logged; default 1 min

	// What is known when something hangs. docs/DEBUGGING.md shows how to read it.

	// FlightRecords is how many of its last operations each loop remembers, 32 bytes each, for Flight and
	// WriteFlight. Default 256; more than 1048576 is an error.
	FlightRecords int

	// StuckAfter is how long a loop may be in one handler before that is logged, with the handler's name and
	// the stack, and counted in Stats. It is noticed up to a quarter later. Default 1 s.
	StuckAfter time.Duration

	// How much work may wait for Blocking handlers.

	Workers   int // goroutines at once; default 64×GOMAXPROCS
	WorkQueue int // requests waiting for one, else 503; default 4×Workers

	// HandshakeWorkers are goroutines that make TLS handshakes when several clients come at once. Negative is none:
	// each loop makes one step of a handshake a turn. Default: the processors that the loops leave,
	// but one.
	HandshakeWorkers int
}

// ConfigError names the field of a Config or Server that cannot be used, and why.
type ConfigError struct {
	Field  string
	Reason string
}

func (e *ConfigError) Error() string {
	return "ringwire: bad config: " + e.Field + ": " + e.Reason
}

// loops is the number of loops, given a driver's default.
func (cfg *Config) loops(def int) int {
	if cfg.Loops != 0 {
		def = cfg.Loops
	}
	if cfg.MaxConns > 0 {
		def = min(def, cfg.MaxConns)
	}
	return def
}

const (
	maxRecords  = 1 << 20
	maxCoalesce = 10 * time.Millisecond
)

const noLimit = int(^uint(0) >> 2)

func (cfg Config) withDefaults() (Config, error) {
	switch cfg.Driver {
	case "":
		cfg.Driver = DriverAuto
	case DriverAuto, DriverURing, DriverNetpoll:
	default:
		return cfg, &ConfigError{"Driver", fmt.Sprintf("%q is none of %q, %q, %q", cfg.Driver, DriverAuto, DriverURing, DriverNetpoll)}
	}
	if cfg.Loops < 0 || cfg.Loops > 1024 {
		return cfg, &ConfigError{"Loops", fmt.Sprintf("%d is not between 0 (default) and 1024", cfg.Loops)}
	}
	if cfg.Coalesce > maxCoalesce {
		return cfg, &ConfigError{"Coalesce", fmt.Sprintf("%v is above %v", cfg.Coalesce, maxCoalesce)}
	}
	if defaultInt(&cfg.Ballast, ballast); cfg.Ballast == noLimit {
		cfg.Ballast = 0
	}
	if cfg.FlightRecords > maxRecords {
		return cfg, &ConfigError{"FlightRecords", fmt.Sprintf("%d is above %d", cfg.FlightRecords, maxRecords)}
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	defaultTime(&cfg.ReadHeaderTimeout, 10*time.Second)
	defaultTime(&cfg.HandshakeTimeout, 10*time.Second)
	defaultTime(&cfg.IdleTimeout, 60*time.Second)
	defaultTime(&cfg.WriteTimeout, 30*time.Second)
	defaultTime(&cfg.SuspectAfter, 5*time.Minute)
	defaultTime(&cfg.HealthEvery, time.Minute)
	defaultTime(&cfg.StuckAfter, time.Second)
	if defaultInt(&cfg.BodyMinRate, 1024); cfg.BodyMinRate == noLimit {
		cfg.BodyMinRate = 0 // no limit on slowness
	}
	defaultInt(&cfg.MaxConns, noLimit)
	defaultInt(&cfg.BodyBuffer, 1<<20)
	defaultInt(&cfg.Workers, 64*runtime.GOMAXPROCS(0))
	defaultInt(&cfg.WorkQueue, 4*min(cfg.Workers, 1<<20))
	switch {
	case cfg.MaxBody == 0:
		cfg.MaxBody = int64(cfg.BodyBuffer)
	case cfg.MaxBody < 0:
		cfg.MaxBody = int64(^uint64(0) >> 1)
	}
	if cfg.MaxBody < int64(cfg.BodyBuffer) {
		cfg.BodyBuffer = int(cfg.MaxBody)
	}
	if cfg.MaxHeaderBytes < 0 {
		cfg.MaxHeaderBytes = maxHead
	}
	if cfg.MaxHeaderBytes > maxHead {
		return cfg, &ConfigError{"MaxHeaderBytes", fmt.Sprintf("%d is above %d: a head is parsed in one piece", cfg.MaxHeaderBytes, maxHead)}
	}
	return cfg, nil
}

// memory is the configuration of the server's allocators.
func (cfg *Config) memory() mem.Config {
	return mem.Config{
		Heap: cfg.DisablePooling, Limit: cfg.MemoryLimit, HugePages: cfg.HugePages, Lock: cfg.LockMemory,
		SampleEvery: cfg.SampleLeases,
	}
}

// maxHead is the largest head that can be asked for. It must lie in one piece, and no more
// than conn.Config.MaxPending (64 KiB) is kept for that.
const maxHead = 60 << 10

// ballast is the default of Config.Ballast: address space is scarce where an int has 32 bits.
const ballast = 8 << 20 << (strconv.IntSize / 64 * 2)

// defaultInt reads the convention of Config: 0 is the default, negative is none.
func defaultInt(v *int, def int) {
	switch {
	case *v == 0:
		*v = def
	case *v < 0 || *v > noLimit:
		*v = noLimit
	}
}

// forever is longer than a process lives and can still be added to a time.
const forever = time.Duration(1 << 61)

func defaultTime(v *time.Duration, def time.Duration) {
	switch {
	case *v == 0:
		*v = def
	case *v < 0 || *v > forever:
		*v = forever
	}
}
