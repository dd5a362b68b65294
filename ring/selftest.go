//go:build linux

package ring

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// SelfTestResult says what was seen to work on this kernel. Knowing a flag is
// not doing it right: there were kernels that reordered bundles, or delivered
// half of them. Every verdict is nil or an *Error.
type SelfTestResult struct {
	Took time.Duration

	// What a loop cannot do without.
	Accept  error // multishot accept goes on, and ends when cancelled
	Receive error // multishot receive brings every byte in order, through ENOBUFS and re-arming
	Cancel  error // cancelling a descriptor's requests ends them, and keeps no buffer
	Finish  error // the end of the peer's stream ends a receive

	// What a loop makes up for when not nil.
	Reset error // a reset right behind bytes ends a receive; Linux 6.16 to 6.18 lost it
	Park  error // an eventfd is written to when bytes come; Linux 6.12.118 did not

	Coalesce error // a wait for several is over after a while with fewer, and not before

	// What may be used when nil.
	Bundles     error // RecvsendBundle
	Incremental error // PbufRingInc
}

// Err is the first reason not to run a loop here, nil when there is none.
func (s *SelfTestResult) Err() error {
	for _, err := range []error{s.Accept, s.Receive, s.Cancel, s.Finish} {
		if err != nil {
			return err
		}
	}
	return nil
}

// SelfTest tries the kernel over loopback sockets of its own, once per process
// unless memory or descriptors were short: a few milliseconds. It starts no
// goroutine and leaves nothing behind.
func SelfTest() *SelfTestResult {
	verdicts.mu.Lock()
	defer verdicts.mu.Unlock()
	if verdicts.self != nil {
		return verdicts.self
	}
	res := selfTest(probeLocked())
	if !exhausted(res.Err()) {
		verdicts.self = res
	}
	return res
}

// selfTestWait bounds every wait; a machine that works needs microseconds. hastyWait is for
// what is made up for if it does not come: starting should not take a second then.
const (
	selfTestWait = time.Second
	hastyWait    = 50 * time.Millisecond
)

func selfTest(rep *Report) *SelfTestResult {
	runtime.LockOSThread() // the rings' thread
	defer runtime.UnlockOSThread()
	start := time.Now()
	plain := BufRingConfig{Entries: 8, Size: 64}
	incremental := BufRingConfig{Entries: 4, Size: 256, Flags: PbufRingInc}
	streaming := func(what string, cfg BufRingConfig, ioprio uint16) func(*tester) error {
		return func(t *tester) error { return t.stream(what, cfg, ioprio) }
	}
	res := &SelfTestResult{
		Accept:      trial(func(*tester) error { return nil }),
		Receive:     trial(streaming("multishot receive", plain, 0)),
		Cancel:      trial((*tester).cancel),
		Finish:      trial((*tester).finish),
		Reset:       trial((*tester).reset),
		Park:        trial((*tester).park),
		Coalesce:    rep.Why(CanMinTimeout),
		Bundles:     rep.Why(CanBundles),
		Incremental: rep.Why(CanIncremental),
	}
	if res.Bundles == nil {
		res.Bundles = trial(streaming("bundles", plain, RecvsendBundle))
	}
	for tries := 0; tries < 3 && rep.Why(CanMinTimeout) == nil; tries++ { // a machine may be too busy, once
		if res.Coalesce = trial((*tester).coalesce); res.Coalesce == nil {
			break
		}
	}
	if res.Incremental == nil {
		res.Incremental = trial(streaming("incremental buffers", incremental, 0))
	}
	res.Took = time.Since(start)
	return res
}

// trial runs one test on a ring and a connection of its own, so that what a
// failed one left in flight cannot touch the next.
func trial(test func(*tester) error) error {
	t := &tester{}
	defer t.close()
	err := t.open()
	if err == nil {
		err = t.accept()
	}
	if err == nil {
		err = test(t)
	}
	return verdict(err)
}

