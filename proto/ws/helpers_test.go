package ws

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

var defaults = Limits{}.WithDefaults()

// testKey is what test frames of a client are masked with.
var testKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// frames makes the frames of one role, independently of the code under test. first is the first byte.
type frames struct{ role Role }

func (f frames) frame(first byte, payload string) string {
	return f.head(first, len(payload)) + f.masked(payload, 0)
}

// head is a frame's header alone.
func (f frames) head(first byte, n int) string {
	b := []byte{first, 0}
	switch {
	case n <= 125:
		b[1] = byte(n)
	case n < 1<<16:
		b[1] = 126
		b = binary.BigEndian.AppendUint16(b, uint16(n))
	default:
		b[1] = 127
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	if f.role == Client {
		b[1] |= 0x80
		b = append(b, testKey[:]...)
	}
	return string(b)
}

func (f frames) masked(payload string, pos int) string {
	if f.role == Server {
		return payload
	}
	b := []byte(payload)
	for i := range b {
		b[i] ^= testKey[(pos+i)%4]
	}
	return string(b)
}

func (f frames) close(code uint16, reason string) string {
	return f.frame(0x88, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// bothRoles runs f for an engine of each role; fr makes the peer's frames.
func bothRoles(t *testing.T, f func(t *testing.T, w *world, fr frames)) {
	t.Helper()
	t.Run("server", func(t *testing.T) { t.Helper(); f(t, newWorld(t, Server), frames{Client}) })
	t.Run("client", func(t *testing.T) { t.Helper(); f(t, newWorld(t, Client), frames{Server}) })
}

// world is what the engines of a test have in common.
type world struct {
	t    *testing.T
	a    *mem.Allocator
	acc  *mem.Account
	role Role
	lim  Limits
	comp *Compression
	z    func() codec // instead of the real one
}

func newWorld(t *testing.T, role Role) *world {
	a := mem.NewAllocator(mem.Config{})
	t.Cleanup(func() {
		if err := a.Close(); err != nil {
			t.Error("what the engine leased did not come home: ", err)
		}
	})
	return &world{t: t, a: a, acc: a.Account("message"), role: role, lim: defaults}
}

// peer is a scripted connection around one engine: it hands over bytes as they arrive, keeps what was not consumed, and
// writes down what happened.
type peer struct {
	w    *world
	e    Engine
	in   []byte
	log  []string
	over bool // a Close came, or the peer has failed
}

func (w *world) peer() *peer {
	p := &peer{w: w}
	p.e.Init(w.role, &w.lim, w.acc)
	if w.comp != nil {
		p.e.Compress(w.comp, NewCodecs())
		if w.z != nil {
			p.e.z = w.z()
		}
	}
	return p
}

// receive appends b to what is unread and drains the engine. The bytes move to fresh memory each time and the old are
// overwritten, so that a view kept too long shows; what is not consumed must not have been touched.
func (p *peer) receive(b string) {
	old := p.in
	p.in = append(append(make([]byte, 0, len(old)+len(b)), old...), b...)
	for i := range old {
		old[i] = '!'
	}
	for {
		before := string(p.in)
		ev := p.e.Next(p.in)
		if ev.N < 0 || ev.N > len(p.in) {
			p.w.t.Fatalf("consumed %d of %d", ev.N, len(p.in))
		}
		if ev.Kind != Fail && string(p.in[ev.N:]) != before[ev.N:] {
			p.w.t.Fatalf("bytes behind those consumed have changed: %q", before)
		}
		going := p.event(ev)
		p.in = p.in[ev.N:]
		if !going {
			if len(p.in) > 131 && ev.Kind == NeedMore {
				p.w.t.Fatalf("%d bytes have to be kept", len(p.in))
			}
			return
		}
	}
}

// event writes ev down and reports whether there may be more at once.
func (p *peer) event(ev Event) bool {
	switch ev.Kind {
	case NeedMore:
		return false
	case Message:
		p.log = append(p.log, fmt.Sprintf("%s %s", [...]string{1: "text", 2: "binary"}[ev.Op], shorten(payload(ev))))
	case Ping:
		p.log = append(p.log, fmt.Sprintf("ping %s", ev.Data))
	case Pong:
		p.log = append(p.log, fmt.Sprintf("pong %s", ev.Data))
	case CloseFrame:
		p.log = append(p.log, fmt.Sprintf("close %d %s", ev.Code, ev.Data))
		p.over = true
	case Closed:
		if ev.N != len(p.in) {
			p.w.t.Fatal("what follows a Close is not consumed")
		}
		return false
	case Fail:
		if !p.over {
			p.log = append(p.log, failure(ev.Err))
		}
		p.over = true
		return false
	default:
		p.w.t.Fatalf("event %d", ev.Kind)
	}
	return true
}

func failure(err *Error) string { return fmt.Sprintf("fail %d %s", err.Code, err.Text) }

// payload copies a message; exactly one of Data and Segments has it.
func payload(ev Event) []byte {
	if (ev.Data == nil) == (ev.Segments == nil) {
		panic("a message must be in one place")
	}
	if ev.Data != nil {
		return bytes.Clone(ev.Data)
	}
	var b []byte
	for _, v := range ev.Segments.Views(nil, 1<<30) {
		b = append(b, v...)
	}
	return b
}

// shorten keeps logs of large messages readable.
func shorten(b []byte) string {
	if len(b) <= 200 {
		return string(b)
	}
	sum := sha1Long(b)
	return fmt.Sprintf("%d bytes %x", len(b), sum[:4])
}

// end releases the engine and returns the log, one line each.
func (p *peer) end() string {
	p.e.Release()
	if n := p.w.a.Stats().Leased; n != 0 {
		p.w.t.Fatalf("%d buffers are still leased", n)
	}
	return strings.Join(p.log, "\n")
}

// whole runs an input in one piece.
func (w *world) whole(input string) string {
	p := w.peer()
	p.receive(input)
	return p.end()
}

// pieces runs an input cut at the given places.
func (w *world) pieces(input string, cuts ...int) string {
	p, from := w.peer(), 0
	for _, to := range append(cuts, len(input)) {
		p.receive(input[from:to])
		from = to
	}
	return p.end()
}

// everyWay checks that an input gives the same events whole, byte by byte, and split in two at every point, and
// returns them.
func (w *world) everyWay(input string) string {
	w.t.Helper()
	want := w.whole(input)
	var all []int
	for i := 1; i < len(input); i++ {
		all = append(all, i)
		if len(input) > 2000 && i%197 != 0 && i > 20 {
			continue
		}
		if got := w.pieces(input, i); got != want {
			w.t.Fatalf("%.200q split at %d:\n%s\nwhole:\n%s", input, i, got, want)
		}
	}
	if got := w.pieces(input, all...); got != want {
		w.t.Fatalf("%.200q byte by byte:\n%s\nwhole:\n%s", input, got, want)
	}
	return want
}

// vector is one input, as parts to be joined, and what must come of it.
type vector struct {
	name string // the paragraph or the case, and what it is about
	in   []string
	want []string
}

// run runs each vector every way, and with bytes behind it that must not change what came before.
func (w *world) run(vectors []vector) {
	w.t.Helper()
	for _, v := range vectors {
		in, want := strings.Join(v.in, ""), strings.Join(v.want, "\n")
		if got := w.everyWay(in); got != want {
			w.t.Errorf("%s\n%.300q\n got %s\nwant %s", v.name, in, got, want)
		}
		over := len(v.want) > 0 && (strings.HasPrefix(v.want[len(v.want)-1], "fail") || strings.HasPrefix(v.want[len(v.want)-1], "close"))
		for _, behind := range []string{"\x81", "\x89\x00", "\xff\xff\xff\xff"} {
			got := w.whole(in + behind)
			if !strings.HasPrefix(got, want) || over && got != want {
				w.t.Errorf("%s: with %q behind it:\n%s\nwant\n%s", v.name, behind, got, want)
			}
		}
	}
}

// output runs f with a writer and returns what it wrote.
func (w *world) output(f func(out *mem.Writer)) string {
	var out mem.Writer
	out.Init(w.a, 512)
	f(&out)
	var b strings.Builder
	if _, err := out.Segments().WriteTo(&b); err != nil {
		w.t.Fatal(err)
	}
	out.Release()
	return b.String()
}
