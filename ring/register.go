//go:build linux

package ring

import (
	"fmt"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// register is io_uring_register on this ring; the error names the operation
// and unwraps to the errno.
func (r *Ring) register(what string, op uint32, arg unsafe.Pointer, n uint32) (int, error) {
	res, errno := sysRegister(r.fd, op, arg, n)
	if errno != 0 {
		return 0, fmt.Errorf("ring: register %s: %w", what, errno)
	}
	return res, nil
}

// Register is io_uring_register for what has no method here. arg and what it
// points at must be as the operation asks (see io_uring_register(2)); an address
// that the kernel keeps, or that lies in an integer field, must not be of a
// goroutine's stack.
func (r *Ring) Register(op uint32, arg unsafe.Pointer, n uint32) (int, error) {
	return r.register(fmt.Sprintf("operation %d", op), op, leak(arg), n)
}

// EnableRings starts a ring made with SetupRDisabled and binds a
// SetupSingleIssuer one to the calling thread.
func (r *Ring) EnableRings() error {
	_, err := r.register("enable rings", RegisterEnableRings, nil, 0)
	return err
}

// RegisterRestrictions limits what a ring made with SetupRDisabled may do once
// it is enabled: only the listed operations, SQE flags and registrations.
func (r *Ring) RegisterRestrictions(res []Restriction) error {
	_, err := r.register("restrictions", RegisterRestrictions, unsafe.Pointer(unsafe.SliceData(res)), uint32(len(res)))
	return err
}

// RegisterRingFD spares every enter the lookup of the descriptor (5.18). The
// registration belongs to the calling thread, which must be the one that enters
// the ring and closes it.
func (r *Ring) RegisterRingFD() error {
	switch {
	case r.enterFlags&EnterRegisteredRing != 0:
		return fmt.Errorf("ring: register ring fd: %w", unix.EEXIST)
	case hidden(Version{5, 18}):
		return fmt.Errorf("ring: register ring fd: %w", unix.EINVAL)
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

// RegisterProbe fills the table of known operations (5.6).
func (r *Ring) RegisterProbe(table *ProbeTable) error {
	_, err := r.register("probe", RegisterProbe, unsafe.Pointer(table), ProbeOps)
	return err
}

// RegisterEventFD makes the kernel add 1 to an eventfd with every completion.
func (r *Ring) RegisterEventFD(fd int) error { return r.registerFd("eventfd", RegisterEventFD, fd) }

// muteEventFD has the kernel write to the eventfd no more, or again.
func (r *Ring) muteEventFD(mute bool) {
	if mute {
		atomic.OrUint32(r.cqFlags, CQEventFdDisabled)
	} else {
		atomic.AndUint32(r.cqFlags, ^CQEventFdDisabled)
	}
}

// RegisterEventFDAsync is RegisterEventFD for the completions of worker threads
// only.
func (r *Ring) RegisterEventFDAsync(fd int) error {
	return r.registerFd("eventfd (async)", RegisterEventFDAsync, fd)
}

// UnregisterEventFD undoes either.
func (r *Ring) UnregisterEventFD() error {
	_, err := r.register("eventfd (un)", UnregisterEventFD, nil, 0)
	return err
}

func (r *Ring) registerFd(what string, op uint32, fd int) error {
	fd32 := int32(fd)
	_, err := r.register(what, op, unsafe.Pointer(&fd32), 1)
	return err
}

// RegisterPersonality keeps the caller's credentials; SQEs name them by the id.
func (r *Ring) RegisterPersonality() (id int, err error) {
	return r.register("personality", RegisterPersonality, nil, 0)
}

// UnregisterPersonality forgets the credentials.
func (r *Ring) UnregisterPersonality(id int) error {
	_, err := r.register("personality (un)", UnregisterPersonality, nil, uint32(id))
	return err
}

// RegisterIOWQAff pins the worker threads to CPUs (5.14).
func (r *Ring) RegisterIOWQAff(cpus *unix.CPUSet) error {
	_, err := r.register("worker affinity", RegisterIOWQAff, unsafe.Pointer(cpus), uint32(unsafe.Sizeof(*cpus)))
	return err
}

// UnregisterIOWQAff undoes RegisterIOWQAff.
func (r *Ring) UnregisterIOWQAff() error {
	_, err := r.register("worker affinity (un)", UnregisterIOWQAff, nil, 0)
	return err
}

// RegisterIOWQMaxWorkers limits the worker threads of bounded (files) and
// unbounded (sockets) work and returns the limits before; 0 asks only (5.15).
func (r *Ring) RegisterIOWQMaxWorkers(bounded, unbounded uint32) (oldBounded, oldUnbounded uint32, err error) {
	vals := [2]uint32{IOWQBound: bounded, IOWQUnbound: unbounded}
	_, err = r.register("max workers", RegisterIOWQMaxWorkers, unsafe.Pointer(&vals), 2)
	return vals[IOWQBound], vals[IOWQUnbound], err
}

// SyncCancel cancels like PrepareCancel64 or PrepareCancelFd, and waits until
// it is done (6.0). ENOENT: nothing matched; ETIME: it took longer than
// reg.Timeout.
func (r *Ring) SyncCancel(reg *SyncCancelReg) error {
	_, err := r.register("sync cancel", RegisterSyncCancel, unsafe.Pointer(reg), 1)
	return err
}

// RegisterNapi turns on busy polling of the network devices whose sockets the
// ring uses (6.9); napi then holds the setting before.
func (r *Ring) RegisterNapi(napi *Napi) error {
	_, err := r.register("napi", RegisterNapi, unsafe.Pointer(napi), 1)
	return err
}

// UnregisterNapi turns it off; napi then holds the setting before.
func (r *Ring) UnregisterNapi(napi *Napi) error {
	_, err := r.register("napi (un)", UnregisterNapi, unsafe.Pointer(napi), 1)
	return err
}

// RegisterClock chooses the clock of waits: unix.CLOCK_MONOTONIC (the default)
// or unix.CLOCK_BOOTTIME (6.12).
func (r *Ring) RegisterClock(clock uint32) error {
	reg := ClockRegister{ClockID: clock}
	_, err := r.register("clock", RegisterClock, unsafe.Pointer(&reg), 0)
	return err
}

// SendMsgRing carries out a prepared PrepareMsgRing entry at once, from any
// thread and without a ring of one's own (6.13).
func SendMsgRing(sqe *SQE) error {
	if _, errno := sysRegister(-1, RegisterSendMsgRing, unsafe.Pointer(sqe), 1); errno != 0 {
		return fmt.Errorf("ring: send message: %w", errno)
	}
	return nil
}
