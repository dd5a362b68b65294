//go:build linux

package ring

import (
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/flight"
)

// Task and Events are the driver contract's types, spelled here so that this package
// does not depend on the one that uses it: see package conn, Driver.
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

// What a Loop has when nothing else is asked for, and memory is not short.
const (
	DefaultEntries = 1024
	DefaultBuffers = 512
)

// LoopConfig sets up a Loop. Zero means the default.
type LoopConfig struct {
	// Entries is the size of the submission queue; the completion queue has four times
	// as many. Default 1024.
	Entries uint32

	// Buffers and BufferSize describe the receive buffers that all connections of the
	// loop share: a power of two of them, each of that many bytes. They are mapped and
	// present from the start. Default 512 of 4 KiB. When memory is short there may be
	// fewer: LoopStats tells.
	Buffers    uint32
	BufferSize uint32

	// WatchEnds has each connection polled for its peer's end beside the receive, which
	// costs a request for each connection. A loop does so anyway where [SelfTest] saw the
	// kernel lose one.
	WatchEnds bool

	// CPUs are the processors on which the loop's thread runs. Default: where the process may.
	// Processors that are not there are left out; when none is left Run fails, as CheckCPUs does.
	CPUs []int

	// Records is how many of the last submissions and completions are remembered for Flight, 32
	// bytes each. Default 256, negative none.
	Records int

	// Coalesce is how long a loop under load may keep a completion waiting for others, so that it is woken for many
	// at once. Default 200 µs, from Linux 6.12 on; negative never.
	Coalesce time.Duration

	// Restrict has the kernel refuse what the loop does not need of its ring, for as long as the ring lives.
	Restrict bool
}

// LoopStats count what a Loop met that is handled, and worth knowing.
type LoopStats struct {
	Entries uint32 // of the submission queue, and
	Buffers uint32 // receive buffers: less than was asked for when memory was short

	Coalesce time.Duration // how long it may keep a completion waiting, 0: never, or not here

	Turns     uint64 // times around the loop, one enter each
	NoBuffers uint64 // receives that found the buffer group empty and were started again
	Overflows uint64 // turns in which completions waited in the kernel because the queue was full
	Yields    uint64 // times that a busy loop let Go's scheduler choose who runs
	Coalesced uint64 // waits for many completions at once
}

// Loop is the driver "uring": it accepts, receives and sends for any number of
// connections on one ring, on one thread. Package conn documents its methods, as
// Driver, and when they may be called.
type Loop struct {
	ring *Ring
	log  *flight.Log // the ring's
	bufs *BufRing
	ev   Events
	now  int64
	cpus []int // LoopConfig.CPUs
	base time.Time
	mono int64 // base on CLOCK_MONOTONIC, in nanoseconds

	deadline int64 // what the last Turn returned
	yielded  yielding
	coalesce coalescing

	slots  []slot
	free   []uint32 // ids to reuse, latest first
	rearm  []uint32 // receivers that ran out of buffers after some
	hungry []uint32 // receivers that found no buffer at all
	sent   []uint32 // empty sends, which end without the kernel
	spare  []*gather

	listeners []*listener
	watch     bool  // a receive may miss the peer's reset: see loop_watch.go
	accepting bool  // not paused
	deaf      bool  // StopAccept came
	retryAt   int64 // when to accept again after a failure, 0 = now
	backoff   time.Duration

	stats    LoopStats
	live     int // slots in use
	inflight int // requests of listeners and of the wake-up
	inbox    inbox
	park     parker
	stopping atomic.Bool
	dying    bool // Stop was seen: slots are being closed

	broken  error // why nothing can be submitted any more
	nowhere SQE   // what is prepared nevertheless
}

// The operation that a completion belongs to, in the top byte of its user data. Below
// are 24 bits of generation and 32 of slot, never a pointer: a late completion of a slot
// that was reused is recognised, not followed.
const (
	opAccept uint64 = iota + 1
	opRecv
	opSend
	opClose
	opCancel       // of a receive or send: only failures are reported
	opCancelAccept // likewise, and nobody waits for them
	opWake
	opWatch
	opAlarm      // a timeout: see loop_park.go
	opAlarmMoved // its change: nobody waits for it
)

