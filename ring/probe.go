//go:build linux

package ring

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Feature is something that newer kernels can do, as far as a program would
// choose its ways by it.
type Feature uint8

// The features that Probe looks for, by the kernel that brought them.
const (
	CanFastPoll        Feature = iota // 5.7: sockets wait without a worker thread
	CanExtArg                         // 5.11: a timeout on enter
	CanSkipCQE                        // 5.17: SQECQESkipSuccess
	CanSubmitAll                      // 5.18: a bad entry does not stop a batch
	CanMsgRing                        // 5.18: a completion in another ring
	CanRegisterRingFD                 // 5.18
	CanMultishotAccept                // 5.19
	CanBufferRing                     // 5.19: BufRing
	CanCancelFd                       // 5.19: cancel all on a descriptor
	CanMultishotRecv                  // 6.0
	CanSendZC                         // 6.0
	CanSyncCancel                     // 6.0
	CanSingleIssuer                   // 6.0
	CanDeferTaskrun                   // 6.1
	CanSendMsgZC                      // 6.1
	CanNoSQArray                      // 6.6
	CanReadMultishot                  // 6.7
	CanInstallFd                      // 6.8
	CanBufferStatus                   // 6.8
	CanNapi                           // 6.9, if the kernel was built with busy polling
	CanBundles                        // 6.10: RecvsendBundle
	CanBindListen                     // 6.11
	CanIncremental                    // 6.12: PbufRingInc
	CanMinTimeout                     // 6.12: SubmitAndWaitMin
	CanClock                          // 6.12
	CanNoIOWait                       // 6.15
	CanPipe                           // 6.16
	CanVectorizedSend                 // 6.17: SendVectorized

	numFeatures
)

// features says how each is found out. Flags that old kernels ignore silently
// (5.10 sends an iovec's own bytes when asked for a vectorized send) are judged
// by an operation or a bit that came in the same release, never by trying.
var features = [numFeatures]struct {
	name  string
	since Version
	has   func(*prober) bool
}{
	CanFastPoll:        {"fast poll", Version{5, 7}, bit(FeatFastPoll)},
	CanExtArg:          {"timeout on enter", Version{5, 11}, bit(FeatExtArg)},
	CanSkipCQE:         {"skipping completions", Version{5, 17}, bit(FeatCQESkip)},
	CanSubmitAll:       {"submit all", Version{5, 18}, setupWith(SetupSubmitAll)},
	CanMsgRing:         {"message ring", Version{5, 18}, op(OpMsgRing)},
	CanRegisterRingFD:  {"registered ring descriptor", Version{5, 18}, (*prober).registersRingFD},
	CanMultishotAccept: {"multishot accept", Version{5, 19}, op(OpSocket)},
	CanBufferRing:      {"buffer ring", Version{5, 19}, bufRing(0)},
	CanCancelFd:        {"cancel by descriptor", Version{5, 19}, op(OpSocket)},
	CanMultishotRecv:   {"multishot receive", Version{6, 0}, op(OpSendZC)},
	CanSendZC:          {"zero-copy send", Version{6, 0}, op(OpSendZC)},
	CanSyncCancel:      {"synchronous cancel", Version{6, 0}, (*prober).syncCancels},
	CanSingleIssuer:    {"single issuer", Version{6, 0}, setupWith(SetupSingleIssuer)},
	CanDeferTaskrun:    {"deferred task run", Version{6, 1}, setupWith(SetupSingleIssuer | SetupDeferTaskrun)},
	CanSendMsgZC:       {"zero-copy sendmsg", Version{6, 1}, op(OpSendMsgZC)},
	CanNoSQArray:       {"no SQ array", Version{6, 6}, setupWith(SetupNoSQArray)},
	CanReadMultishot:   {"multishot read", Version{6, 7}, op(OpReadMultishot)},
	CanInstallFd:       {"installing registered files", Version{6, 8}, op(OpFixedFdInstall)},
	CanBufferStatus:    {"buffer ring status", Version{6, 8}, (*prober).tellsBufferStatus},
	CanNapi:            {"NAPI busy polling", Version{6, 9}, (*prober).pollsNapi},
	CanBundles:         {"bundles", Version{6, 10}, bit(FeatRecvsendBundle)},
	CanBindListen:      {"bind and listen", Version{6, 11}, op(OpListen)},
	CanIncremental:     {"incremental buffers", Version{6, 12}, bufRing(PbufRingInc)},
	CanMinTimeout:      {"minimum wait", Version{6, 12}, bit(FeatMinTimeout)},
	CanClock:           {"choice of clock", Version{6, 12}, (*prober).choosesClock},
	CanNoIOWait:        {"no iowait", Version{6, 15}, bit(FeatNoIOWait)},
	CanPipe:            {"pipe", Version{6, 16}, op(OpPipe)},
	CanVectorizedSend:  {"vectorized send", Version{6, 17}, (*prober).sendsVectors},
}

