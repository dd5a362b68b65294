//go:build linux

package oracle

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/pawelgaczynski/giouring"

	"github.com/ringwire/ringwire/ring"
)

// batches are the requests per system call.
var batches = []uint32{1, 16, 64}

// BenchmarkNop submits and reaps requests that do nothing: what is left is the
// cost of the library and of entering. giouring stands with its own defaults,
// and with the flags that ring asks for.
func BenchmarkNop(b *testing.B) {
	for _, n := range batches {
		b.Run(fmt.Sprintf("ring/%d", n), func(b *testing.B) { benchRing(b, n, false) })
		b.Run(fmt.Sprintf("ring-raw/%d", n), func(b *testing.B) { benchRing(b, n, true) })
		b.Run(fmt.Sprintf("giouring/%d", n), func(b *testing.B) { benchGiouring(b, n, 0) })
		b.Run(fmt.Sprintf("giouring-flags/%d", n), func(b *testing.B) {
			benchGiouring(b, n, giouring.SetupSingleIssuer|giouring.SetupDeferTaskrun|giouring.SetupSubmitAll)
		})
	}
}

func benchRing(b *testing.B, n uint32, raw bool) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r, err := ring.New(ring.Config{Entries: 64})
	if err != nil {
		b.Skip(err)
	}
	defer r.Close()
	for b.Loop() {
		for i := range n {
			sqe := r.GetSQE()
			sqe.PrepareNop()
			sqe.UserData = uint64(i)
		}
		if raw { // nops complete at once, as sends do
			_, err = r.SubmitRaw()
		} else {
			_, err = r.SubmitAndWait(n)
		}
		if err != nil || r.Ready() != n {
			b.Fatal(r.Ready(), err)
		}
		for i := range n {
			if r.CQEAt(i).UserData != uint64(i) {
				b.Fatal("wrong completion")
			}
		}
		r.Advance(n)
	}
}

func benchGiouring(b *testing.B, n, flags uint32) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	r := giouring.NewRing()
	if err := r.QueueInit(64, flags); err != nil {
		b.Skip(err)
	}
	defer r.QueueExit()
	cqes := make([]*giouring.CompletionQueueEvent, 64)
	for b.Loop() {
		for i := range n {
			sqe := r.GetSQE()
			sqe.PrepareNop()
			sqe.UserData = uint64(i)
		}
		if _, err := r.SubmitAndWait(n); err != nil {
			b.Fatal(err)
		}
		if got := r.PeekBatchCQE(cqes); got != n {
			b.Fatal(got, "completions")
		}
		for i := range n {
			if cqes[i].UserData != uint64(i) {
				b.Fatal("wrong completion")
			}
		}
		r.CQAdvance(n)
	}
}