func userData(op uint64, gen, id uint32) uint64 {
	return op<<56 | uint64(gen&genMask)<<32 | uint64(id)
}

const genMask = 1<<24 - 1

// recvGroup is the loop's only buffer group.
const recvGroup = 0

// NewLoop makes a loop and its ring. The error is an *Error that names cause and
// remedy; what [Available] refuses is refused here, too.
func NewLoop(cfg LoopConfig) (*Loop, error) {
	if err := Available(); err != nil {
		return nil, err
	}
	if cfg.Entries == 0 {
		cfg.Entries = DefaultEntries
	}
	if cfg.Buffers == 0 {
		cfg.Buffers = DefaultBuffers
	}
	if cfg.BufferSize == 0 {
		cfg.BufferSize = 4 << 10
	}
	if cfg.Records == 0 {
		cfg.Records = 256
	}
	// The thread that runs the loop is not known yet: it enables the ring.
	r, err := New(Config{Entries: cfg.Entries, Flags: SetupRDisabled})
	if err != nil {
		return nil, err
	}
	l := &Loop{ring: r, base: time.Now(), cpus: cfg.CPUs, accepting: true, inbox: inbox{fd: -1}}
	r.log, r.looped = flight.New(cfg.Records, l.base), true
	l.log = r.log
	l.watch = cfg.WatchEnds || SelfTest().Reset != nil
	l.mono = monotonic() - l.Clock() // late by what lies between two looks at the clock
	if l.bufs, err = newBuffers(r, cfg.Buffers, cfg.BufferSize); err == nil {
		err = l.inbox.open()
	}
	if err == nil {
		l.park.open(r)
		l.coalesce.init(r, cfg.Coalesce)
	}
	if err == nil && cfg.Restrict {
		err = r.restrict(loopNeeds)
	}
	if err != nil {
		l.release()
		return nil, err
	}
	return l, nil
}

// minBuffers is how few buffers a loop puts up with when memory is short: the ring of
// their names is one page then, and a page has room for so many.
const minBuffers = 256

// newBuffers provides the receive buffers: fewer when memory is short. That is found out
// here, before anything is served, when another driver can still be taken.
func newBuffers(r *Ring, n, size uint32) (*BufRing, error) {
	for {
		bufs, err := r.NewBufRing(BufRingConfig{Group: recvGroup, Entries: n, Size: size, Populate: true})
		if err == nil || !errors.Is(err, unix.ENOMEM) {
			return bufs, err
		}
		if n /= 2; n < minBuffers {
			e := setupError(unix.ENOMEM)
			e.Op = "receive buffers"
			return nil, e
		}
	}
}

// Name is "uring".
func (l *Loop) Name() string { return "uring" }

// Now is the time of the running turn, in nanoseconds since the loop was made.
func (l *Loop) Now() int64 { return l.now }

// Stats returns the counters. On the loop only.
func (l *Loop) Stats() LoopStats {
	st := l.stats
	st.Entries, st.Buffers, st.Coalesce = l.ring.SQEntries(), uint32(l.bufs.Len()), l.coalesce.most
	return st
}

// Stop makes Run close everything and return. From any goroutine.
func (l *Loop) Stop() {
	l.stopping.Store(true)
	l.kick()
}

// Run runs the loop on the calling goroutine, locked to its thread, until Stop.
func (l *Loop) Run(ev Events) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer l.release()
	var on affinity
	defer on.leave()
	l.ev = ev
	err := on.keepTo(l.cpus)
	if err == nil {
		err = l.begin()
	}
	if err != nil {
		l.abandon(err)
		return err
	}
	for {
		l.inbox.run() // it takes notice of a kick, so that it comes before the look at what Stop kicks for
		if l.stopping.Load() && l.die() {
			l.inbox.runAll()
			return nil
		}
		l.deadline = ev.Turn(l.now)
		if l.busy() {
			continue
		}
		if err := l.wait(l.deadline); err != nil {
			l.abandon(err)
			return err
		}
		l.drain()
	}
}

