//go:build linux

package ring

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newBufRing makes a group, or skips where the kernel has none.
func newBufRing(t testing.TB, r *Ring, cfg BufRingConfig) *BufRing {
	t.Helper()
	b, err := r.NewBufRing(cfg)
	if err != nil {
		t.Skipf("no buffer ring here: %v", err)
	}
	t.Cleanup(func() { b.Close() })
	return b
}

// slot is an entry as the kernel sees it.
func (b *BufRing) slot(i uint16) *BufAndRing {
	return (*BufAndRing)(unsafe.Add(b.entries, uintptr(i&b.mask)*unsafe.Sizeof(BufAndRing{})))
}

func TestBufRingConfig(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	for name, cfg := range map[string]BufRingConfig{
		"no entries":       {Size: 64},
		"no power of two":  {Entries: 3, Size: 64},
		"too many":         {Entries: 65536, Size: 64},
		"no size":          {Entries: 4},
		"too little":       {Entries: 4, Size: 64, Memory: make([]byte, 255)},
		"the kernel's own": {Entries: 4, Size: 64, Flags: PbufRingMMap},
		"unknown flag":     {Entries: 4, Size: 64, Flags: 1 << 15},
	} {
		if b, err := r.NewBufRing(cfg); err == nil {
			b.Close()
			t.Errorf("%s was accepted", name)
		}
	}
	newBufRing(t, r, BufRingConfig{Entries: 4, Size: 64, Group: 7})
	if _, err := r.NewBufRing(BufRingConfig{Entries: 4, Size: 64, Group: 7}); !errors.Is(err, unix.EEXIST) {
		t.Errorf("the same group twice: %v", err)
	}
}

// What the kernel sees of a new group: every buffer once, at its place.
func TestBufRingPublished(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	b := newBufRing(t, r, BufRingConfig{Entries: 8, Size: 100, Populate: true})
	if tail := b.slot(0).Tail; tail != 8 {
		t.Errorf("tail is %d, want 8", tail)
	}
	base := uintptr(unsafe.Pointer(&b.Buffer(0)[0]))
	for i := range uint16(8) {
		if s := b.slot(i); s.Bid != i || s.Len != 100 || uintptr(s.Addr) != base+uintptr(i)*100 {
			t.Errorf("slot %d is %+v", i, s)
		}
	}
	if b.Available() != 8 || b.Len() != 8 || b.Size() != 100 || b.Group() != 0 || len(b.Buffer(7)) != 100 {
		t.Errorf("%d of %d buffers of %d bytes", b.Available(), b.Len(), b.Size())
	}
}

// recvInto receives what is there into the group, and returns the completion.
func recvInto(t *testing.T, r *Ring, fd int, b *BufRing, ioprio uint16) CQE {
	t.Helper()
	sqe := r.GetSQE()
	sqe.PrepareRecv(fd, 0, 0, 0)
	sqe.IoPrio = ioprio
	sqe.SetBufferGroup(b.Group())
	return complete(t, r)
}

