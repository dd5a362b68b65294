//go:build !linux

package ring

import "runtime"

// errNotLinux is why nothing of this package works here.
var errNotLinux = &Error{Kind: Unsupported, Blame: BlameSystem, Op: "io_uring", Seen: "runtime.GOOS = " + runtime.GOOS, Cause: "it is an interface of the Linux kernel",
	Remedy: "use the netpoll driver"}

// Available is nil where a loop can run on io_uring, else an *Error that names
// the cause and the remedy.
func Available() error { return errNotLinux }