// begin binds the ring to this thread and starts what runs all the time.
func (l *Loop) begin() error {
	if err := l.ring.EnableRings(); err != nil {
		return err
	}
	// Sparing the descriptor's lookup is worth having, not failing for.
	_ = l.ring.RegisterRingFD()
	l.now = l.Clock()
	l.log.Wake(l.now)
	l.armWake()
	l.armAccept()
	return nil
}

// Clock is the time as it is now, on Now's scale.
func (l *Loop) Clock() int64 { return int64(time.Since(l.base)) }

// sqe returns a free submission entry. A full queue is handed over first: entries
// complete into the completion queue, which is four times as long and overflows into the
// kernel's memory. When nothing can be submitted any more the entry leads nowhere, and
// the next wait ends Run.
func (l *Loop) sqe() *SQE {
	for l.broken == nil {
		if e := l.ring.GetSQE(); e != nil {
			return e
		}
		if _, err := l.ring.Submit(); err != nil && !transient(err) {
			l.broken = fmt.Errorf("ring: enter: %w", err)
		}
	}
	return &l.nowhere
}

// transient reports whether an enter that failed is to be tried again once completions
// have been read.
func transient(err error) bool {
	return err == unix.EINTR || err == unix.EAGAIN || err == unix.EBUSY
}

// wait hands over everything prepared and sleeps until there is a completion or the
// deadline has come.
func (l *Loop) wait(deadline int64) error {
	if l.broken != nil {
		return l.broken
	}
	l.bufs.Publish()
	l.park.work = min(l.park.work+int(l.ring.Unsubmitted()), 16*parkWork)
	if l.submitRaw() {
		l.wake()
		return nil
	}
	if l.retryAt != 0 && (deadline == 0 || l.retryAt < deadline) {
		deadline = l.retryAt
	}
	err := l.rest(deadline)
	if err != nil && !transient(err) {
		return fmt.Errorf("ring: enter: %w", err)
	}
	return nil
}

// sleep enters until there is a completion or the deadline has come: 0 is none. The turn has
// taken a while, so that what is left is not what was left at its beginning.
func (l *Loop) sleep(deadline int64) (err error) {
	l.log.Sleep()
	l.yield(deadline)
	n, most := l.coalesce.next(l.now, deadline)
	switch {
	case deadline == 0:
		_, err = l.ring.SubmitAndWaitMin(n, -1, most)
	case deadline <= l.now:
		_, err = l.ring.SubmitAndWaitTimeout(1, 0)
	case l.ring.WaitsUntil():
		_, err = l.ring.SubmitAndWaitMinUntil(n, l.mono+deadline, most)
	default:
		_, err = l.ring.SubmitAndWaitTimeout(1, max(0, time.Duration(deadline-l.Clock())))
	}
	if n > 1 {
		l.stats.Coalesced++
	}
	return err
}

// monotonic is the clock that waits are measured by.
func monotonic() int64 {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) // it cannot fail: every kernel has it
	return ts.Nano()
}

// wake begins a turn.
func (l *Loop) wake() {
	l.stats.Turns++
	l.now = l.Clock()
	l.log.Wake(l.now)
	if l.retryAt != 0 && l.retryAt <= l.now {
		l.retryAt = 0
		l.armAccept()
	}
}

// submitRaw hands over a bounded batch by a call that the Go scheduler does not see:
// sends that fit the socket's buffer are done when it returns. It reports whether there is
// something to drain, which under load is so every time.
func (l *Loop) submitRaw() bool {
	n := l.ring.Unsubmitted()
	if n == 0 || n > MaxRawBatch && !l.park.quiet {
		return false
	}
	// An error is met again, and judged, by the waiting enter.
	for ; n > 0; n -= min(n, MaxRawBatch) {
		if _, err := l.ring.submitSome(MaxRawBatch); err != nil {
			break
		}
	}
	return l.ring.Ready() > 0
}

// drainStep is how many completions are read between two looks at the clock.
const drainStep = 16

