package mem

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// script drives Segments, a Writer and a bytes.Buffer with the same operations
// read from ops, and compares them after each.
type script struct {
	t    testing.TB
	a    *Allocator
	ops  []byte
	next int
	w    Writer
	want bytes.Buffer
	held []heldView

	shared     Segments // has bytes of w's, and may outlive them there
	wantShared []byte
}

// heldView is a view as a sender in flight holds it.
type heldView struct{ view, copied []byte }

func (c *script) byte() int {
	if len(c.ops) == 0 {
		return 0
	}
	b := c.ops[0]
	c.ops = c.ops[1:]
	return int(b)
}

// size returns lengths around the places where things change.
func (c *script) size() int {
	b := c.byte()
	switch b % 4 {
	case 0:
		return b / 4
	case 1:
		return 512 - 8 + b/4
	case 2:
		return 4096 - 32 + b/4
	default:
		return b * 300
	}
}

func (c *script) text() []byte {
	c.next++
	return text(c.size(), c.next)
}

func (c *script) run() {
	for len(c.ops) > 0 {
		c.step()
		checkInvariant(c.t, c.w.Segments())
		if c.w.Len() != c.want.Len() {
			c.t.Fatalf("%d bytes, want %d", c.w.Len(), c.want.Len())
		}
		for _, h := range c.held {
			if !bytes.Equal(h.view, h.copied) {
				c.t.Fatal("bytes handed out as a view changed")
			}
		}
	}
	if got := contents(c.t, c.w.Segments()); !bytes.Equal(got, c.want.Bytes()) {
		c.t.Fatal("the bytes differ from the model's")
	}
	c.checkShared()
	c.w.Release()
	c.shared.Release()
}

func (c *script) checkShared() {
	checkInvariant(c.t, &c.shared)
	if got := contents(c.t, &c.shared); !bytes.Equal(got, c.wantShared) {
		c.t.Fatal("bytes shared with another chain changed")
	}
}

func (c *script) step() {
	s := c.w.Segments()
	op := c.byte() % 20
	if op >= 12 {
		c.stepEdit(op)
		return
	}
	switch op {
	case 0:
		p := c.text()
		s.AppendCopy(p)
		c.want.Write(p)
	case 1:
		p := c.text()
		_, _ = c.w.Write(p)
		c.want.Write(p)
	case 2:
		p := c.text()
		_, _ = c.w.WriteString(string(p))
		c.want.Write(p)
	case 3:
		c.reserve()
	case 4:
		p, off := c.text(), c.byte()
		c.w.Append(leaseOf(c.a, off, p), off, len(p))
		c.want.Write(p)
	case 5:
		p := c.text()
		l := leaseOf(c.a, 0, p)
		c.w.Append(l.Clone(), 0, len(p)/2)
		c.w.Append(l, len(p)/2, len(p)-len(p)/2)
		c.want.Write(p)
	case 6:
		n := min(c.size(), c.w.Len())
		c.held = nil // a sender discards what it sent: its views end
		s.Discard(n)
		c.want.Next(n)
	case 7:
		c.hold()
	case 8:
		c.read()
	case 9:
		c.held = nil
		if got := s.Flatten(); !bytes.Equal(got, c.want.Bytes()) {
			c.t.Fatal("Flatten differs from the model")
		}
	case 10:
		c.splice()
	case 11:
		if c.byte() < 32 {
			c.held = nil
			c.w.Release()
			c.want.Reset()
		}
	}
}

// at is a place within the first n bytes, or behind them.
func (c *script) at(n int) int { return c.size() % (n + 1) }

// stepEdit are the operations that do more than append and discard.
func (c *script) stepEdit(op int) {
	s := c.w.Segments()
	switch op {
	case 12:
		s.Headroom(c.byte(), 600)
	case 13:
		p := c.text()
		s.Prepend(p)
		rest := bytes.Clone(c.want.Bytes())
		c.want.Reset()
		c.want.Write(p)
		c.want.Write(rest)
	case 14:
		n := c.at(s.Len())
		c.held = nil
		s.Truncate(n)
		c.want.Truncate(n)
	case 15:
		c.patch()
	case 16: // out at the front, and back in behind
		var front Segments
		front.Init(c.a)
		front.AppendCopy(c.text()[:0])
		n := c.at(s.Len())
		s.SplitTo(&front, n)
		checkInvariant(c.t, &front)
		s.Splice(&front)
		c.want.Write(bytes.Clone(c.want.Next(n)))
	case 17:
		off := c.at(s.Len())
		n := c.at(s.Len() - off)
		if c.byte()%4 == 0 {
			c.shared.Release()
			c.wantShared = nil
		}
		s.ShareTo(&c.shared, off, n)
		c.wantShared = append(c.wantShared, c.want.Bytes()[off:off+n]...)
		c.checkShared()
	case 18:
		c.search()
	case 19:
		c.detachLease()
	}
}