// Features are all that Probe looks for, the oldest first.
func Features() []Feature {
	all := make([]Feature, numFeatures)
	for f := range all {
		all[f] = Feature(f)
	}
	return all
}

// String is the feature in words.
func (f Feature) String() string { return features[f].name }

// Since is the kernel that brought the feature.
func (f Feature) Since() Version { return features[f].since }

// AllFeatures are all that Probe looks for, the oldest first.
func AllFeatures() []Feature {
	all := make([]Feature, numFeatures)
	for i := range all {
		all[i] = Feature(i)
	}
	return all
}

// Report is what this kernel can do.
type Report struct {
	Release  string  // uname -r
	Kernel   Version // of Release, or what EmulateKernel says
	Features uint32  // Feat… bits
	Flags    uint32  // Setup… flags that New gets here
	Refused  error   // an *Error when no ring can be made at all

	ops     [ProbeOps]bool
	reasons [numFeatures]error
	old     error // why a loop cannot run on this kernel: see Available
}

// Why is nil when the feature is there, else an *Error saying why not.
func (p *Report) Why(f Feature) error { return p.reasons[f] }

// Has reports whether the feature is there.
func (p *Report) Has(f Feature) bool { return p.reasons[f] == nil }

// HasOp reports whether the kernel knows an operation.
func (p *Report) HasOp(op uint8) bool { return p.ops[op] }

// verdicts caches what was found out about this process's kernel.
var verdicts struct {
	mu   sync.Mutex
	rep  *Report
	self *SelfTestResult
}

// forgetVerdicts makes the next Probe and SelfTest look again.
func forgetVerdicts() {
	verdicts.mu.Lock()
	defer verdicts.mu.Unlock()
	verdicts.rep, verdicts.self = nil, nil
}

// Probe asks the kernel what it can do, once per process: a few milliseconds,
// and later calls return the same Report, unless memory or descriptors were
// short. It does not change the process.
func Probe() *Report {
	verdicts.mu.Lock()
	defer verdicts.mu.Unlock()
	return probeLocked()
}

func probeLocked() *Report {
	if verdicts.rep != nil {
		return verdicts.rep
	}
	rep := probe()
	if !exhausted(rep.Refused) {
		verdicts.rep = rep
	}
	return rep
}

// exhausted reports that an answer is about this moment, not about the kernel.
func exhausted(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == Exhausted
}

// prober is a probe at work: a ring to ask, and what it said about operations.
type prober struct {
	ring *Ring
	rep  *Report
}

func probe() *Report {
	runtime.LockOSThread() // the ring's thread
	defer runtime.UnlockOSThread()
	rep := &Report{Release: release()}
	rep.Kernel = parseVersion(rep.Release)
	if v := emulated.Load(); v != nil {
		rep.Kernel = *v
	}
	r, err := New(Config{Entries: 8, MinEntries: 1})
	if err != nil {
		return rep.refuse(err)
	}
	defer r.Close()
	rep.Features, rep.Flags = r.features, r.flags
	p := &prober{r, rep}
	if errno := p.askOps(); errno == unix.EPERM || errno == unix.EACCES || errno == unix.ENOSYS {
		return rep.refuse(callError("io_uring_register", errno))
	}
	for f := range features {
		if spec := &features[f]; hidden(spec.since) || !spec.has(p) {
			rep.reasons[f] = absence(Feature(f), rep.Kernel)
		}
	}
	rep.old = rep.tooOld()
	return rep
}

// refuse makes err the reason why nothing works.
func (p *Report) refuse(err error) *Report {
	p.Refused = err
	for f := range p.reasons {
		p.reasons[f] = err
	}
	return p
}

