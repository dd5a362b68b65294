//go:build linux

package ring

import "errors"

// required is what a loop stands on: together Linux 6.1.
var required = [...]Feature{CanExtArg, CanMultishotAccept, CanBufferRing, CanCancelFd, CanMultishotRecv,
	CanSingleIssuer, CanDeferTaskrun}

// Available is nil where a loop can run on io_uring: a ring can be made, the
// kernel has what a loop needs (6.1), and the self-test passed. Else it is an
// *Error that names the cause and the remedy. The answer is found once per
// process, in a few milliseconds; again if memory or descriptors were short.
func Available() error {
	rep := Probe()
	if rep.Refused != nil {
		return rep.Refused
	}
	if rep.old != nil {
		return rep.old
	}
	return SelfTest().Err()
}

// tooOld is why a kernel lacks what is required, with the one that has it all as the remedy;
// nil when nothing is missing.
func (p *Report) tooOld() error {
	for _, f := range required {
		var e *Error
		if err := p.Why(f); errors.As(err, &e) {
			with := *e
			with.Remedy = "run Linux 6.1 or newer"
			return &with
		}
	}
	return nil
}
