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
	for _, f := range required {
		if err := rep.Why(f); err != nil {
			return tooOld(err)
		}
	}
	return SelfTest().Err()
}

// tooOld adds the remedy for a missing feature: the kernel that has them all.
func tooOld(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	with := *e
	with.Remedy = "run Linux 6.1 or newer"
	return &with
}
