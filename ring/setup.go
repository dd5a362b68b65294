//go:build linux

package ring

import (
	"math/bits"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/flight"
)

// Config says what ring to make. The zero value is a good one.
type Config struct {
	// Entries is the size of the submission queue, rounded up to a power of two;
	// 0 = 256. More than the kernel allows (32768) is clamped.
	Entries uint32
	// CQEntries is the size of the completion queue; 0 = 4 × Entries.
	CQEntries uint32
	// MinEntries is how small the submission queue may become when memory is
	// short (ENOMEM, see RLIMIT_MEMLOCK); 0 = 32. At most Entries.
	MinEntries uint32

	// Flags are Setup… flags that the ring must have, beside those it gets where
	// the kernel knows them. Without are flags to do without.
	Flags   uint32
	Without uint32

	// Records is how many of the last submissions and completions are remembered for
	// [Ring.Records], rounded up to a power of two, 32 bytes each; 0 = none.
	Records int

	SQThreadCPU  uint32 // with SetupSQAff
	SQThreadIdle uint32 // milliseconds, with SetupSQPoll
	WQFd         int    // with SetupAttachWQ
}

// refusedFlags would change the layout that this package maps.
const refusedFlags = SetupSQE128 | SetupCQE32 | SetupCQEMixed | SetupNoMmap | SetupRegisteredFdOnly

// The ladder: each step is what to ask for when the kernel knew less than the
// step before. An unknown flag is EINVAL, without a word which.
var ladder = [...]uint32{
	SetupNoSQArray | SetupDeferTaskrun | SetupSingleIssuer | SetupSubmitAll | SetupCQSize | SetupClamp, // 6.6
	SetupDeferTaskrun | SetupSingleIssuer | SetupSubmitAll | SetupCQSize | SetupClamp,                  // 6.1
	SetupSingleIssuer | SetupCoopTaskrun | SetupSubmitAll | SetupCQSize | SetupClamp,                   // 6.0
	SetupCoopTaskrun | SetupSubmitAll | SetupCQSize | SetupClamp,                                       // 5.19
	SetupSubmitAll | SetupCQSize | SetupClamp,                                                          // 5.18
	SetupCQSize | SetupClamp, // 5.6
}

// steps is the ladder for this configuration: what is required in every step,
// nothing that is unwanted or contradicts it.
func (cfg *Config) steps() []uint32 {
	without := cfg.Without
	if cfg.Flags&SetupSQPoll != 0 { // its thread runs the completions itself
		without |= SetupDeferTaskrun | SetupCoopTaskrun
	}
	if cfg.Flags&SetupDeferTaskrun != 0 {
		without |= SetupCoopTaskrun
	}
	var steps []uint32
	for _, preferred := range ladder {
		flags := cfg.Flags | preferred&^without
		if len(steps) == 0 || steps[len(steps)-1] != flags {
			steps = append(steps, flags)
		}
	}
	return steps
}

// New makes a ring with the best flags that this kernel grants. It belongs to
// the calling thread (see the package comment), so the caller has locked its
// goroutine to it; or Config.Flags has SetupRDisabled, and the thread that will
// use the ring calls [Ring.EnableRings]. Close gives everything back.
//
// The error is an *Error that names the cause and the remedy.
func New(cfg Config) (*Ring, error) {
	if cfg.Entries == 0 {
		cfg.Entries = 256
	}
	if cfg.MinEntries == 0 {
		cfg.MinEntries = 32
	}
	if bad := cfg.Flags & refusedFlags; bad != 0 {
		return nil, &Error{Kind: Unsupported, Op: "ring setup", Cause: "128-byte SQEs, 32-byte CQEs and rings in the application's memory are not supported",
			Remedy: "remove these flags from Config.Flags"}
	}
	for {
		r, errno := climb(&cfg)
		if errno == 0 {
			return r, nil
		}
		if errno == unix.ENOMEM && waitForClosed() {
			continue
		}
		half := uint32(1) << bits.Len32(cfg.Entries-1) / 2
		if errno != unix.ENOMEM || half == 0 || half < cfg.MinEntries {
			return nil, setupError(errno)
		}
		cfg.Entries, cfg.CQEntries = half, cfg.CQEntries/2
	}
}

// closedAt is when a ring of this process was closed, in Unix nanoseconds. The kernel gives the memory of a closed
// ring back, and what of RLIMIT_MEMLOCK it was charged to, a moment later in a thread of its own: whoever makes a ring
// right after others were closed, as after the self-test, would find less than there is.
var closedAt atomic.Int64

// closedGrace is how long that may take. A busy emulated machine took more than 250 ms.
const closedGrace = time.Second