// Buffers go round the ring many times; only published ones count.
func TestBufRingCycle(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	mem, err := mapAnon(4*32, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(mem)
	b := newBufRing(t, r, BufRingConfig{Entries: 4, Size: 32, Group: 3, Memory: mem})
	tx, rx := pair(t)
	for i := range 70000 { // past the 16-bit tail's wrap
		msg := []byte{byte(i), byte(i >> 8)}
		if _, err := unix.Write(tx, msg); err != nil {
			t.Fatal(err)
		}
		c := recvInto(t, r, rx, b, 0)
		if p := b.Take(&c); !bytes.Equal(p, msg) || &p[0] != &mem[int(c.BufferID())*32] {
			t.Fatalf("message %d: got %v in buffer %d", i, p, c.BufferID())
		}
		if b.Available() != 3 {
			t.Fatalf("%d available with one out", b.Available())
		}
		b.Recycle(c.BufferID())
		b.Publish()
	}
}

// An empty group answers ENOBUFS, and works again once buffers are home.
func TestBufRingEmpty(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	b := newBufRing(t, r, BufRingConfig{Entries: 2, Size: 1})
	tx, rx := pair(t)
	if _, err := unix.Write(tx, []byte("abc")); err != nil {
		t.Fatal(err)
	}
	var got []byte
	var ids []uint16
	for range 2 {
		c := recvInto(t, r, rx, b, 0)
		got = append(got, b.Take(&c)...)
		ids = append(ids, c.BufferID())
	}
	if c := recvInto(t, r, rx, b, 0); c.Res != -int32(unix.ENOBUFS) || b.Available() != 0 {
		t.Fatalf("result %d with %d available, want ENOBUFS", c.Res, b.Available())
	}
	b.Recycle(ids[1])
	if c := recvInto(t, r, rx, b, 0); c.Res != -int32(unix.ENOBUFS) {
		t.Fatalf("result %d from an unpublished buffer", c.Res)
	}
	b.Publish()
	c := recvInto(t, r, rx, b, 0)
	if got = append(got, b.Take(&c)...); string(got) != "abc" || c.BufferID() != ids[1] {
		t.Errorf("got %q, the last in buffer %d", got, c.BufferID())
	}
}

func TestBufRingHead(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	b := newBufRing(t, r, BufRingConfig{Entries: 4, Size: 8})
	if err := Probe().Why(CanBufferStatus); err != nil {
		t.Skip(err)
	}
	tx, rx := pair(t)
	for want := range uint16(4) {
		if head, err := b.Head(); head != want || err != nil {
			t.Errorf("head is %d, want %d: %v", head, want, err)
		}
		if _, err := unix.Write(tx, []byte("x")); err != nil {
			t.Fatal(err)
		}
		c := recvInto(t, r, rx, b, 0)
		b.Take(&c)
	}
}

// A bundle fills several buffers; they follow each other in the ring, not by id.
func TestBufRingBundle(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	b := newBufRing(t, r, BufRingConfig{Entries: 4, Size: 4})
	if err := SelfTest().Bundles; err != nil {
		t.Skip(err)
	}
	tx, rx := pair(t)
	order := []uint16{2, 0, 3, 1} // as they are given back, so as they come next
	expect := []uint16{0, 1, 2, 3}
	for range 3 {
		const msg = "0123456789abcdef"
		if _, err := unix.Write(tx, []byte(msg)); err != nil {
			t.Fatal(err)
		}
		var got []byte
		var ids []uint16
		for len(got) < len(msg) { // a kernel may end a bundle early
			c := recvInto(t, r, rx, b, RecvsendBundle)
			if c.Res <= 0 {
				t.Fatalf("result %d after %q", c.Res, got)
			}
			for _, v := range b.TakeBundle(&c, nil) {
				got = append(got, v.Data...)
				ids = append(ids, v.ID)
			}
		}
		if string(got) != msg || !slices.Equal(ids, expect) || b.Available() != 0 {
			t.Fatalf("got %q in %v, want it in %v; %d left", got, ids, expect, b.Available())
		}
		for _, id := range order {
			b.Recycle(id)
		}
		b.Publish()
		expect = order
	}
}

// An incremental buffer is given out in pieces, and once.
func TestBufRingIncremental(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	if err := SelfTest().Incremental; err != nil {
		t.Skip(err)
	}
	b := newBufRing(t, r, BufRingConfig{Entries: 1, Size: 16, Flags: PbufRingInc})
	tx, rx := pair(t)
	for round := range 3 {
		var got []byte
		for _, piece := range []string{"abc", "defgh", "ijklmnop"} {
			if _, err := unix.Write(tx, []byte(piece)); err != nil {
				t.Fatal(err)
			}
			c := recvInto(t, r, rx, b, 0)
			got = append(got, b.Take(&c)...)
			if last := len(got) == 16; c.BufMore() == last || (b.Available() == 0) != last {
				t.Fatalf("round %d, after %q: more %v, %d available", round, got, c.BufMore(), b.Available())
			}
		}
		if string(got) != "abcdefghijklmnop" || string(b.Buffer(0)) != string(got) {
			t.Fatalf("round %d: got %q", round, got)
		}
		b.Recycle(0)
		b.Publish()
	}
}

func TestBufRingRecycledTwice(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	b := newBufRing(t, r, BufRingConfig{Entries: 2, Size: 16})
	b.Take(&CQE{Res: 1, Flags: CQEFBuffer | 1<<CQEBufferShift})
	b.Recycle(1)
	defer func() {
		if recover() == nil {
			t.Error("a buffer was given back twice")
		}
	}()
	b.Recycle(1)
}

// After the ring is closed its groups can still be closed.
func TestBufRingCloseLate(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	b := newBufRing(t, r, BufRingConfig{Entries: 2, Size: 16})
	r.Close()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := b.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestBufRingNoAllocations(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	b := newBufRing(t, r, BufRingConfig{Entries: 8, Size: 16})
	views := make([]View, 0, 8)
	if n := testing.AllocsPerRun(100, func() {
		c := CQE{Res: 9, Flags: CQEFBuffer | uint32(b.next[b.last])<<CQEBufferShift}
		b.Take(&c)
		b.Recycle(c.BufferID())
		for _, v := range b.TakeBundle(&CQE{Res: 40, Flags: CQEFBuffer | uint32(b.next[b.last])<<CQEBufferShift}, views) {
			b.Recycle(v.ID)
		}
		b.Publish()
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// modelKernel consumes a group as the kernel does: from its head, slot by slot.
type modelKernel struct {
	b    *BufRing
	head uint16
	seq  byte
	sent []byte // everything written into buffers, in order
}

// fill writes up to n bytes into the next buffers and returns the completion;
// ok is false when the group is empty.
func (k *modelKernel) fill(n int, bundle bool) (c CQE, ok bool) {
	for n > 0 && k.head != k.b.slot(0).Tail {
		s := k.b.slot(k.head)
		m := min(n, int(s.Len))
		p := k.b.Buffer(s.Bid)[:m]
		for i := range p {
			p[i] = k.seq
			k.seq++
		}
		k.sent = append(k.sent, p...)
		if !ok {
			c.Flags, ok = CQEFBuffer|uint32(s.Bid)<<CQEBufferShift, true
		}
		c.Res += int32(m)
		k.head++
		if n -= m; !bundle {
			break
		}
	}
	return c, ok
}

// playBufRing lets a model of the kernel and a program that gives buffers back
// in any order play with each other, as moves say.
func playBufRing(t testing.TB, r *Ring, moves []byte) {
	b := newBufRing(t, r, BufRingConfig{Entries: 8, Size: 5, Group: uint16(r.Fd())})
	defer b.Close()
	k := &modelKernel{b: b}
	var pending []CQE // posted, not looked at: slots may be reused meanwhile
	var out []View
	var got []byte
	take := func() {
		c := pending[0]
		pending = pending[1:]
		views := b.TakeBundle(&c, nil)
		for _, v := range views {
			got = append(got, v.Data...)
		}
		out = append(out, views...)
	}
	for _, m := range moves {
		switch arg := int(m >> 2); {
		case m&3 == 0:
			if c, ok := k.fill(arg/2+1, arg&1 == 1); ok {
				pending = append(pending, c)
			}
		case m&3 == 1 && len(pending) > 0:
			take()
		case m&3 == 2 && len(out) > 0:
			i := arg % len(out)
			b.Recycle(out[i].ID)
			out = append(out[:i], out[i+1:]...)
		case m&3 == 3:
			b.Publish()
		}
		if b.Available()+len(out) != 8 {
			t.Fatalf("%d available and %d out, of 8", b.Available(), len(out))
		}
	}
	for len(pending) > 0 {
		take()
	}
	if !bytes.Equal(got, k.sent) {
		t.Fatalf("bytes came out of order:\n got %v\nwant %v", got, k.sent)
	}
}

func TestBufRingModel(t *testing.T) {
	r := newRing(t, Config{Entries: 4})
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 0))
		moves := make([]byte, 300)
		for i := range moves {
			moves[i] = byte(rnd.Uint32())
		}
		playBufRing(t, r, moves)
	}
}

func FuzzBufRing(f *testing.F) {
	f.Add([]byte{0, 1, 0xfd, 2, 3, 0, 6, 2, 3, 0x81, 2, 2, 3})
	f.Fuzz(func(t *testing.T, moves []byte) { playBufRing(t, newRing(t, Config{Entries: 4}), moves) })
}
