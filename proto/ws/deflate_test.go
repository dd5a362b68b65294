package ws

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// sender compresses the messages of one connection.
type sender struct {
	w    *world
	c    *compressor
	past []byte // what the receiver's window has, in full
}

func (w *world) sender(cs *Codecs, a *Compression) *sender {
	s := &sender{w: w, c: cs.get(Server, a, w.acc)}
	w.t.Cleanup(s.c.release)
	return s
}

// codecs are closed when all that use them are released.
func (w *world) codecs() *Codecs {
	cs := NewCodecs()
	w.t.Cleanup(func() {
		if err := cs.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return cs
}

// message compresses p and has puff inflate it, with no more of a window than was agreed on.
func (s *sender) message(p []byte, a *Compression) (packed []byte, ok bool) {
	s.w.t.Helper()
	var out mem.Writer
	out.InitFor(s.w.acc, 1<<10)
	ok = s.c.deflate(&out, p)
	packed = bytes.Clone(out.Segments().Flatten())
	out.Release()
	if !ok {
		return nil, false
	}
	if len(packed) >= len(p) {
		s.w.t.Errorf("%d bytes became %d", len(p), len(packed))
	}
	noContext, bits := a.sending(Server)
	if noContext {
		s.past = nil
	}
	past := s.past[max(len(s.past)-1<<bits, 0):]
	var z puff
	got, err := z.inflate(packed, past)
	if err != nil || !bytes.Equal(got, p) {
		s.w.t.Fatalf("%+v: puff has %d bytes of %d, %v", *a, len(got), len(p), err)
	}
	if z.farthest > 1<<bits {
		s.w.t.Fatalf("%+v: a reference to what was %d bytes ago", *a, z.farthest)
	}
	s.past = append(s.past, p...)
	return packed, true
}

// agreements are those that a server can send under.
func agreements() (list []*Compression) {
	for bits := uint8(8); bits <= 15; bits++ {
		for _, no := range []bool{false, true} {
			list = append(list, &Compression{Enabled: true, ServerWindow: bits, ServerNoContext: no})
		}
	}
	for level := 2; level <= 12; level++ { // 10 and more are 9
		list = append(list, &Compression{Enabled: true, Level: level})
	}
	return list
}

// messages are of many sizes and kinds, n in all.
func messages(n int, rng *rand.Rand) (list [][]byte) {
	text := words(100_000)
	for range n {
		size := 1 << rng.IntN(17)
		size = min(size+rng.IntN(size), 100_000)
		p := bytes.Clone(text[rng.IntN(len(text)-size+1):][:size])
		switch rng.IntN(5) {
		case 0:
			for i := range p {
				p[i] = byte(rng.Uint32())
			}
		case 1:
			clear(p)
		}
		list = append(list, p)
	}
	return list
}

// All agreements share the encoders, and take turns: what each receiver gets is what was sent, within its window.
func TestDeflate(t *testing.T) {
	n := 600
	if guarded || testing.Short() {
		n = 100
	}
	rng := rand.New(rand.NewPCG(1, 2))
	w := newWorld(t, Client)
	cs := w.codecs()
	list := agreements()
	var senders []*sender
	var receivers []*receiver
	for _, a := range list {
		senders = append(senders, w.sender(cs, a))
		receivers = append(receivers, w.receiver(a))
	}
	small := 0
	for _, p := range messages(n, rng) {
		i := rng.IntN(len(list))
		packed, ok := senders[i].message(p, list[i])
		if !ok {
			continue
		}
		small++
		if got, err := receivers[i].message(packed, rng.IntN(3)*500); err != nil || !bytes.Equal(got, p) {
			t.Fatalf("%+v: %d bytes of %d, %v", *list[i], len(got), len(p), err)
		}
		if rng.IntN(10) == 0 {
			senders[i].c.forget()
		}
	}
	if small < n/2 {
		t.Errorf("only %d of %d were compressed", small, n)
	}
	if n := len(cs.encoders); n > 7+9*4 {
		t.Errorf("%d encoders", n)
	}
}

// What does not get smaller is not sent compressed, and leaves no trace in the context.
func TestDeflateNotSmaller(t *testing.T) {
	w := newWorld(t, Server)
	s := w.sender(w.codecs(), takeover)
	random := make([]byte, 2000)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	for i := range 3 {
		for _, p := range [][]byte{words(300), random, nil, {1}} {
			if _, ok := s.message(p, takeover); ok != (len(p) == 300) {
				t.Errorf("round %d, %d bytes: compressed %v", i, len(p), ok)
			}
		}
	}
}

// An encoder that nobody else has used goes on with all of its window; one that somebody has gets what was kept.
func TestDeflateResumes(t *testing.T) {
	w := newWorld(t, Server)
	cs := w.codecs()
	text := words(12 << 10)
	s := w.sender(cs, takeover)
	var sizes []int
	for _, p := range [][]byte{text[:4<<10], text[4<<10 : 8<<10], text[8<<10:], text[:4<<10]} {
		packed, ok := s.message(p, takeover)
		if !ok {
			t.Fatal("not compressed")
		}
		sizes = append(sizes, len(packed))
	}
	if sizes[3] > sizes[0]/10 {
		t.Errorf("the first 4 KiB are %d bytes, and again after 12 KiB %d: the window is forgotten", sizes[0], sizes[3])
	}
	// Four more that take turns leave it none of its own.
	var others []*sender
	for range kindOf(0, 15).most() {
		others = append(others, w.sender(cs, takeover))
		_, _ = others[len(others)-1].message(words(100), takeover)
	}
	packed, _ := s.message(text[:4<<10], takeover) // the last 4 KiB that it has sent
	if len(packed) > 500 {
		t.Errorf("the same 4 KiB again are %d bytes: what was kept is not used", len(packed))
	}
	if packed, _ = s.message(text[4<<10:8<<10], takeover); len(packed) < 500 {
		t.Errorf("what was not kept is %d bytes", len(packed))
	}
}

// A connection's encoder is taken by others, that of the one first that has not sent for longest, and never resumed
// when it was forgotten or the connection is another one.
func TestEncoderOwners(t *testing.T) {
	w := newWorld(t, Server)
	cs := w.codecs()
	var list []*compressor
	for range 5 {
		list = append(list, cs.get(Server, takeover, w.acc))
	}
	for i, step := range []struct {
		who    int
		resume bool
	}{{0, false}, {1, false}, {2, false}, {3, false}, {0, true}, {4, false}, {0, true}, {2, true}, {3, true}, {1, false}, {0, true}} {
		if _, resume := cs.encoder(list[step.who].kind, list[step.who]); resume != step.resume {
			t.Errorf("step %d, connection %d: resumed %v", i, step.who, resume)
		}
	}
	list[0].forget()
	if _, resume := cs.encoder(list[0].kind, list[0]); resume {
		t.Error("resumed what was forgotten")
	}
	for _, c := range list {
		c.release()
	}
	for range list {
		c := cs.get(Server, takeover, w.acc) // one of the same memory, but for checking builds
		if _, resume := cs.encoder(c.kind, c); resume {
			t.Error("resumed what another connection has sent")
		}
		defer c.release()
	}
}

// There are as many encoders as are of use, whoever asks.
func TestEncoders(t *testing.T) {
	w := newWorld(t, Server)
	cs := w.codecs()
	count := func(want int) {
		t.Helper()
		if n := len(cs.encoders); n != want {
			t.Errorf("%d encoders, want %d", n, want)
		}
	}
	alone := &Compression{Enabled: true, ServerNoContext: true}
	for range 5 {
		s := w.sender(cs, alone)
		_, _ = s.message(words(100), alone)
		_, _ = s.message(words(200), alone)
	}
	count(1)
	for range 10 {
		s := w.sender(cs, takeover)
		_, _ = s.message(words(100), takeover)
	}
	count(4)
	for range 3 {
		for bits := uint8(8); bits < 15; bits++ {
			a := &Compression{Enabled: true, ServerWindow: bits, Level: int(bits)}
			_, _ = w.sender(cs, a).message(words(100), a)
		}
	}
	count(4 + 7)
	_, _ = w.sender(cs, alone).message(words(100), alone)
	count(4 + 7)
}

// A frame for many connections refers to nothing but itself, and only as far back as the smallest window goes.
func TestPack(t *testing.T) {
	w := newWorld(t, Server)
	cs := w.codecs()
	s := w.sender(cs, takeover)
	_, _ = s.message(words(3000), takeover)
	for _, window := range []uint8{0, 9, 15} {
		var out mem.Writer
		out.InitFor(w.acc, 100)
		_, _ = out.WriteString("before")
		if !cs.Pack(&out, words(3000), window, 0) {
			t.Error("not compressed")
		}
		var z puff
		got, err := z.inflate(bytes.Clone(out.Segments().Flatten())[6:], nil)
		if err != nil || !bytes.Equal(got, words(3000)) {
			t.Errorf("window %d: %d bytes, %v", window, len(got), err)
		}
		if window == 9 && z.farthest > 512 {
			t.Errorf("a reference to what was %d bytes ago", z.farthest)
		}
		before := out.Len()
		if cs.Pack(&out, []byte("short"), window, 0) || out.Len() != before {
			t.Errorf("what does not get smaller was appended: %d bytes", out.Len()-before)
		}
		out.Release()
	}
	_, _ = s.message(words(3000), takeover) // and who had the encoder before is not confused
}

func FuzzDeflate(f *testing.F) {
	f.Add(words(300), uint8(15), uint8(1), []byte{3, 200, 17})
	f.Add(pattern(700), uint8(8), uint8(1), []byte{255})
	f.Add(make([]byte, 2000), uint8(9), uint8(0), []byte{1, 1, 1, 1})
	f.Add(words(3000), uint8(12), uint8(3), []byte{100, 1, 100})
	var cs *Codecs // one for all runs: encoders are expensive to make
	f.Fuzz(func(t *testing.T, p []byte, bits, flags uint8, cuts []byte) {
		a := &Compression{Enabled: true, ServerWindow: 8 + bits%8, ServerNoContext: flags&1 != 0, Level: int(flags / 2 % 10)}
		if cs == nil {
			cs = NewCodecs()
		}
		w := newWorld(t, Client)
		s, r := w.sender(cs, a), w.receiver(a)
		for _, n := range append(cuts[:min(len(cuts), 20)], 0) {
			m := p
			if n > 0 {
				m = p[:min(len(p), int(n)*8)]
			}
			p = p[len(m):]
			packed, ok := s.message(m, a)
			if !ok {
				continue
			}
			if got, err := r.message(packed, int(n)); err != nil || !bytes.Equal(got, m) {
				t.Fatalf("%d bytes of %d, %v", len(got), len(m), err)
			}
		}
	})
}

// BenchmarkDeflate compresses 1 KiB of a connection: on its own, where it was, and with what was kept.
func BenchmarkDeflate(b *testing.B) {
	for name, a := range map[string]*Compression{"alone": {Enabled: true, ServerNoContext: true}, "context": takeover} {
		for _, connections := range []int{1, 100} {
			b.Run(fmt.Sprintf("%s/%d connections", name, connections), func(b *testing.B) {
				alloc := mem.NewAllocator(mem.Config{})
				cs := NewCodecs()
				var list []*compressor
				for range connections {
					list = append(list, cs.get(Server, a, alloc.Account("context")))
				}
				var out mem.Writer
				text := words(200_000)
				b.SetBytes(1 << 10)
				b.ReportAllocs()
				sent, i := 0, 0
				for b.Loop() {
					out.Init(alloc, 4<<10)
					list[i%connections].deflate(&out, text[i*1024%190_000:][:1<<10])
					sent += out.Len()
					i++
					out.Release()
				}
				b.ReportMetric(float64(sent)/float64(i)/1024, "ratio")
			})
		}
	}
}