// drain reads every completion that is there and runs its callbacks, unless that makes it miss
// the deadline: the rest is for the next turn. Callbacks only prepare entries: the completions of
// those come with the next enter.
func (l *Loop) drain() {
	if l.ring.Overflowed() {
		l.stats.Overflows++
	}
	for {
		n := min(l.ring.Ready(), drainStep)
		if n == 0 {
			break
		}
		if l.log.Keeps() {
			l.ring.noteCQEs(n) // before the callbacks, one of which may hang
		}
		for i := range n {
			l.complete(l.ring.CQEAt(i))
		}
		l.ring.Advance(n)
		l.coalesce.came += n
		if n == drainStep && l.deadline != 0 && l.Clock() >= l.deadline {
			break
		}
	}
	if len(l.hungry)+len(l.rearm) == 0 {
		return
	}
	// Whoever is started first may take every buffer. So those that got none come before
	// those that did.
	l.bufs.Publish()
	l.restart(l.hungry)
	l.restart(l.rearm)
	l.hungry, l.rearm = l.hungry[:0], l.rearm[:0]
}

// restart arms receivers that ran out of buffers, unless they were paused or closed since.
func (l *Loop) restart(ids []uint32) {
	for _, id := range ids {
		if s := &l.slots[id]; s.flags&starved != 0 {
			s.flags &^= starved
			l.armRecv(id)
		}
	}
}

// busy ends the sends that had no bytes, without the kernel, and reports whether there
// were any: then another Turn is due before waiting.
func (l *Loop) busy() bool {
	if len(l.sent) == 0 {
		return false
	}
	sent := l.sent
	l.sent = nil
	for _, id := range sent {
		if s := &l.slots[id]; s.flags&(used|closing|hollow) == used|hollow {
			l.sendOver(id, s, nil)
		}
	}
	return true
}

func (l *Loop) complete(c *CQE) {
	id, gen := uint32(c.UserData), uint32(c.UserData>>32)&genMask
	switch c.UserData >> 56 {
	case opRecv:
		l.received(id, gen, c)
	case opSend:
		l.sendDone(id, gen, c)
	case opAccept:
		l.accepted(id, c)
	case opClose:
		l.closeDone(id, gen)
	case opCancel:
		l.cancelFailed(id, gen, c)
	case opWatch:
		l.watchFired(id, gen, c)
	case opWake:
		l.woken()
	case opAlarm:
		l.park.alarm = 0
	}
}

// die closes whatever is open, and reports whether all of it is gone.
func (l *Loop) die() bool {
	if !l.dying {
		l.dying = true
		l.inbox.shut()
		l.StopAccept()
		for id := range l.slots {
			if l.slots[id].flags&used != 0 {
				l.Close(uint32(id))
			}
		}
	}
	return l.live == 0 && l.inflight == 0
}

// abandon reports every connection as closed when the ring has failed for a reason. Closing
// the ring first cancels what is in flight.
func (l *Loop) abandon(why error) {
	l.broken = why // whatever the callbacks ask for
	_ = l.ring.Close()
	l.inbox.shut()
	for id := range l.slots {
		if s := &l.slots[id]; s.flags&used != 0 {
			_ = unix.Close(int(s.fd))
			l.freeSlot(uint32(id))
		}
	}
	for _, ln := range l.listeners {
		ln.close()
	}
	l.listeners = nil
	l.inbox.runAll()
}

// release gives back the ring and its buffers, in this order: the kernel may write to
// the buffers until the ring is gone.
func (l *Loop) release() {
	_ = l.ring.Close()
	if l.bufs != nil {
		_ = l.bufs.Close()
	}
	l.inbox.close()
	l.park.close()
}

// RemoteAddr is the peer's address, the zero AddrPort if it is not an IP address.
func (l *Loop) RemoteAddr(id uint32) netip.AddrPort { return l.addr(id, unix.Getpeername) }

// LocalAddr is our own address, the zero AddrPort if it is not an IP address.
func (l *Loop) LocalAddr(id uint32) netip.AddrPort { return l.addr(id, unix.Getsockname) }

func (l *Loop) addr(id uint32, name func(fd int) (unix.Sockaddr, error)) netip.AddrPort {
	s := l.slot(id) // nil after Close: the descriptor's number may be somebody else's by now
	if s == nil {
		return netip.AddrPort{}
	}
	sa, err := name(int(s.fd))
	if err != nil {
		return netip.AddrPort{}
	}
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(sa.Addr).Unmap(), uint16(sa.Port))
	}
	return netip.AddrPort{}
}