// waitForClosed waits for memory that is on its way back, and reports whether to try again.
func waitForClosed() bool {
	if time.Since(time.Unix(0, closedAt.Load())) > closedGrace {
		return false
	}
	time.Sleep(5 * time.Millisecond)
	return true
}

// climb tries the steps of the ladder for one size.
func climb(cfg *Config) (r *Ring, errno syscall.Errno) {
	for _, flags := range cfg.steps() {
		if r, errno = open(cfg, flags); errno != unix.EINVAL {
			break
		}
	}
	return r, errno
}

// open makes a ring with exactly these flags and maps its memory.
func open(cfg *Config, flags uint32) (*Ring, syscall.Errno) {
	if flags&hiddenBits(setupSince[:]) != 0 {
		return nil, unix.EINVAL
	}
	p := Params{Flags: flags, SQThreadCPU: cfg.SQThreadCPU, SQThreadIdle: cfg.SQThreadIdle, WQFd: uint32(cfg.WQFd)}
	if flags&SetupCQSize != 0 {
		if p.CQEntries = cfg.CQEntries; p.CQEntries == 0 {
			p.CQEntries = 4 * cfg.Entries
		}
	}
	fd, errno := sysSetup(cfg.Entries, &p)
	if errno != 0 {
		return nil, errno
	}
	r := &Ring{fd: fd, enterFd: fd, flags: p.Flags, features: p.Features &^ hiddenBits(featSince[:])}
	if cfg.Records > 0 {
		r.log = flight.New(cfg.Records, time.Now())
	}
	if errno := r.mapQueues(&p); errno != 0 {
		r.unmap()
		unix.Close(fd)
		return nil, errno
	}
	if p.Flags&(SetupDeferTaskrun|SetupIOPoll) != 0 {
		r.submitFlags = EnterGetEvents
	}
	r.arg.Ts = ptr64(&r.ts)
	return r, 0
}

// mapQueues maps the two queues and the entries, and points the ring at them.
func (r *Ring) mapQueues(p *Params) syscall.Errno {
	if p.Features&FeatSingleMMap == 0 {
		return unix.EINVAL // older than 5.4
	}
	size := max(p.SQOff.Array+p.SQEntries*4, p.CQOff.CQEs+p.CQEntries*uint32(unsafe.Sizeof(CQE{})))
	var errno syscall.Errno
	if r.queueMem, errno = mapRing(r.fd, OffSQRing, int(size)); errno != 0 {
		return errno
	}
	if r.sqeMem, errno = mapRing(r.fd, OffSQEs, int(p.SQEntries)*int(unsafe.Sizeof(SQE{}))); errno != 0 {
		return errno
	}
	at := func(off uint32) *uint32 { return (*uint32)(unsafe.Pointer(&r.queueMem[off])) }
	sq, cq := &p.SQOff, &p.CQOff
	r.sqHead, r.sqTail, r.sqFlags, r.sqDropped = at(sq.Head), at(sq.Tail), at(sq.Flags), at(sq.Dropped)
	r.cqHead, r.cqTail, r.cqFlags, r.cqOverflow = at(cq.Head), at(cq.Tail), at(cq.Flags), at(cq.Overflow)
	r.sqes = unsafe.Pointer(&r.sqeMem[0])
	r.cqes = unsafe.Pointer(&r.queueMem[cq.CQEs])
	r.sqEntries, r.sqMask = p.SQEntries, p.SQEntries-1
	r.cqEntries, r.cqMask = p.CQEntries, p.CQEntries-1
	if p.Flags&SetupNoSQArray == 0 {
		// The array could reorder entries; nobody wants that: it stays the identity.
		for i := range p.SQEntries {
			*at(sq.Array + i*4) = i
		}
	}
	return 0
}

// mapRing maps part of a ring's memory, with its pages present.
func mapRing(fd int, off uint64, size int) ([]byte, syscall.Errno) {
	mem, err := unix.Mmap(fd, int64(off), size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_POPULATE)
	if err != nil {
		return nil, err.(syscall.Errno)
	}
	return mem, 0
}

// unmap gives the mappings back and leaves a ring that is empty for ever, so
// that a late caller gets nil and 0, not a fault.
func (r *Ring) unmap() {
	for _, mem := range [][]byte{r.queueMem, r.sqeMem} {
		if mem != nil {
			unix.Munmap(mem)
		}
	}
	none := new(uint32)
	r.queueMem, r.sqeMem, r.sqes, r.cqes = nil, nil, nil, nil
	r.sqHead, r.sqTail, r.sqFlags, r.sqDropped = none, none, none, none
	r.cqHead, r.cqTail, r.cqFlags, r.cqOverflow = none, none, none, none
	r.sqEntries, r.sqTailLocal, r.cqHeadLocal = 0, 0, 0
	r.sqNoted, r.cqNoted = 0, 0
}
