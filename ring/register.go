//go:build linux

package ring

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// register is io_uring_register on this ring; the error names the operation.
func (r *Ring) register(what string, op uint32, arg unsafe.Pointer, n uint32) (int, error) {
	res, errno := sysRegister(r.fd, op, arg, n)
	if errno != 0 {
		return 0, fmt.Errorf("ring: register %s: %w", what, errno)
	}
	return res, nil
}

// EnableRings starts a ring made with SetupRDisabled and binds a
// SetupSingleIssuer one to the calling thread.
func (r *Ring) EnableRings() error {
	_, err := r.register("enable rings", RegisterEnableRings, nil, 0)
	return err
}

// RegisterRingFD spares every enter the lookup of the descriptor (5.18). The
// registration belongs to the calling thread, which must be the one that enters
// the ring and closes it.
func (r *Ring) RegisterRingFD() error {
	if r.enterFlags&EnterRegisteredRing != 0 {
		return fmt.Errorf("ring: register ring fd: %w", unix.EEXIST)
	}
	up := RsrcUpdate{Offset: ^uint32(0), Data: uint64(r.fd)}
	if _, err := r.register("ring fd", RegisterRingFDs, unsafe.Pointer(&up), 1); err != nil {
		return err
	}
	r.enterFd = int(up.Offset)
	r.enterFlags |= EnterRegisteredRing
	return nil
}

// UnregisterRingFD undoes RegisterRingFD, on the same thread; without one it
// does nothing.
func (r *Ring) UnregisterRingFD() error {
	if r.enterFlags&EnterRegisteredRing == 0 {
		return nil
	}
	up := RsrcUpdate{Offset: uint32(r.enterFd)}
	_, err := r.register("ring fd (un)", UnregisterRingFDs, unsafe.Pointer(&up), 1)
	r.enterFd = r.fd
	r.enterFlags &^= EnterRegisteredRing
	return err
}