// absence explains why a feature is not there.
func absence(f Feature, kernel Version) error {
	e := &Error{Kind: Unsupported, Blame: BlameKernel, Op: f.String(), Since: f.Since(),
		Seen: "uname(2): Linux " + kernel.String() + "; what io_uring_setup(2) and io_uring_register(2) offer"}
	if kernel.Less(e.Since) {
		e.Cause = fmt.Sprintf("needs Linux %v, this is %v", e.Since, kernel)
	} else {
		e.Cause = fmt.Sprintf("Linux %v should have it (since %v): it was built without it, or is restricted", kernel, e.Since)
	}
	return e
}

// release is uname -r, empty when even that fails.
func release() string {
	var u unix.Utsname
	if unix.Uname(&u) != nil {
		return ""
	}
	return unix.ByteSliceToString(u.Release[:])
}

// askOps reads which operations there are (5.6; before, none is believed in).
func (p *prober) askOps() syscall.Errno {
	var table ProbeTable
	if _, errno := sysRegister(p.ring.fd, RegisterProbe, unsafe.Pointer(&table), ProbeOps); errno != 0 {
		return errno
	}
	for i := range min(int(table.OpsLen), ProbeOps) {
		o := &table.Ops[i]
		p.rep.ops[o.Op] = o.Flags&OpSupported != 0
	}
	return 0
}

func bit(feat uint32) func(*prober) bool {
	return func(p *prober) bool { return p.rep.Features&feat != 0 }
}

func op(code uint8) func(*prober) bool {
	return func(p *prober) bool { return p.rep.ops[code] }
}

// setupWith tries the flags on a ring of their own.
func setupWith(flags uint32) func(*prober) bool {
	return func(p *prober) bool {
		if p.ring.flags&flags == flags {
			return true
		}
		r, errno := open(&Config{Entries: 1}, flags)
		if errno != 0 {
			return false
		}
		r.Close()
		return true
	}
}

func bufRing(flags uint16) func(*prober) bool {
	return func(p *prober) bool {
		b, err := p.ring.NewBufRing(BufRingConfig{Entries: 1, Size: 64, Flags: flags})
		if err != nil {
			return false
		}
		b.Close()
		return true
	}
}

func (p *prober) registersRingFD() bool {
	return p.ring.RegisterRingFD() == nil && p.ring.UnregisterRingFD() == nil
}

func (p *prober) syncCancels() bool {
	err := p.ring.SyncCancel(&SyncCancelReg{Addr: ^uint64(0), Fd: -1, Timeout: KernelTimespec{-1, -1}})
	return err == nil || errors.Is(err, unix.ENOENT)
}

func (p *prober) tellsBufferStatus() bool {
	b, err := p.ring.NewBufRing(BufRingConfig{Entries: 1, Size: 64})
	if err != nil {
		return false
	}
	defer b.Close()
	_, err = b.Head()
	return err == nil
}

func (p *prober) pollsNapi() bool {
	return p.ring.RegisterNapi(&Napi{BusyPollTo: 1}) == nil && p.ring.UnregisterNapi(&Napi{}) == nil
}

func (p *prober) choosesClock() bool { return p.ring.RegisterClock(unix.CLOCK_MONOTONIC) == nil }

// sendsVectors asks a kernel that is new enough not to ignore unknown flags: on
// a bad descriptor, a known flag gets as far as EBADF.
func (p *prober) sendsVectors() bool {
	if !p.rep.ops[OpPipe] {
		return false
	}
	byt := [1]byte{}
	iov := []syscall.Iovec{{Base: &byt[0], Len: 1}}
	res, ok := p.one(func(e *SQE) {
		e.PrepareSend(-1, uintptr(sliceAddr(iov)), 1, 0)
		e.IoPrio = SendVectorized
	})
	runtime.KeepAlive(iov)
	return ok && res == -int32(unix.EBADF)
}

// one runs a single request and returns its result.
func (p *prober) one(prepare func(*SQE)) (int32, bool) {
	e := p.ring.GetSQE()
	if e == nil {
		return 0, false
	}
	prepare(e)
	if _, err := p.ring.SubmitAndWait(1); err != nil {
		return 0, false
	}
	defer p.ring.Advance(1)
	return p.ring.CQEAt(0).Res, true
}
