//go:build linux

package ring

import "golang.org/x/sys/unix"

// reset sends bytes and then a reset before the armed receive is looked at: both wake it once.
// A kernel that delivers the bytes and waits for another wake-up never tells of the reset.
func (t *tester) reset() error {
	const what = "reset behind bytes"
	if err := t.provide(BufRingConfig{Entries: 4, Size: 64}); err != nil {
		return err
	}
	t.armRecv(0)
	if _, err := t.ring.Submit(); err != nil {
		return &Error{Kind: Failed, Op: what, Cause: "self-test: enter", Err: err}
	}
	if _, err := unix.Write(t.client[0], []byte("x")); err != nil {
		return err
	}
	// Closing with no time to linger sends a reset (tcp(7), SO_LINGER); a Unix socket just ends.
	if err := unix.SetsockoptLinger(t.client[0], unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}); err != nil {
		return err
	}
	if err := t.shut(t.client[0]); err != nil {
		return err
	}
	t.hasty = true
	for over := false; !over; {
		err := t.drain(what, func(c *CQE) error {
			over = !c.More()
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// shut closes a socket before close does.
func (t *tester) shut(fd int) error {
	for i, open := range t.fds {
		if open == fd {
			t.fds = append(t.fds[:i], t.fds[i+1:]...)
			return unix.Close(fd)
		}
	}
	return unix.EBADF
}
