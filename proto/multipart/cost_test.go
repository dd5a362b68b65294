package multipart

import (
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

// patient is what a flood may take: a hundred times what it does, and a tenth of what its square would.
const patient = 10 * time.Second

func TestFloodsAreLinear(t *testing.T) {
	for how, f := range map[string]struct {
		run  func(t *testing.T, body string)
		size int
	}{"whole": {floodWhole, 4 << 20}, "bytes": {floodBytes, 1 << 20}, "leases": {floodLeases, 256 << 10}} {
		if guarded {
			f.size /= 16
		}
		for name, flood := range floods(f.size) {
			t.Run(name+"/"+how, func(t *testing.T) {
				start := time.Now()
				f.run(t, "--"+floodBoundary+"\r\n"+part("a")+"x"+flood)
				if took := time.Since(start); took > patient {
					t.Errorf("%d bytes took %v", f.size, took)
				}
			})
		}
	}
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
	var p Parser
	_ = p.Init([]byte("b"), &lim)
	in := []byte("--b\r\nX: " + strings.Repeat("\rx\r\n", 256<<10))
	start := time.Now()
	for i := range in {
		if ev := p.Next(in[i : i+1]); ev.Kind != NeedMore {
			t.Fatalf("%+v after %d bytes", ev, i)
		}
	}
	if took := time.Since(start); took > patient {
		t.Errorf("%d bytes took %v", len(in), took)
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
