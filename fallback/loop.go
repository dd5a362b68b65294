package fallback

import (
	"errors"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/internal/flight"
)

// Task and Events are the driver contract's types: see package conn.
type (
	Task = interface{ RunTask() }

	Events = interface {
		Opened(id uint32)
		Received(id uint32, p []byte)
		Ended(id uint32, err error)
		Sent(id uint32, n int, err error)
		Closed(id uint32)
		AcceptFailed(err error)
		Turn(now int64) (deadline int64)
	}
)

// maxSendBufs is conn.MaxSendBufs.
const maxSendBufs = 16

// defaultReadBuffer is what one read can bring at most.
const defaultReadBuffer = 64 << 10

// defaultRecords is less than on io_uring: there are several loops for each processor.
const defaultRecords = 256

// Config says how a Loop works. The zero value is good.
type Config struct {
	// ReadBuffer is the size in bytes of the buffer that all connections of the loop
	// receive into; 0 = 64 KiB. At least 512.
	ReadBuffer int

	// Portable makes every connection take the path of the systems without readiness
	// (Windows and others), so that it can be tested anywhere. It costs a buffer for each
	// connection.
	Portable bool

	// Records is how many of the last events are remembered for Flight, 32 bytes each. Default
	// 256, negative none.
	Records int

	// Panicked is called when a callback has panicked, on the goroutine that it ends, before the
	// process ends with it. What panics inside Run is its caller's to see.
	Panicked func()
}

var errReadBuffer = errors.New("fallback: Config.ReadBuffer must be 0 or at least 512")

// Loop is one event loop of the driver "netpoll". See package conn, Driver, for the
// contract of its methods: which may be called from any goroutine, and which on the loop
// only.
type Loop struct {
	cfg  Config
	base time.Time // the zero of Now
	log  *flight.Log

	// Guarded by mu. Whoever lets go of it has to look at news afterwards.
	mu        sync.Mutex
	ev        Events   // nil before Run
	buf       []byte   // what Received lends
	conns     []*conn  // by id, nil = free
	free      []uint32 // ids to reuse, latest first
	listeners []*acceptor
	paused    bool        // PauseAccept
	deaf      bool        // StopAccept
	dying     bool        // Run is on its way out
	guest     *conn       // the connection on whose goroutine the turn runs, if it is one's
	agenda                // what is to be done next
	timing                // when to wake up
	sockets   socketState // of the fast path

	// For everyone.
	stopping atomic.Bool
	live     atomic.Int32         // goroutines besides Run's
	ready    atomic.Pointer[conn] // stack of connections with news
	wake     chan struct{}        // Run's alarm, holds one
	posts    postQueue
}

// NewLoop makes a loop. An error names the field of cfg that is wrong.
func NewLoop(cfg Config) (*Loop, error) {
	if cfg.ReadBuffer == 0 {
		cfg.ReadBuffer = defaultReadBuffer
	}
	if cfg.ReadBuffer < 512 {
		return nil, errReadBuffer
	}
	if cfg.Records == 0 {
		cfg.Records = defaultRecords
	}
	l := &Loop{cfg: cfg, base: time.Now(), wake: make(chan struct{}, 1)}
	l.log = flight.New(cfg.Records, l.base)
	return l, nil
}

// Name is "netpoll".
func (l *Loop) Name() string { return "netpoll" }

// Now is the time of the running turn in nanoseconds since the loop was made.
func (l *Loop) Now() int64 { return l.now }

// Clock is the time as it is now, on Now's scale.
func (l *Loop) Clock() int64 { return int64(time.Since(l.base)) }

// Stop makes Run close everything and return. From any goroutine.
func (l *Loop) Stop() {
	l.stopping.Store(true)
	l.kick()
}

// kick wakes Run's goroutine.
func (l *Loop) kick() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run runs the loop until Stop.
func (l *Loop) Run(ev Events) error {
	l.enter()
	l.ev = ev
	l.buf = make([]byte, l.cfg.ReadBuffer)
	l.timer = time.NewTimer(time.Hour)
	l.force = true
	for _, a := range l.listeners {
		a.start()
	}
	l.leave()
	for !l.stopping.Load() {
		fired := l.wait()
		for l.hostTurns(fired) && !l.stopping.Load() {
			fired = false
			runtime.Gosched() // on one processor nobody else would hear of new readiness
		}
	}
	l.shutdown()
	return nil
}

// wait blocks until there may be something to do, and tells whether the timer fired.
func (l *Loop) wait() (fired bool) {
	select {
	case <-l.wake:
		return false
	case <-l.timer.C:
		return true
	}
}

// hostTurns runs turns on Run's goroutine, for a bounded time. It tells whether there is
// more to do.
func (l *Loop) hostTurns(fired bool) bool {
	l.enter()
	if fired {
		l.armed = 0
	}
	l.due()
	more := l.turns(hostBudget)
	l.mu.Unlock()
	return more || l.news()
}

// shutdown closes everything and waits for the last goroutine.
func (l *Loop) shutdown() {
	l.enter()
	l.dying = true
	l.stopAccept()
	for _, c := range l.conns {
		if c != nil {
			l.Close(c.id)
		}
	}
	l.leave()
	for l.live.Load() > 0 {
		if l.hostTurns(false) {
			runtime.Gosched()
		} else if l.live.Load() > 0 {
			<-l.wake
		}
	}
	// Only now, because a task may post itself again for as long as it is let.
	for l.posts.close(); l.hostTurns(false); {
	}
	l.timer.Stop()
}

// spawn starts one of the loop's goroutines.
func (l *Loop) spawn(f func()) {
	l.live.Add(1)
	go func() {
		ended := false
		defer func() {
			if !ended && l.cfg.Panicked != nil {
				l.cfg.Panicked()
			}
		}()
		f()
		ended = true
		if l.live.Add(-1) == 0 && l.stopping.Load() {
			l.kick()
		}
	}()
}

// RemoteAddr is the peer's address, LocalAddr ours: zero if it is not an IP address.
func (l *Loop) RemoteAddr(id uint32) netip.AddrPort {
	if c := l.lookup(id); c != nil {
		return addrPort(c.nc.RemoteAddr())
	}
	return netip.AddrPort{}
}

// LocalAddr is the address on our side.
func (l *Loop) LocalAddr(id uint32) netip.AddrPort {
	if c := l.lookup(id); c != nil {
		return addrPort(c.nc.LocalAddr())
	}
	return netip.AddrPort{}
}

func addrPort(a net.Addr) netip.AddrPort {
	t, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := t.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}