// patch overwrites some bytes, unless others have them, too.
func (c *script) patch() {
	s := c.w.Segments()
	at := c.at(s.Len())
	p := c.text()
	p = p[:min(len(p), s.Len()-at)]
	if c.shared.Len() > 0 || len(c.held) > 0 {
		return // the panic is tested elsewhere
	}
	if v := panicOf(func() { s.Patch(at, p) }); v != nil {
		if v != panicPatching { // two pieces of one lease, as step 5 makes them
			c.t.Fatal(v)
		}
		c.want.Reset()
		c.want.Write(contents(c.t, s)) // part of it may have been written
		return
	}
	copy(c.want.Bytes()[at:], p)
}

func (c *script) search() {
	s, want := c.w.Segments(), c.want.Bytes()
	at := c.at(len(want))
	sep := want[at:min(len(want), at+1+c.byte()%40)]
	from := c.at(len(want))
	wantAt := bytes.Index(want[from:], sep)
	if wantAt >= 0 {
		wantAt += from
	}
	if got := s.Index(sep, from); got != wantAt {
		c.t.Fatalf("Index of %d bytes from %d: %d, want %d", len(sep), from, got, wantAt)
	}
	if len(sep) > 0 && s.IndexByte(sep[0], 0) != bytes.IndexByte(want, sep[0]) {
		c.t.Fatal("IndexByte differs from the model")
	}
	got := make([]byte, c.size())
	n, err := s.ReadAt(got, int64(at))
	if left := want[at:]; n != min(len(got), len(left)) || !bytes.Equal(got[:n], left[:n]) || (err == io.EOF) != (n < len(got)) {
		c.t.Fatalf("ReadAt of %d at %d of %d: %d, %v", len(got), at, len(want), n, err)
	}
}

// detachLease takes everything out as a lease and puts it back.
func (c *script) detachLease() {
	c.held = nil
	l, off, n := c.w.DetachLease()
	if c.w.Len() != 0 || n != c.want.Len() || l.Valid() != (n > 0) {
		c.t.Fatalf("DetachLease gave %d bytes, want %d; %d are left", n, c.want.Len(), c.w.Len())
	}
	if n > 0 {
		c.w.Append(l, off, n)
	}
}

// reserve appends through Reserve, or abandons the reservation.
func (c *script) reserve() {
	p := c.text()
	room := c.w.Reserve(len(p))
	if len(room) != 0 || cap(room) < len(p) {
		c.t.Fatalf("Reserve(%d) gave len %d cap %d", len(p), len(room), cap(room))
	}
	switch c.byte() % 4 {
	case 0: // abandoned
	case 1:
		c.w.Commit(0)
	default:
		c.w.Commit(len(append(room, p...)))
		c.want.Write(p)
	}
}

func (c *script) hold() {
	for _, v := range c.w.Segments().Views(nil, 1+c.byte()%16) {
		c.held = append(c.held, heldView{v, append([]byte(nil), v...)})
	}
}

func (c *script) read() {
	c.held = nil
	got, want := make([]byte, c.size()), make([]byte, 0)
	want = append(want, c.want.Next(len(got))...)
	n, err := c.w.Segments().Read(got)
	if n != len(want) || !bytes.Equal(got[:n], want) {
		c.t.Fatalf("Read gave %d bytes, want %d, or others", n, len(want))
	}
	if wantErr := n == 0 && len(got) > 0; (err == io.EOF) != wantErr || err != nil && err != io.EOF {
		c.t.Fatalf("Read of %d gave %d, %v", len(got), n, err)
	}
}

// splice moves everything out and back behind something else.
func (c *script) splice() {
	var other Segments
	other.Init(c.a)
	p := c.text()
	other.AppendCopy(p)
	c.w.Detach(&other)
	if c.w.Len() != 0 {
		c.t.Fatal("Detach left bytes")
	}
	c.w.Segments().Splice(&other)
	rest := append([]byte(nil), c.want.Bytes()...)
	c.want.Reset()
	c.want.Write(p)
	c.want.Write(rest)
}

func runScript(t testing.TB, cfg Config, ops []byte) {
	a := NewAllocator(cfg)
	c := script{t: t, a: a, ops: ops}
	c.w.Init(a, 1024)
	c.shared.Init(a)
	c.run()
	closeAll(t, a)
}

func TestSegmentsModel(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			for range 15 {
				seed := rand.Uint64()
				r := rand.New(rand.NewPCG(seed, 0))
				ops := make([]byte, 400)
				for i := range ops {
					ops[i] = byte(r.Uint32())
				}
				t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { runScript(t, cfg, ops) })
			}
		})
	}
}

func FuzzSegments(f *testing.F) {
	f.Add([]byte{0, 40, 7, 3, 1, 255, 6, 100, 9, 10, 80})
	f.Add([]byte{3, 255, 0, 4, 20, 9, 3, 254, 1, 5, 77, 8, 255})
	f.Fuzz(func(t *testing.T, ops []byte) {
		if len(ops) > 1000 {
			return
		}
		for _, cfg := range configs {
			runScript(t, cfg, ops)
		}
	})
}
