//go:build linux

package ring

import "golang.org/x/sys/unix"

// park waits for bytes in poll(2), for an eventfd of the ring, as a loop that parks does: twice, and in between what comes
// is not to be told of.
func (t *tester) park() error {
	const what = "eventfd"
	if err := t.provide(BufRingConfig{Entries: 8, Size: 64}); err != nil {
		return err
	}
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return err
	}
	t.fds = append(t.fds, fd)
	if err := t.ring.RegisterEventFD(fd); err != nil {
		return err
	}
	t.ring.muteEventFD(true)
	t.armRecv(0)
	if _, err := t.ring.Submit(); err != nil {
		return enterFailed(what, err)
	}
	t.hasty = true
	for range 2 {
		t.ring.muteEventFD(false)
		if _, err := t.ring.getEventsRaw(); err != nil {
			return enterFailed(what, err)
		}
		if err := t.told(what, fd); err != nil {
			return err
		}
		t.ring.muteEventFD(true)
		if err := t.receive(what); err != nil { // what it was told of
			return err
		}
		if _, err := unix.Write(t.client[0], []byte("untold")); err != nil {
			return err
		}
		if err := t.receive(what); err != nil {
			return err
		}
	}
	return nil
}

// told has bytes come, and waits for the eventfd.
func (t *tester) told(what string, fd int) error {
	var value [8]byte
	_, _ = unix.Read(fd, value[:]) // of before
	if _, err := unix.Write(t.client[0], []byte("told")); err != nil {
		return err
	}
	wait := unix.NsecToTimespec(int64(hastyWait))
	ready := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	if _, err := unix.Ppoll(ready, &wait, nil); err != nil && err != unix.EINTR {
		return err
	}
	if n, _ := unix.Read(fd, value[:]); n != len(value) {
		return misbehaves(what, "not written to within %v of bytes that came", hastyWait)
	}
	return nil
}

// receive takes a completion.
func (t *tester) receive(what string) error {
	return t.drain(what, func(c *CQE) error {
		if c.UserData != tagRecv || c.Res <= 0 || !c.More() {
			return misbehaves(what, "result %d, flags %#x", c.Res, c.Flags)
		}
		return nil
	})
}
