package ws

import (
	"bytes"
	"compress/flate"
	"runtime"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// pair is a server and a client that have agreed on a.
type pair struct {
	w       *world
	cs      *Codecs
	engines [2]Engine // by Role
	out     mem.Writer
	buf     []byte
}

func newPair(w *world, a *Compression) *pair {
	p := &pair{w: w, cs: w.codecs()}
	p.out.InitFor(w.acc, 4<<10)
	for role := range p.engines {
		p.engines[role].Init(Role(role), &w.lim, w.acc)
		p.engines[role].Compress(a, p.cs)
	}
	return p
}

// send sends one message and returns how many bytes it took, and the peer's event.
func (p *pair) send(from Role, op Opcode, m []byte) (int, Event) {
	if err := p.engines[from].AppendMessage(&p.out, op, m, testKey); err != nil {
		p.w.t.Fatal(err)
	}
	p.buf = p.buf[:0]
	for p.out.Len() > 0 {
		v := p.out.Segments().First()
		p.buf = append(p.buf, v...)
		p.out.Segments().Discard(len(v))
	}
	return len(p.buf), p.engines[from^Client].Next(p.buf)
}

func (p *pair) release() {
	p.out.Release()
	for role := range p.engines {
		p.engines[role].Release()
	}
}

// Whatever was agreed on, both ways.
func TestCompressedConversation(t *testing.T) {
	for i, a := range agreements() {
		a := *a
		a.ClientWindow, a.ClientNoContext = 23-max(a.ServerWindow, 8), i%3 == 0
		w := newWorld(t, Server)
		p := newPair(w, &a)
		for n := range 20 {
			text := words(1 + n*n*50)
			for _, role := range []Role{Server, Client} {
				size, ev := p.send(role, Text, text)
				if ev.Kind != Message || ev.Op != Text || !bytes.Equal(payload(ev), text) {
					t.Fatalf("%+v: %d bytes from %d became %+v", a, len(text), role, ev)
				}
				if n > 2 && size > len(text) {
					t.Errorf("%+v: %d bytes took %d", a, len(text), size)
				}
			}
		}
		p.release()
		if n := w.a.Stats().Leased; n != 0 {
			t.Errorf("%d leases are out", n)
		}
	}
}

// Compression that was agreed on costs nothing until it is used, and then what its contexts hold.
func TestIdleCompression(t *testing.T) {
	w := newWorld(t, Server)
	p := newPair(w, &Compression{Enabled: true, Threshold: 1})
	hold := func(want int) {
		t.Helper()
		if n := w.a.Stats().Leased; n != want {
			t.Errorf("%d leases, want %d", n, want)
		}
	}
	for _, role := range []Role{Server, Client} {
		if _, ev := p.send(role, Text, nil); ev.Kind != Message {
			t.Fatal(ev)
		}
	}
	if hold(0); p.engines[Server].z != nil || p.engines[Client].z != nil || p.cs.z != nil || p.cs.encoders != nil {
		t.Error("something was made for messages that were not compressed")
	}
	_, ev := p.send(Client, Text, words(100_000))
	if ev.Kind != Message {
		t.Fatal(ev)
	}
	p.engines[Server].Next(nil)
	hold(2)
	sent, received := p.engines[Client].z.(*compressor).sent, p.engines[Server].z.(*compressor).received
	if sent.lease.Cap() != keptSent || received.n != 32<<10 {
		t.Errorf("%d and %d bytes are kept", sent.lease.Cap(), received.n)
	}
	p.release()
	hold(0)
}

func TestCompressedAllocatesNothing(t *testing.T) {
	if guarded {
		t.Skip("checking builds allocate for every lease")
	}
	for _, a := range []*Compression{takeover, {Enabled: true, ServerNoContext: true, ClientNoContext: true}, {Enabled: true, ServerWindow: 9}} {
		w := newWorld(t, Server)
		p := newPair(w, a)
		long, short := words(50_000), words(400)
		turn := func() {
			for _, m := range [][]byte{short, long} {
				for _, role := range []Role{Server, Client} {
					if _, ev := p.send(role, Text, m); ev.Kind != Message || ev.Segments.Len() != len(m) {
						t.Fatal(ev)
					}
				}
			}
		}
		turn()
		if n := testing.AllocsPerRun(50, turn); n != 0 {
			t.Errorf("%+v: %v allocations", *a, n)
		}
		p.release()
	}
}

// bomb is a message of size zeros, in a thousandth of it.
func bomb(size int) []byte {
	const unit = 1 << 20
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, 9)
	_, _ = z.Write(make([]byte, unit))
	_ = z.Flush()
	p := bytes.Repeat(b.Bytes(), size/unit) // it refers to nothing before, so it can follow itself
	return p[:len(p)-len(marker)]
}

