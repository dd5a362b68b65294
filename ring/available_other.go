//go:build !linux

package ring

// errNotLinux is why nothing of this package works here.
var errNotLinux = &Error{Kind: Unsupported, Op: "io_uring", Cause: "it is an interface of the Linux kernel",
	Remedy: "use the netpoll driver"}

// Available is nil where a loop can run on io_uring, else an *Error that names
// the cause and the remedy.
func Available() error { return errNotLinux }
