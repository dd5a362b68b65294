package mem_test

import (
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/ringwire/ringwire/mem"
)

func Example() {
	a := mem.NewAllocator(mem.Config{})
	l := a.Lease(1500)
	n := copy(l.Bytes(), "the caller's until Release")
	fmt.Println(l.Cap(), string(l.Bytes()[:n]))
	l.Release()
	fmt.Println("leaks:", a.Close())
	// Output:
	// 2048 the caller's until Release
	// leaks: <nil>
}

// A lease that two hold goes home when both have released it.
func ExampleLease_Clone() {
	a := mem.NewAllocator(mem.Config{})
	l := a.Lease(512)
	c := l.Clone()
	l.Release()
	fmt.Println("out:", a.Stats().Leased)
	c.Release()
	fmt.Println("out:", a.Stats().Leased)
	// Output:
	// out: 1
	// out: 0
}

// One received buffer that holds two messages, kept without copying.
func ExampleSegments_Append() {
	a := mem.NewAllocator(mem.Config{})
	received := a.Lease(512)
	copy(received.Bytes(), "first message|second")

	var body mem.Segments
	body.Init(a)
	body.AppendCopy([]byte("a "))
	body.Append(received.Clone(), 0, 13) // body owns the clone
	received.Release()

	_, _ = io.Copy(os.Stdout, &body)
	fmt.Println("; out:", a.Stats().Leased)
	// Output: a first message; out: 0
}

// A sender takes views, and discards what was sent.
func ExampleWriter() {
	a := mem.NewAllocator(mem.Config{})
	var w mem.Writer
	w.Init(a, 4096)

	p := w.Reserve(64)
	p = fmt.Appendf(p, "HTTP/1.1 %d OK\r\n\r\n", 200)
	w.Commit(len(p))
	_, _ = w.WriteString("body")

	out := w.Segments()
	for _, view := range out.Views(nil, 16) {
		fmt.Printf("%q\n", view)
	}
	out.Discard(w.Len() - 2) // all but two bytes went out
	fmt.Printf("%q\n", out.First())
	out.Discard(2)
	fmt.Println("out:", a.Stats().Leased)
	// Output:
	// "HTTP/1.1 200 OK\r\n\r\nbody"
	// "dy"
	// out: 0
}

// What a worker wrote moves to a loop's output without a copy.
func ExampleSegments_Splice() {
	worker := mem.NewAllocator(mem.Config{Shared: true})
	loop := mem.NewAllocator(mem.Config{})

	var w mem.Writer // on the worker
	w.Init(worker, 4096)
	_, _ = w.WriteString("answer")
	var handed mem.Segments
	handed.Init(worker)
	w.Detach(&handed)

	var out mem.Writer // on the loop
	out.Init(loop, 4096)
	out.Segments().Splice(&handed)
	fmt.Println(string(out.Segments().First()))
	out.Release()
	fmt.Println(worker.Close(), loop.Close())
	// Output:
	// answer
	// <nil> <nil>
}

// A frame that several loops send: encoded once, held by each, home after the last.
func ExampleLease_Share() {
	home := mem.NewAllocator(mem.Config{})
	frame := home.Lease(512).Share()
	n := copy(frame.Bytes(), "tick")

	var loops sync.WaitGroup
	for range 3 {
		l := frame.Clone()
		loops.Go(func() { // another loop, with an allocator of its own
			var out mem.Writer
			out.Init(mem.NewAllocator(mem.Config{}), 4096)
			out.Append(l, 0, n)
			out.Release() // sent
		})
	}
	frame.Release()
	loops.Wait()
	home.Collect()
	fmt.Println("out:", home.Stats().Leased)
	// Output: out: 0
}

// A length that is known last is written first, and patched.
func ExampleWriter_Patch() {
	a := mem.NewAllocator(mem.Config{})
	var w mem.Writer
	w.Init(a, 4096)
	_, _ = w.WriteString("length=000;")
	_, _ = w.WriteString("the payload")
	w.Patch(7, fmt.Appendf(nil, "%03d", w.Len()-11))
	_, _ = w.Segments().WriteTo(os.Stdout)
	// Output: length=011;the payload
}

// An encoder that fails half way takes back what it wrote.
func ExampleWriter_Truncate() {
	a := mem.NewAllocator(mem.Config{})
	var w mem.Writer
	w.Init(a, 4096)
	_, _ = w.WriteString("[1")
	mark := w.Len()
	_, _ = w.WriteString(`,{"bad":`)
	w.Truncate(mark)
	_, _ = w.WriteString("]")
	_, _ = w.Segments().WriteTo(os.Stdout)
	// Output: [1]
}

func ExamplePool() {
	type state struct {
		header []byte
		peer   *state
	}
	pool := mem.NewPool(mem.PoolConfig[state]{
		Name:  "stream state",
		Reset: func(s *state) { *s = state{header: s.header[:0]} },
	})
	s := pool.Get()
	s.header = append(s.header, "secret"...)
	pool.Put(s)
	s = pool.Get()
	fmt.Println(len(s.header), s.peer)
	pool.Put(s)
	fmt.Println(pool.Close())
	// Output:
	// 0 <nil>
	// <nil>
}

// What all allocators of a program hold, put together where each may be asked.
func ExampleSnapshot() {
	loop, workers := mem.NewAllocator(mem.Config{}), mem.NewAllocator(mem.Config{Shared: true})
	body := loop.Account("body").Lease(1500)
	workers.Account("answer").Lease(100).Release()

	var all mem.Snapshot
	for _, a := range []*mem.Allocator{loop, workers} {
		stats := a.Stats() // for a loop's allocator: on that loop
		all.Add(&stats)
	}
	for _, p := range all.Accounts {
		if p.HighWater > 0 {
			fmt.Println(p.Name, p.Leased, "out,", p.HighWater, "at most")
		}
	}
	body.Release()
	// Output:
	// answer 0 out, 1 at most
	// body 1 out, 1 at most
}