// A GB in a MB ends at whichever limit comes first, and takes no more memory than that limit.
func TestBomb(t *testing.T) {
	p := string(bomb(1 << 30))
	if len(p) > 1<<20+1<<17 {
		t.Fatalf("the bomb has %d bytes", len(p))
	}
	for _, tc := range []struct {
		name string
		lim  Limits
		want *Error
		most int // bytes leased
	}{
		{"default", Limits{}, ErrMessageTooLarge, 2 << 20},
		{"ratio", Limits{Message: 64 << 20, Frame: 2 << 20, Ratio: 4}, ErrRatio, 8 << 20},
		{"size", Limits{Message: 16 << 20, Ratio: -1}, ErrMessageTooLarge, 20 << 20},
		{"more than may come", Limits{Message: 64 << 10}, ErrFrameTooLarge, 0},
	} {
		for _, first := range []byte{0xc1, 0xc2} {
			w := newWorld(t, Server)
			w.comp, w.lim = takeover, tc.lim.WithDefaults()
			pe := w.peer()
			frame := frames{Client}.frame(first, p)
			before := allocated()
			pe.receive(frame)
			grew := allocated() - before - 2*uint64(len(frame))
			st := w.a.Stats()
			if log := strings.Join(pe.log, "\n"); log != failure(tc.want) {
				t.Errorf("%s: %s, want %s", tc.name, log, failure(tc.want))
			}
			if int(st.Mapped) > tc.most+2<<20 || grew > 4<<20 && !guarded {
				t.Errorf("%s: %d KiB were mapped and %d KiB allocated", tc.name, st.Mapped>>10, grew>>10)
			}
			pe.end()
		}
	}
}

// A small bomb ends by its ratio, but not before 1 MiB, and what is just within the limits passes.
func TestRatio(t *testing.T) {
	w := newWorld(t, Server)
	w.comp = takeover
	for _, tc := range []struct {
		size  int
		ratio int
		want  string
	}{
		{ratioFloor, 1, ""},
		{ratioFloor + 1, 1, failure(ErrRatio)},
		{1 << 20, 200, ""},
		{2 << 20, 200, failure(ErrRatio)},
		{2 << 20, 1100, ""},
		{2 << 20, -1, ""},
		{2<<20 + 1, -1, failure(ErrMessageTooLarge)},
	} {
		w.lim = Limits{Message: 2 << 20, Ratio: tc.ratio}.WithDefaults()
		var b bytes.Buffer
		z, _ := flate.NewWriter(&b, 9)
		_, _ = z.Write(make([]byte, tc.size))
		_ = z.Flush()
		m := b.String()[:b.Len()-len(marker)]
		got := w.whole(frames{Client}.frame(0xc2, m))
		if tc.want == "" {
			tc.want = "binary " + shorten(make([]byte, tc.size))
		}
		if got != tc.want {
			t.Errorf("%d bytes in %d, ratio %d: %s, want %s", tc.size, len(m), tc.ratio, got, tc.want)
		}
	}
}

// Text is checked in its inflated form, in pieces: a character may lie on both sides of any seam.
func TestInflatedText(t *testing.T) {
	w := newWorld(t, Server)
	w.comp, w.lim = takeover, Limits{Ratio: -1}.WithDefaults()
	text := bytes.Repeat([]byte("ä€𝄞"), 20_000)
	for _, tc := range []struct {
		text []byte
		want string
	}{
		{text, "text " + shorten(text)},
		{text[1:], failure(ErrUTF8)},
		{text[:len(text)-1], failure(ErrUTF8)},
		{append(bytes.Clone(text[:100_000]), 0xff), failure(ErrUTF8)},
	} {
		var b bytes.Buffer
		z, _ := flate.NewWriter(&b, 6)
		_, _ = z.Write(tc.text)
		_ = z.Flush()
		if got := w.whole(frames{Client}.frame(0xc1, b.String()[:b.Len()-len(marker)])); got != tc.want {
			t.Errorf("%d bytes: %s, want %s", len(tc.text), got, tc.want)
		}
	}
}

func allocated() uint64 {
	var st runtime.MemStats
	runtime.ReadMemStats(&st)
	return st.TotalAlloc
}
