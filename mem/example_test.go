package mem_test

import (
	"fmt"
	"io"
	"os"
	"strings"
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

// A request's body that is sent until an attempt succeeds, and goes home once.
func ExamplePayload() {
	a := mem.NewAllocator(mem.Config{})
	var w mem.Writer
	w.Init(a, 4096)
	_, _ = w.WriteString(`{"order": 17}`)

	var given, body mem.Payload
	given.Fill(&w)
	defer given.Release() // in case it is not handed over
	if err := given.MoveTo(&body); err != nil {
		fmt.Println(err)
	}
	fmt.Println(given.MoveTo(&body) == mem.ErrSpent)

	var out mem.Segments // a connection's
	out.Init(a)
	for attempt := range 2 {
		_ = body.ShareTo(&out)
		fmt.Printf("attempt %d sends %s\n", attempt, out.First())
		out.Release()
	}
	body.Release()
	fmt.Println("out:", a.Stats().Leased)
	// Output:
	// true
	// attempt 0 sends {"order": 17}
	// attempt 1 sends {"order": 17}
	// out: 0
}

// A message is split off the front and looked into where it lies.
func ExampleSegments_SplitTo() {
	a := mem.NewAllocator(mem.Config{})
	var in, line mem.Segments
	in.Init(a)
	line.Init(a)
	in.AppendCopy([]byte("first line\nsec"))
	in.AppendCopy([]byte("ond line\n"))
	for in.Len() > 0 {
		in.SplitTo(&line, in.IndexByte('\n', 0)+1)
		for _, view := range line.Views(nil, 16) {
			fmt.Printf("%q\n", view)
		}
		line.Release()
	}
	fmt.Println("out:", a.Stats().Leased)
	// Output:
	// "first line\n"
	// "second line\n"
	// out: 0
}

// Bytes are searched and copied out without taking any away.
func ExampleSegments_Index() {
	a := mem.NewAllocator(mem.Config{})
	var s mem.Segments
	s.Init(a)
	for _, piece := range []string{"GET / HTTP/1.1\r\n\r", "\nthe body"} {
		l := a.Lease(len(piece))
		s.Append(l, 0, copy(l.Bytes(), piece)) // what is looked for lies across two
	}
	end := s.Index([]byte("\r\n\r\n"), 0)
	body := make([]byte, s.Len()-end-4)
	n, err := s.ReadAt(body, int64(end+4))
	fmt.Printf("%d %q %v, %d are left\n", end, body[:n], err, s.Len())
	s.Release()
	// Output: 14 "the body" <nil>, 26 are left
}

// A frame's header is known last and comes first.
func ExampleSegments_Prepend() {
	a := mem.NewAllocator(mem.Config{})
	var w mem.Writer
	w.Init(a, 4096)
	w.Headroom(4)
	_, _ = w.WriteString("payload")
	w.Segments().Prepend(fmt.Appendf(nil, "%03d ", w.Len()))
	fmt.Printf("%q in %d piece\n", w.Segments().First(), len(w.Segments().Views(nil, 9)))
	w.Release()
	// Output: "007 payload" in 1 piece
}

// What was written is kept: it becomes a lease of the caller's, to be sent many times.
func ExampleWriter_DetachLease() {
	a := mem.NewAllocator(mem.Config{})
	var w mem.Writer
	w.Init(a, 4096)
	_, _ = w.WriteString("encoded once")
	kept, off, n := w.DetachLease()
	for range 2 {
		var out mem.Writer
		out.Init(a, 4096)
		out.Append(kept.Clone(), off, n)
		_, _ = out.Segments().WriteTo(os.Stdout)
		fmt.Println()
	}
	kept.Release()
	fmt.Println("out:", a.Stats().Leased)
	// Output:
	// encoded once
	// encoded once
	// out: 0
}

// Leases are counted by what they are for.
func ExampleAllocator_Account() {
	a := mem.NewAllocator(mem.Config{})
	output := a.Account("output")
	var w mem.Writer
	w.InitFor(output, 4096)
	_, _ = w.WriteString("answer")
	other := a.Lease(100)
	for _, account := range a.Stats().Accounts {
		fmt.Printf("%q: %d\n", account.Name, account.Leased)
	}
	w.Release()
	other.Release()
	// Output:
	// "": 1
	// "output": 1
}

// Leases that are out for long are listed with where they were taken.
func ExampleAllocator_Suspects() {
	a := mem.NewAllocator(mem.Config{SampleEvery: 1}) // 1000 in a program that serves
	forgotten := a.Account("frames").Lease(2000)
	for _, s := range a.Suspects(0) { // time.Minute
		fmt.Println(s.Size, s.Purpose, strings.Contains(s.Stack, "ExampleAllocator_Suspects"))
	}
	forgotten.Release()
	fmt.Println(len(a.Suspects(0)))
	// Output:
	// 2048 frames true
	// 0
}

// A loop that has nothing to do gives back the memory of which nothing is leased.
func ExampleAllocator_Trim() {
	a := mem.NewAllocator(mem.Config{})
	l := a.Lease(4096)
	fmt.Println("while one is out:", a.Trim())
	l.Release()
	a.Trim()
	fmt.Println("mapped afterwards:", a.Stats().Mapped <= 8<<20 && a.Stats().Leased == 0)
	// Output:
	// while one is out: 0
	// mapped afterwards: true
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
