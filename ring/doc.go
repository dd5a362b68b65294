// Package ring speaks Linux's io_uring: the kernel's asynchronous submission
// and completion queues, with no cgo and no dependency but golang.org/x/sys.
//
// A [Ring] is a pair of queues shared with the kernel. The program takes a free
// submission queue entry with [Ring.GetSQE], fills it with one of the Prepare
// methods of [SQE], and hands over everything it prepared with one system call:
//
//	r, err := ring.New(ring.Config{Entries: 64})
//	…
//	sqe := r.GetSQE()
//	sqe.PrepareRead(fd, uintptr(unsafe.Pointer(&buf[0])), uint32(len(buf)), 0)
//	sqe.UserData = 42
//	if _, err = r.SubmitAndWait(1); err != nil { … }
//	cqe := r.CQEAt(0) // cqe.UserData == 42, cqe.Res is the byte count or -errno
//	r.Advance(1)
//
// Names follow liburing in Go form, and those of
// github.com/pawelgaczynski/giouring where that has them, so both their
// documentation applies: OpNop is IORING_OP_NOP, SetupSingleIssuer is
// IORING_SETUP_SINGLE_ISSUER, PrepareRecvMultishot is
// io_uring_prep_recv_multishot.
//
// # Layers
//
//   - abi_*.go are the constants and structs of linux/io_uring.h up to 6.18.
//   - prep_*.go fill submission entries, one function per liburing prep helper.
//   - setup.go asks for the best ring that the kernel grants, step by step.
//   - queue.go is the ring arithmetic, enter.go the only place that enters the
//     kernel to submit or wait, register*.go the calls that configure a ring.
//   - bufring.go gives receives a group of buffers to pick from.
//   - probe.go and selftest.go decide what may be relied upon on this machine;
//     available.go is their verdict.
//
// # Threads
//
// A ring belongs to one goroutine that is locked to its thread
// ([runtime.LockOSThread]): by default it is made with SetupSingleIssuer, which
// the kernel binds to the thread that made it, or, with SetupRDisabled in
// Config.Flags, to the thread that calls [Ring.EnableRings]. No method may be
// called concurrently with another of the same ring.
//
// # Memory
//
// The kernel holds plain addresses. Memory named in an SQE must neither move nor
// be freed before its final completion: it comes from outside the Go heap
// (package mem, a [BufRing]), or is a heap object that the program keeps
// reachable. Prepare methods that take a typed pointer or an unsafe.Pointer see
// to it that the object is on the heap. Those that take a uintptr cannot: a
// local variable whose address was only converted to uintptr may still live on
// the goroutine's stack, and stacks move.
//
// # Limits
//
// Rings of 128-byte SQEs or 32-byte CQEs, application-allocated rings
// (SetupNoMmap) and rings without a file descriptor (SetupRegisteredFdOnly) are
// refused. On systems other than Linux the package compiles and [Available]
// says why nothing works.
package ring
