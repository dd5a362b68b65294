package multipart

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// floods are contents made to be searched again and again: beginnings of the delimiter, which is CRLF, "--" and 60
// times "a".
func floods(n int) map[string]string {
	a := strings.Repeat("a", 60)
	fill := func(s string) string { return strings.Repeat(s, n/len(s)+1)[:n] }
	return map[string]string{
		"CR":             fill("\r"),
		"CRLF":           fill("\r\n"),
		"dashes":         fill("\r\n--"),
		"all but a byte": fill("\r\n--" + a[:59]),
		"another end":    fill("\r\n--" + a[:59] + "b"),
		"no CR":          fill("--" + a),
		"long lines":     fill("\r\n--" + a[:59] + strings.Repeat("\r", 60)),
	}
}

const floodBoundary = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// An eightfold body takes about eight times as long, however it is cut: its square would take 64 times.
func TestFloodsAreLinear(t *testing.T) {
	small := 4 << 10
	if !guarded {
		small = 32 << 10
	}
	for name := range floods(1) {
		for how, run := range map[string]func(t *testing.T, body string){"whole": floodWhole, "bytes": floodBytes, "leases": floodLeases} {
			t.Run(name+"/"+how, func(t *testing.T) {
				body := func(n int) string { return "--" + floodBoundary + "\r\n" + part("a") + "x" + floods(n)[name] }
				one, eight := body(small), body(8*small)
				for try := 1; ; try++ {
					ratio := float64(fastest(t, run, eight)) / float64(max(fastest(t, run, one), time.Microsecond))
					if ratio < 24 {
						return
					}
					if try == 3 {
						t.Fatalf("eight times the bytes took %.0f times as long", ratio)
					}
				}
			})
		}
	}
}

func fastest(t *testing.T, run func(t *testing.T, body string), body string) time.Duration {
	best := time.Duration(math.MaxInt64)
	for range 3 {
		start := time.Now()
		run(t, body)
		best = min(best, time.Since(start))
	}
	return best
}

func floodParser() *Parser {
	p := new(Parser)
	_ = p.Init([]byte(floodBoundary), &defaults)
	return p
}

func floodWhole(t *testing.T, body string) {
	p, in := floodParser(), []byte(body)
	for {
		ev := p.Next(in)
		if in = in[ev.N:]; ev.Kind == NeedMore {
			return
		}
		if ev.Kind == Fail {
			t.Fatal(ev.Err)
		}
	}
}

func floodBytes(t *testing.T, body string) {
	p, in := floodParser(), []byte(body)
	for i := range in {
		for in := in[i : i+1]; ; {
			ev := p.Next(in)
			if in = in[ev.N:]; ev.Kind == NeedMore {
				break
			}
			if ev.Kind == Fail {
				t.Fatal(ev.Err)
			}
		}
	}
}

// floodLeases has a seam at every byte.
func floodLeases(t *testing.T, body string) {
	a := mem.NewAllocator(mem.Config{})
	defer closeAll(t, a)
	var in mem.Segments
	in.Init(a)
	l := a.Lease(len(body))
	copy(l.Bytes(), body)
	for i := range len(body) {
		in.Append(l.Clone(), i, 1)
	}
	l.Release()
	var s Splitter
	_ = s.Init(a, []byte(floodBoundary), &defaults)
	for ev := s.Next(&in, nil); ev.Kind != NeedMore; ev = s.Next(&in, nil) {
		if ev.Kind == Fail {
			t.Fatal(ev.Err)
		}
	}
	s.Release()
	in.Release()
}

// A head that comes byte by byte is not searched from its beginning for each.
func TestHeadsAreLinear(t *testing.T) {
	lim := Limits{Head: -1}.WithDefaults()
	run := func(t *testing.T, body string) {
		var p Parser
		_ = p.Init([]byte("b"), &lim)
		in := []byte(body)
		for i := range in {
			if ev := p.Next(in[i : i+1]); ev.Kind != NeedMore {
				t.Fatalf("%+v after %d bytes", ev, i)
			}
		}
	}
	body := func(n int) string { return "--b\r\nX: " + strings.Repeat("\rx\r\n", n) }
	for try := 1; ; try++ {
		ratio := float64(fastest(t, run, body(80_000))) / float64(fastest(t, run, body(10_000)))
		if ratio < 24 {
			return
		}
		if try == 3 {
			t.Fatalf("eight times the bytes took %.0f times as long", ratio)
		}
	}
}

func TestAllocates(t *testing.T) {
	if guarded {
		t.Skip("checking builds remember stacks")
	}
	a := mem.NewAllocator(mem.Config{})
	defer closeAll(t, a)
	file := a.Lease(4096)
	defer file.Release()
	var out mem.Writer
	out.Init(a, 4096)
	var in, dst mem.Segments
	in.Init(a)
	dst.Init(a)
	var w Writer
	var s Splitter
	var p Parser
	flat := []byte("--b\r\n" + part("a%22") + "1\r\n--b\r\n" + part("c") + "2\r\n--b--")
	boundary := []byte("b")
	if n := testing.AllocsPerRun(200, func() {
		_ = w.Init(&out, "b")
		_ = w.Field("na\"me", "value")
		_ = w.Begin(PartHead{Name: "f", FileName: "x.txt"})
		_ = w.Append(file.Clone(), 0, 4096)
		_ = w.Close()
		out.Detach(&in)
		_ = s.Init(a, boundary, &defaults)
		s.HandleEOF()
		for ev := s.Next(&in, &dst); ev.Kind != End; ev = s.Next(&in, &dst) {
			if ev.Kind == Fail {
				t.Fatal(ev.Err)
			}
		}
		s.Release()
		dst.Release()

		_ = p.Init(boundary, &defaults)
		for i := range flat {
			for in := flat[i : i+1]; len(in) > 0; {
				in = in[p.Next(in).N:]
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
