package mem

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// pieces makes Segments with a seam between the strings.
func pieces(a *Allocator, parts ...string) *Segments {
	s := new(Segments)
	s.Init(a)
	for _, p := range parts {
		s.Append(leaseOf(a, 0, []byte(p)), 0, len(p))
	}
	return s
}

func TestIndexAcrossSeams(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	s := pieces(a, "ab\r", "\n\r", "\nab", "a", "b", "c")
	defer s.Release()
	const all = "ab\r\n\r\nababc"
	for _, sep := range []string{"\r\n\r\n", "\r\n", "abc", "babc", "abab", "aab", "baab", "bab", "c", "", "ab", all, all + "d", all[1:]} {
		for from := -1; from <= len(all)+1; from++ {
			want := -1
			if at := max(from, 0); at <= len(all) {
				if want = strings.Index(all[at:], sep); want >= 0 {
					want += at
				}
			}
			if got := s.Index([]byte(sep), from); got != want {
				t.Errorf("Index(%q, %d) = %d, want %d", sep, from, got, want)
			}
		}
	}
	for c, want := range map[byte]int{'a': 0, '\n': 3, 'c': 10, 'x': -1} {
		if got := s.IndexByte(c, 0); got != want {
			t.Errorf("IndexByte(%q) = %d, want %d", c, got, want)
		}
	}
	if got := s.IndexByte('b', 2); got != 7 {
		t.Errorf("IndexByte from 2: %d, want 7", got)
	}
}

// A piece that almost matches at its end, again and again, must not cost its square.
func BenchmarkIndexSeams(b *testing.B) {
	a := NewAllocator(Config{})
	s := new(Segments)
	s.Init(a)
	for range 64 {
		s.AppendCopy(noise[:16<<10])
	}
	sep := []byte("\r\n--boundary-that-is-not-there--\r\n")
	b.SetBytes(int64(s.Len()))
	for b.Loop() {
		if s.Index(sep, 0) >= 0 {
			b.Fatal("found")
		}
	}
}

func TestReadAt(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	s := pieces(a, "one", "two", "three")
	defer s.Release()
	if err := iotest.TestReader(io.NewSectionReader(s, 0, 11), []byte("onetwothree")); err != nil {
		t.Error(err)
	}
	if _, err := s.ReadAt(make([]byte, 1), -1); err != errNegativeOffset {
		t.Errorf("a negative offset: %v", err)
	}
	if n, err := s.ReadAt(make([]byte, 3), 9); n != 2 || err != io.EOF {
		t.Errorf("beyond the end: %d, %v", n, err)
	}
}

func TestFlattenIsCounted(t *testing.T) {
	a := NewAllocator(Config{})
	defer closeAll(t, a)
	s := pieces(a, "one", "two")
	s.Flatten()
	s.Flatten() // in one piece by now
	s.Release()
	if n := a.Stats().Flattened; n != 6 {
		t.Errorf("%d bytes flattened, want 6", n)
	}
}
