package multipart

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// Content moves on in the leases in which it came.
func TestSplitterMoves(t *testing.T) {
	a := mem.NewAllocator(mem.Config{})
	defer closeAll(t, a)
	var in, dst mem.Segments
	in.Init(a)
	dst.Init(a)
	l := a.Lease(4096)
	n := copy(l.Bytes(), "--b\r\n"+part("a")+"content\r\n--")
	at := &l.Bytes()[strings.Index(string(l.Bytes()[:n]), "content")]
	in.Append(l, 0, n)
	var s Splitter
	_ = s.Init(a, []byte("b"), &defaults)
	defer s.Release()
	if ev := s.Next(&in, &dst); ev.Kind != Part || string(s.Head().Name()) != "a" {
		t.Fatalf("%+v", ev)
	}
	if ev := s.Next(&in, &dst); ev.Kind != Data || ev.N != 7 || ev.Data != nil || string(dst.First()) != "content" || &dst.First()[0] != at {
		t.Errorf("%+v, %q: not moved", ev, dst.First())
	}
	if ev := s.Next(&in, &dst); ev.Kind != NeedMore || in.Len() != 0 {
		t.Errorf("%+v, %d bytes are left", ev, in.Len())
	}
	in.AppendCopy([]byte("-\r\n")) // it was no delimiter, but the beginning of one
	if ev := s.Next(&in, &dst); ev.Kind != Data || string(dst.Flatten()) != "content\r\n---"[:ev.N+7] {
		t.Errorf("%+v, %q", ev, dst.Flatten())
	}
	dst.Release()
	in.Release()
}

// A Splitter given up in the middle holds nothing, and can begin another body.
func TestSplitterRelease(t *testing.T) {
	a := mem.NewAllocator(mem.Config{})
	defer closeAll(t, a)
	var s Splitter
	for _, body := range []string{"", "--b", "--b\r\n" + part("a"), "--b\r\n" + part("a") + "1\r\n--", "--bx"} {
		var in mem.Segments
		in.Init(a)
		in.AppendCopy([]byte(body))
		_ = s.Init(a, []byte("b"), &defaults)
		for {
			if ev := s.Next(&in, nil); ev.Kind == NeedMore || ev.Kind == Fail {
				break
			}
		}
		in.Release()
		s.Release()
		if n := leased(a); n != 0 {
			t.Errorf("%q: %d leases are out", body, n)
		}
	}
}

func leased(a *mem.Allocator) (n int) {
	for _, c := range a.Stats().Classes {
		n += c.Leased
	}
	return n
}

func highWater(a *mem.Allocator) (n int) {
	for _, c := range a.Stats().Classes {
		n += c.HighWater
	}
	return n
}

// A part of 256 MiB passes through a few leases, written and read.
func TestHugePart(t *testing.T) {
	size := 256 << 20
	if testing.Short() || guarded {
		size = 8 << 20
	}
	a := mem.NewAllocator(mem.Config{})
	defer closeAll(t, a)
	var out mem.Writer
	out.Init(a, 4096)
	var in, dst mem.Segments
	in.Init(a)
	dst.Init(a)
	var w Writer
	var s Splitter
	_ = w.Init(&out, "b")
	_ = s.Init(a, []byte("b"), &defaults)
	defer s.Release()
	src := &pattern{left: size}
	var got pattern
	read, parts := 0, 0
	_ = w.Begin(PartHead{Name: "f", FileName: "huge"})
	for more, end := true, false; !end; {
		if more {
			_, err := w.ReadOnce(src, 16<<10)
			if more = err == nil; !more {
				_ = w.Close()
				s.HandleEOF()
			}
		}
		out.Detach(&in)
		for {
			ev := s.Next(&in, &dst)
			for dst.Len() > 0 {
				p := dst.First()
				got.check(t, p)
				read += len(p)
				dst.Discard(len(p))
			}
			if ev.Kind == PartEnd {
				parts++
			}
			if end = ev.Kind == End; end || ev.Kind == NeedMore {
				break
			}
			if ev.Kind == Fail {
				t.Fatal(ev.Err)
			}
		}
	}
	if read != size || parts != 1 {
		t.Errorf("%d bytes in %d parts, want %d", read, parts, size)
	}
	if n := highWater(a); n > 8 {
		t.Errorf("%d leases were out at once", n)
	}
}

// pattern is a file in which a piece lost, doubled or moved shows; CRs among it.
type pattern struct{ left, at int }

var patternBlock = func() []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < 1<<20; i++ {
		b.WriteString("\r\n--" + itoa(i))
	}
	return b.Bytes()
}()

func (p *pattern) Read(b []byte) (int, error) {
	n := copy(b[:min(len(b), p.left)], patternBlock[p.at:])
	p.at = (p.at + n) % len(patternBlock)
	if p.left -= n; p.left == 0 {
		return n, errEOF
	}
	return n, nil
}

func (p *pattern) check(t *testing.T, b []byte) {
	for len(b) > 0 {
		n := min(len(b), len(patternBlock)-p.at)
		if !bytes.Equal(b[:n], patternBlock[p.at:p.at+n]) {
			t.Fatal("the content is another")
		}
		b, p.at = b[n:], (p.at+n)%len(patternBlock)
	}
}
