//go:build linux

package ring_test

import (
	"fmt"
	"log"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/ring"
)

// Opening, reading and closing a file as requests. The results are what the
// system calls would have returned, -errno for an error.
func Example_fileRead() {
	name := writeGreeting()
	defer os.Remove(name)
	if err := ring.Available(); err != nil {
		fmt.Println("hello, ring") // no io_uring here: what it would have said
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r, err := ring.New(ring.Config{Entries: 8})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()

	path, err := unix.BytePtrFromString(name)
	if err != nil {
		log.Fatal(err)
	}
	fd := do(r, func(sqe *ring.SQE) { sqe.PrepareOpen(path, unix.O_RDONLY|unix.O_CLOEXEC, 0) })
	// The kernel writes into memory that must stay where it is: off the Go heap.
	buf, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Munmap(buf)
	n := do(r, func(sqe *ring.SQE) { sqe.PrepareRead(fd, uintptr(unsafe.Pointer(&buf[0])), uint32(len(buf)), 0) })
	do(r, func(sqe *ring.SQE) { sqe.PrepareClose(fd) })
	fmt.Printf("%s\n", buf[:n])
	// Output: hello, ring
}

// do runs one request and returns its result.
func do(r *ring.Ring, prepare func(*ring.SQE)) int {
	prepare(r.GetSQE())
	if _, err := r.SubmitAndWait(1); err != nil {
		log.Fatal(err)
	}
	res := r.CQEAt(0).Res
	r.Advance(1)
	if res < 0 {
		log.Fatal(syscall.Errno(-res))
	}
	return int(res)
}

func writeGreeting() string {
	f, err := os.CreateTemp("", "ring")
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString("hello, ring"); err != nil {
		log.Fatal(err)
	}
	return f.Name()
}
