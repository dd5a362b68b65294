//go:build linux

package ring

import (
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// An eventfd that is not written to is found out, soon.
func TestSelfTestPark(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	runtime.LockOSThread() // the ring's
	defer runtime.UnlockOSThread()
	err := trial(func(t *tester) error {
		fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK) // of no ring
		if err != nil {
			return err
		}
		t.fds = append(t.fds, fd)
		return t.told("eventfd", fd)
	})
	if e, ok := err.(*Error); !ok || e.Kind != Misbehaves {
		t.Errorf("got %v", err)
	}
}
