package json

import (
	stdjson "encoding/json"
	"reflect"
	"syscall"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// All libraries encode the same values, as far as JSON goes, and decode the same bytes.
func TestLibrariesAgree(t *testing.T) {
	a := mem.NewAllocator(mem.Config{})
	for _, doc := range Documents {
		for _, lib := range Libraries {
			c := lib.Codec()
			for range 2 {
				var w mem.Writer
				w.Init(a, 16<<10)
				if err := c.Append(&w, doc.Value); err != nil {
					t.Fatalf("%s of %s: %v", lib.Name, doc.Name, err)
				}
				got := doc.Into()
				if err := stdjson.Unmarshal(w.Segments().Flatten(), got); err != nil || !reflect.DeepEqual(got, doc.Value) {
					t.Errorf("%s encodes %s otherwise: %v", lib.Name, doc.Name, err)
				}
				got = doc.Into()
				if err := c.Read(w.Segments(), got); err != nil || !reflect.DeepEqual(got, doc.Value) {
					t.Errorf("%s decodes %s otherwise: %v", lib.Name, doc.Name, err)
				}
				w.Release()
			}
		}
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

func BenchmarkMarshal(b *testing.B) {
	each(b, func(b *testing.B, a *mem.Allocator, c Codec, doc Document) {
		var w mem.Writer
		w.Init(a, 16<<10)
		start := cpu(b)
		for b.Loop() {
			if err := c.Append(&w, doc.Value); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(w.Len()))
			w.Release()
		}
		b.ReportMetric(float64(cpu(b)-start)/float64(b.N), "cpu-ns/op")
	})
}

// cpu is the processor time of the process so far, in nanoseconds: unlike the clock's it says something on a machine
// that others use, too.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkUnmarshal makes the Segments anew each time, as a body does: in pieces of 64 KiB, and what fits there
// in one.
func BenchmarkUnmarshal(b *testing.B) {
	each(b, func(b *testing.B, a *mem.Allocator, c Codec, doc Document) {
		text, _ := stdjson.Marshal(doc.Value)
		var s mem.Segments
		s.Init(a)
		b.SetBytes(int64(len(text)))
		start := cpu(b)
		for b.Loop() {
			for rest := text; len(rest) > 0; {
				n := min(len(rest), 64<<10)
				s.AppendCopy(rest[:n])
				rest = rest[n:]
			}
			if err := c.Read(&s, doc.Into()); err != nil {
				b.Fatal(err)
			}
			s.Release()
		}
		b.ReportMetric(float64(cpu(b)-start)/float64(b.N), "cpu-ns/op")
	})
}

func each(b *testing.B, f func(b *testing.B, a *mem.Allocator, c Codec, doc Document)) {
	for _, doc := range Documents {
		for _, lib := range Libraries {
			b.Run(doc.Name+"/"+lib.Name, func(b *testing.B) {
				a := mem.NewAllocator(mem.Config{})
				b.ReportAllocs()
				f(b, a, lib.Codec(), doc)
				if err := a.Close(); err != nil {
					b.Error(err)
				}
			})
		}
	}
}