// verdict explains an error that is none of the kernel's io_uring.
func verdict(err error) error {
	var e *Error
	var errno syscall.Errno
	switch {
	case errors.As(err, &e) && e.Kind != Failed, !errors.As(err, &errno):
		return err
	case e == nil:
		e = &Error{Kind: Failed, Op: "self-test", Cause: "it could not be carried out", Err: err, Seen: err.Error()}
	case e.Op == enterOp && (errno == unix.EPERM || errno == unix.EACCES || errno == unix.ENOSYS):
		return callError(enterOp, errno)
	}
	if short(errno) {
		explainShortage(e, errno)
		e.Kind, e.Remedy = Exhausted, "raise the limits of memory and descriptors (ulimit -l, ulimit -n)"
	}
	return e
}

// short reports an error that another moment may not bring.
func short(errno syscall.Errno) bool {
	switch errno {
	case unix.EMFILE, unix.ENFILE, unix.ENOMEM, unix.ENOBUFS:
		return true
	}
	return false
}

// enterOp names an enter that failed in a self-test.
const enterOp = "io_uring_enter"

// enterFailed is what the self-test says of it; verdict knows more.
func enterFailed(what string, err error) error {
	return &Error{Kind: Failed, Op: enterOp, Cause: "self-test: " + what, Err: err, Seen: enterOp + "(2): " + err.Error()}
}

// tester is a self-test at work.
type tester struct {
	ring     *Ring
	listener int
	fds      []int // everything to close
	client   [2]int
	server   [2]int
	bufs     *BufRing
	hasty    bool
}

// The user data of the requests.
const (
	tagAccept uint64 = iota + 1
	tagRecv
	tagSend
	tagCancel
	tagTimer
)

// misbehaves is a verdict.
func misbehaves(what, format string, args ...any) error {
	return &Error{Kind: Misbehaves, Blame: BlameSelfTest, Op: what, Cause: "self-test: " + fmt.Sprintf(format, args...),
		Remedy: "run another kernel release", Seen: "requests on sockets of the self-test's own"}
}

// open makes the ring and a listener: TCP on loopback, or where there is none a
// Unix socket, which takes the same ways through io_uring.
func (t *tester) open() (err error) {
	if t.ring, err = New(Config{Entries: 32, CQEntries: 128}); err != nil {
		return err
	}
	for _, addr := range []unix.Sockaddr{
		&unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}, &unix.SockaddrInet6{Addr: [16]byte{15: 1}}, &unix.SockaddrUnix{Name: ""},
	} {
		if t.listener, err = t.listen(addr); err == nil {
			return nil
		}
	}
	return &Error{Kind: Failed, Op: "self-test", Cause: "no loopback socket can be made", Err: err}
}

// socket makes a socket that close closes.
func (t *tester) socket(addr unix.Sockaddr) (int, error) {
	family := unix.AF_INET
	switch addr.(type) {
	case *unix.SockaddrInet6:
		family = unix.AF_INET6
	case *unix.SockaddrUnix:
		family = unix.AF_UNIX
	}
	fd, err := unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err == nil {
		t.fds = append(t.fds, fd)
	}
	return fd, err
}

func (t *tester) listen(addr unix.Sockaddr) (int, error) {
	fd, err := t.socket(addr)
	if err == nil {
		err = unix.Bind(fd, addr)
	}
	if err == nil {
		err = unix.Listen(fd, 8)
	}
	return fd, err
}

func (t *tester) close() {
	if t.ring != nil {
		t.ring.Close()
	}
	if t.bufs != nil {
		t.bufs.Close() // after the ring: nothing may be armed on unmapped memory
	}
	for _, fd := range t.fds {
		unix.Close(fd)
	}
}

// entry is a free submission entry: the tests keep few in flight.
func (t *tester) entry(prepare func(*SQE), tag uint64) {
	e := t.ring.GetSQE()
	prepare(e)
	e.UserData = tag
}

// drain waits for something, passes every completion on, and stops at the first
// complaint.
func (t *tester) drain(what string, each func(*CQE) error) error {
	patience := selfTestWait
	if t.hasty {
		patience = hastyWait
	}
	for end := time.Now().Add(patience); ; { // a signal may end a wait early
		left := max(time.Until(end), 0)
		if _, err := t.ring.SubmitAndWaitTimeout(1, left); err != nil {
			return enterFailed(what, err)
		}
		if t.ring.Ready() > 0 {
			break
		}
		if left == 0 {
			return misbehaves(what, "no completion within %v", patience)
		}
	}
	n := t.ring.Ready()
	defer t.ring.Advance(n)
	for i := range n {
		if err := each(t.ring.CQEAt(i)); err != nil {
			return err
		}
	}
	return nil
}

