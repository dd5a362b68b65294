//go:build linux

package ring

import (
	"errors"
	"syscall"
)

// What a Loop asks of its ring once it runs. With LoopConfig.Restrict the kernel refuses everything else with
// EACCES (io_uring_register(2), IORING_REGISTER_RESTRICTIONS): who takes the process over finds no ring that opens
// files, connects, or reads another descriptor's directory for him past a seccomp filter, which does not see
// what goes through rings. A test derives the list from the code.
var loopNeeds = []Restriction{
	allowOp(OpAccept), allowOp(OpRecv), allowOp(OpSend), allowOp(OpSendmsg),
	allowOp(OpAsyncCancel), // of what is in flight
	allowOp(OpClose),
	allowOp(OpPollAdd),                           // where resets are lost: see loop_watch.go
	allowOp(OpRead),                              // the eventfd that wakes the loop
	allowOp(OpTimeout), allowOp(OpTimeoutRemove), // of waits in Go's poller: see loop_park.go
	{OpCode: RestrictionSQEFlagsAllowed, OpFlags: SQEBufferSelect | SQECQESkipSuccess},
	allowRegister(RegisterRingFDs), // by the thread that runs the loop, so after the ring was enabled
	allowRegister(UnregisterRingFDs),
}

func allowOp(op uint8) Restriction { return Restriction{OpCode: RestrictionSQEOp, OpFlags: op} }

func allowRegister(op uint32) Restriction {
	return Restriction{OpCode: RestrictionRegisterOp, OpFlags: uint8(op)}
}

// restrict limits a ring that is not enabled yet: it holds from EnableRings on, for good.
func (r *Ring) restrict(to []Restriction) error {
	err := r.RegisterRestrictions(to)
	if err == nil {
		return nil
	}
	e := &Error{Kind: Unsupported, Blame: BlameKernel, Op: "ring restrictions", Since: Version{5, 10}, Err: err,
		Cause:  "this kernel does not take IORING_REGISTER_RESTRICTIONS",
		Remedy: "run Linux 6.1 or newer, or do without restrictions (Config.RestrictRing)",
		Seen:   "io_uring_register(2): " + err.Error()}
	var errno syscall.Errno
	if errors.As(err, &errno) {
		e.Err = errno
		if refusal := callError("io_uring_register", errno); refusal.Kind == Forbidden {
			e.Kind, e.Blame, e.Cause, e.Seen = Forbidden, refusal.Blame, refusal.Cause, refusal.Seen
			e.Remedy = refusal.Remedy + ", or do without restrictions (Config.RestrictRing)"
		}
	}
	return e
}