// accept connects twice to one multishot accept, then cancels it.
func (t *tester) accept() error {
	const what = "multishot accept"
	t.entry(func(e *SQE) { e.PrepareMultishotAccept(t.listener, 0, 0, unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK) }, tagAccept)
	addr, err := unix.Getsockname(t.listener)
	for i := 0; i < len(t.client) && err == nil; i++ {
		if t.client[i], err = t.socket(addr); err == nil {
			err = unix.Connect(t.client[i], addr)
		}
		if err == nil || errors.Is(err, unix.EINPROGRESS) {
			err = t.drain(what, func(c *CQE) error {
				if errno := syscall.Errno(-c.Res); short(errno) {
					return errno
				}
				if c.UserData != tagAccept || c.Res < 0 || !c.More() {
					return misbehaves(what, "connection %d: result %d, flags %#x", i, c.Res, c.Flags)
				}
				t.server[i] = int(c.Res)
				t.fds = append(t.fds, int(c.Res))
				return nil
			})
		}
	}
	if err != nil {
		return err
	}
	return t.ended(what, tagAccept, func(e *SQE) { e.PrepareCancel64(tagAccept, 0) }, 0)
}

// ended submits a cancellation and waits until it and the request tag are over.
func (t *tester) ended(what string, tag uint64, prepare func(*SQE), want int32) error {
	t.entry(prepare, tagCancel)
	for over := 0; over < 2; {
		err := t.drain(what, func(c *CQE) error {
			over++
			switch {
			case c.UserData == tagCancel && c.Res != want:
				return misbehaves(what, "cancel: result %d, want %d", c.Res, want)
			case c.UserData == tag && (c.Res != -int32(unix.ECANCELED) || c.More()):
				return misbehaves(what, "cancelled: result %d, flags %#x", c.Res, c.Flags)
			case c.UserData != tag && c.UserData != tagCancel:
				return misbehaves(what, "stray completion %+v", *c)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// provide makes the trial's buffers.
func (t *tester) provide(cfg BufRingConfig) (err error) {
	t.bufs, err = t.ring.NewBufRing(cfg)
	return err
}

// armRecv prepares a multishot receive of the first connection.
func (t *tester) armRecv(ioprio uint16) {
	t.entry(func(e *SQE) {
		e.PrepareRecvMultishot(t.server[0], 0, 0, 0)
		e.IoPrio |= ioprio
		e.SetBufferGroup(t.bufs.Group())
	}, tagRecv)
}

// receiving provides buffers and has a receive armed in the kernel.
func (t *tester) receiving(what string, buffers uint32) error {
	if err := t.provide(BufRingConfig{Entries: buffers, Size: 64}); err != nil {
		return err
	}
	t.armRecv(0)
	if _, err := t.ring.Submit(); err != nil {
		return enterFailed(what, err)
	}
	return nil
}

// cancel arms a receive on an idle connection and cancels by its descriptor.
func (t *tester) cancel() error {
	const what = "cancel by descriptor"
	if err := t.receiving(what, 4); err != nil {
		return err
	}
	if err := t.ended(what, tagRecv, func(e *SQE) { e.PrepareCancelFd(t.server[0], AsyncCancelAll) }, 1); err != nil {
		return err
	}
	if head, err := t.bufs.Head(); err == nil && head != 0 {
		return misbehaves(what, "a cancelled receive kept %d buffers", head)
	}
	return nil
}

// finish ends the stream under a receive.
func (t *tester) finish() error {
	const what = "end of stream"
	if err := t.provide(BufRingConfig{Entries: 4, Size: 64}); err != nil {
		return err
	}
	t.armRecv(0)
	t.entry(func(e *SQE) { e.PrepareShutdown(t.client[0], unix.SHUT_WR) }, tagSend)
	for over := 0; over < 2; {
		err := t.drain(what, func(c *CQE) error {
			over++
			if c.Res != 0 || c.More() {
				return misbehaves(what, "request %d: result %d, flags %#x", c.UserData, c.Res, c.Flags)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
