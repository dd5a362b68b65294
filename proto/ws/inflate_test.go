package ws

import (
	"bytes"
	"compress/flate"
	"encoding/hex"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// receiver inflates the messages of one connection.
type receiver struct {
	w  *world
	cs *Codecs
	c  *compressor
	b  bounds
}

func (w *world) receiver(a *Compression) *receiver {
	r := &receiver{w: w, cs: NewCodecs(), b: bounds{max: 1 << 20, ratio: unlimited}}
	r.c = r.cs.get(w.role, a, w.acc)
	w.t.Cleanup(func() {
		r.c.release()
		if err := r.cs.Close(); err != nil {
			w.t.Error(err)
		}
	})
	return r
}

// message inflates p, which comes in pieces of n bytes, or whole for n = 0.
func (r *receiver) message(p []byte, n int) ([]byte, *Error) {
	var src, dst mem.Segments
	src.InitFor(r.w.acc)
	dst.InitFor(r.w.acc)
	for rest := p; len(rest) > 0; {
		var one mem.Segments
		one.InitFor(r.w.acc)
		k := len(rest)
		if n > 0 {
			k = min(n, k)
		}
		one.AppendCopy(rest[:k])
		src.Splice(&one)
		rest = rest[k:]
	}
	err := r.c.inflate(&dst, &src, r.b)
	if src.Len() != 0 {
		r.w.t.Errorf("%d bytes of input are left", src.Len())
	}
	out := bytes.Clone(dst.Flatten())
	dst.Release()
	return out, err
}

func unhex(s string) []byte {
	p, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return p
}

var takeover = &Compression{Enabled: true}

// The examples of RFC 7692 §7.2.3, and what they leave out. Each row is a connection.
func TestInflateVectors(t *testing.T) {
	for _, tc := range []struct {
		name     string
		messages []string
		want     []string
	}{
		{"one block", []string{"f2 48 cd c9 c9 07 00"}, []string{"Hello"}},
		{"two fragments", []string{"f2 48 cd" + "c9 c9 07 00"}, []string{"Hello"}},
		{"shared window", []string{"f2 48 cd c9 c9 07 00", "f2 00 11 00 00"}, []string{"Hello", "Hello"}},
		{"no compression", []string{"00 05 00 fa ff 48 65 6c 6c 6f 00"}, []string{"Hello"}},
		{"final block", []string{"f3 48 cd c9 c9 07 00 00"}, []string{"Hello"}},
		{"final block, and nothing behind", []string{"f3 48 cd c9 c9 07 00"}, []string{"Hello"}},
		{"empty final block, its end taken off", []string{"f2 48 cd c9 c9 07 00 00 00 ff ff 01", "01"}, []string{"Hello", ""}},
		{"final block of no compression", []string{"01 05 00 fa ff 48 65 6c 6c 6f"}, []string{"Hello"}},
		{"two blocks", []string{"f2 48 05 00 00 00 ff ff ca c9 c9 07 00"}, []string{"Hello"}},
		{"nothing", []string{"00", "02 00", "03 00", "00 00 00 ff ff 00"}, []string{"", "", "", ""}},
		{"a reference over a final block", []string{"f3 48 cd c9 c9 07 00 f2 00 11 00 00"}, []string{"HelloHello"}},
		{"a reference over a final block and a message", []string{"f3 48 cd c9 c9 07 00", "f2 00 11 00 00"}, []string{"Hello", "Hello"}},
		{"three final blocks", []string{"f3 48 cd c9 c9 07 00 f3 00 11 00 f3 00 11 00"}, []string{"HelloHelloHello"}},
		{"many final blocks", []string{strings.Repeat("03 00", blocksFree-2) + "f2 48 cd c9 c9 07 00"}, []string{"Hello"}},
		{"a later message after nothing", []string{"f2 48 cd c9 c9 07 00", "00", "f2 00 11 00 00"}, []string{"Hello", "", "Hello"}},
	} {
		for _, n := range []int{0, 1, 3} {
			r := newWorld(t, Server).receiver(takeover)
			for i, m := range tc.messages {
				got, err := r.message(unhex(m), n)
				if err != nil || string(got) != tc.want[i] {
					t.Errorf("%s, in pieces of %d: message %d is %q, %v, want %q", tc.name, n, i, got, err, tc.want[i])
				}
			}
			if got, want := string(r.c.received.view()), strings.Join(tc.want, ""); got != want {
				t.Errorf("%s: the window has %q, want %q", tc.name, got, want)
			}
		}
	}
}

func TestInflateErrors(t *testing.T) {
	hello := "f2 48 cd c9 c9 07 00"
	for _, tc := range []struct {
		name    string
		message string
		b       bounds
		want    *Error
	}{
		{"no byte", "", bounds{}, ErrDeflate},
		{"a reserved block type", "06", bounds{}, ErrDeflate},
		{"a reference to nothing", "f2 00 11 00 00", bounds{}, ErrDeflate},
		{"a length whose complement is wrong", "00 05 00 fa fe 48 65 6c 6c 6f 00", bounds{}, ErrDeflate},
		{"cut off", "f2 48 cd c9", bounds{}, ErrDeflate},
		{"the end was not taken off", hello + "00 00 ff ff", bounds{}, ErrDeflate},
		{"four bytes are missing", "00 09 00 f6 ff 48 65 6c 6c 6f", bounds{}, ErrDeflate},
		{"four bytes and the next block", "00 09 00 f6 ff 48 65 6c 6c 6f 00", bounds{}, ErrDeflate},
		{"a final block that ends inside of what was taken off", "03", bounds{}, ErrDeflate},
		{"a final block that ends inside of what is added", hex.EncodeToString(headerOnly()), bounds{}, ErrDeflate},
		{"nine bytes of a block", "00 0e 00 f1 ff 48 65 6c 6c 6f", bounds{}, ErrDeflate},
		{"nine bytes of a final block", "01 0e 00 f1 ff 48 65 6c 6c 6f", bounds{}, ErrDeflate},
		{"garbage behind a final block", "f3 48 cd c9 c9 07 00 ff", bounds{}, ErrDeflate},
		{"too many blocks", strings.Repeat("03 00", 2*blocksFree) + hello, bounds{}, ErrTooManyBlocks},
		{"as large as can be", hello, bounds{max: 5}, nil},
		{"too large", hello, bounds{max: 4}, ErrMessageTooLarge},
		{"UTF-8", "00 02 00 fd ff c3 a4 00", bounds{text: &utf8State{}}, nil},
		{"not UTF-8", "00 02 00 fd ff c3 28 00", bounds{text: &utf8State{}}, ErrUTF8},
	} {
		for _, n := range []int{0, 1} {
			w := newWorld(t, Server)
			r := w.receiver(takeover)
			if tc.b.max > 0 {
				r.b.max = tc.b.max
			}
			if tc.b.text != nil {
				r.b.text = &utf8State{}
			}
			if got, err := r.message(unhex(tc.message), n); err != tc.want {
				t.Errorf("%s, in pieces of %d: %q, %v, want %v", tc.name, n, got, err, tc.want)
			}
			if leased := w.a.Stats().Leased; tc.want != nil && leased != 0 {
				t.Errorf("%s: %d leases are out", tc.name, leased)
			}
			if got, err := r.message(unhex(hello), n); tc.b.max != 4 && (err != nil || string(got) != "Hello") {
				t.Errorf("%s: the next message is %q, %v", tc.name, got, err)
			}
		}
	}
}

// A message that was cut off is never taken for one that is whole.
func TestInflateTruncated(t *testing.T) {
	for level := range 10 {
		var b bytes.Buffer
		z, _ := flate.NewWriter(&b, level)
		_, _ = z.Write(words(3000))
		_ = z.Flush()
		p := b.Bytes()[:b.Len()-len(marker)]
		r := newWorld(t, Server).receiver(takeover)
		for n := range p {
			if n == 1 && level == 0 {
				continue // a 0 is an empty message
			}
			if got, err := r.message(p[:n], 0); err != ErrDeflate {
				t.Fatalf("level %d: %d of %d bytes are %d bytes, %v", level, n, len(p), len(got), err)
			}
		}
		if got, err := r.message(p, 0); err != nil || !bytes.Equal(got, words(3000)) {
			t.Errorf("level %d: %v", level, err)
		}
	}
}

// Without a context nothing of a message outlives it, neither for those that follow nor in memory.
func TestInflateWithoutContext(t *testing.T) {
	w := newWorld(t, Server)
	r := w.receiver(&Compression{Enabled: true, ClientNoContext: true})
	for _, first := range []string{"f2 48 cd c9 c9 07 00", "f3 48 cd c9 c9 07 00 f2 00 11 00 00"} {
		if _, err := r.message(unhex(first), 0); err != nil {
			t.Fatal(err)
		}
		if n := w.a.Stats().Leased; n != 0 {
			t.Errorf("%d leases are out", n)
		}
		if got, err := r.message(unhex("f2 00 11 00 00"), 0); err != ErrDeflate {
			t.Errorf("a reference to the message before: %q, %v", got, err)
		}
	}
}

// A window is as large as was agreed on, to the byte.
func TestInflateWindow(t *testing.T) {
	for bits := uint8(8); bits <= 15; bits++ {
		size := 1 << bits
		for _, tc := range []struct {
			before int
			want   *Error
		}{{size, nil}, {size - 1, ErrDeflate}} {
			w := newWorld(t, Server)
			r := w.receiver(&Compression{Enabled: true, ClientWindow: bits})
			text := words(tc.before + 100)[100:]
			first := []byte{0, byte(len(text)), byte(len(text) >> 8), ^byte(len(text)), ^byte(len(text) >> 8)}
			if _, err := r.message(append(append(first, text...), 0), 0); err != nil {
				t.Fatal(err)
			}
			if n := w.a.Stats().Leased; n != 1 {
				t.Errorf("%d leases", n)
			}
			got, err := r.message(farReference(bits), 0)
			if err != tc.want || err == nil && !bytes.Equal(got, text[len(text)-size:][:3]) {
				t.Errorf("%d bits, %d bytes back after %d bytes: %q, %v, want %v", bits, size, tc.before, got, err, tc.want)
			}
		}
	}
}

// farReference is a message of 3 bytes that were 1<<bits bytes ago: a block of fixed codes (RFC 1951 §3.2.5, §3.2.6).
func farReference(bits uint8) []byte {
	var z bitWriter
	z.put(0, 1)         // not final
	z.put(1, 2)         // fixed codes
	z.put(0b1000000, 7) // 257, length 3, first bit first
	code := 2*int(bits) - 1
	for i := range 5 {
		z.put(code>>(4-i)&1, 1)
	}
	extra := code/2 - 1
	z.put(1<<extra-1, extra) // the farthest of its code
	z.put(0, 7)              // 256, end of block
	z.put(0, 3)              // an empty stored block, whose rest is taken off
	return z.p
}

// headerOnly is most of a final block's header (RFC 1951 §3.2.7). Read on through 00 00 ff ff 01, it gives symbols 248
// to 263 codes of four bits, and nothing else; then comes the block's end, symbol 256, whose code is 1000.
func headerOnly() []byte {
	var z bitWriter
	z.put(1, 1)
	z.put(2, 2)
	z.put(286-257, 5)
	z.put(18-1, 5)
	z.put(13-4, 4)
	for _, n := range []int{0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0} { // 17 and 4 have codes of one bit, 1 and 0
		z.put(n, 3)
	}
	for _, zeros := range append(slices.Repeat([]int{10}, 23), 8, 6, 4) {
		z.put(1, 1)
		z.put(zeros-3, 3)
	}
	return z.p
}

type bitWriter struct {
	p []byte
	n int
}

func (z *bitWriter) put(v, n int) {
	for i := range n {
		if z.n%8 == 0 {
			z.p = append(z.p, 0)
		}
		z.p[z.n/8] |= byte(v>>i&1) << (z.n % 8)
		z.n++
	}
}

// words is n bytes that compress like text.
func words(n int) []byte {
	rng := rand.New(rand.NewPCG(7, 7))
	var p []byte
	for len(p) < n {
		p = append(p, [...]string{"player ", "moves ", "left ", "right ", "and ", "x=", "y="}[rng.IntN(7)]...)
		p = append(p, byte('0'+rng.IntN(10)), byte('0'+rng.IntN(10)), ' ')
	}
	return p[:n]
}

// What takes time and makes nothing is bounded: a flood of blocks takes no longer than text of that length.
func TestInflateBlockFlood(t *testing.T) {
	size, times := 1<<20, 5
	measured := !guarded && os.Getenv("RINGWIRE_TEST_EMULATOR") == ""
	if !measured {
		size, times = size/4, 1
	}
	r := newWorld(t, Server).receiver(takeover)
	r.b.max = 16 * size
	inflating := func(p []byte, want *Error) time.Duration {
		least := time.Hour
		for range times {
			began := time.Now()
			if _, err := r.message(p, 0); err != want {
				t.Errorf("got %v, want %v", err, want)
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	var b bytes.Buffer
	z, _ := flate.NewWriter(&b, 6)
	for b.Len() < size {
		_, _ = z.Write(words(64 << 10))
	}
	_ = z.Flush()
	text := inflating(b.Bytes()[:b.Len()-len(marker)], nil)
	for name, block := range map[string]func(z *bitWriter){
		"final":               func(z *bitWriter) { z.put(3, 10); z.n = (z.n + 7) &^ 7 },
		"of the fixed codes":  func(z *bitWriter) { z.put(2, 10) },
		"without compression": func(z *bitWriter) { z.put(0, 8+16); z.put(0xffff, 16) },
		"of codes of its own": shortBlock,
		"of a long code":      longBlock,
	} {
		var z bitWriter
		for len(z.p) < size {
			block(&z)
		}
		took := inflating(z.p, ErrTooManyBlocks)
		t.Logf("blocks %s: %v, text %v", name, took, text)
		if took > 2*text && measured {
			t.Errorf("a flood of blocks %s takes %v, and as much text %v", name, took, text)
		}
	}
	if _, err := r.message(unhex("f2 48 cd c9 c9 07 00"), 0); err != nil {
		t.Errorf("the next message: %v", err)
	}
}

// A sender that flushes each of many pieces, as zlib does for fragments, or whose blocks are as small as zlib's
// with the least memory, floods nobody.
func TestInflateSmallBlocks(t *testing.T) {
	r := newWorld(t, Server).receiver(takeover)
	for _, piece := range []int{1, 20} {
		var b bytes.Buffer
		z, _ := flate.NewWriter(&b, 6)
		text := words(1000 * piece)
		for p := range slices.Chunk(text, piece) {
			_, _ = z.Write(p)
			_ = z.Flush()
		}
		if got, err := r.message(b.Bytes()[:b.Len()-len(marker)], 0); err != nil || !bytes.Equal(got, text) {
			t.Errorf("1000 pieces of %d: %v", piece, err)
		}
	}
	var b bytes.Buffer
	text := words(512 << 10)
	for p := range slices.Chunk(text, 400) { // some 128 symbols
		z, _ := flate.NewWriter(&b, 6)
		_, _ = z.Write(p)
		_ = z.Close()
	}
	if got, err := r.message(b.Bytes(), 0); err != nil || !bytes.Equal(got, text) {
		t.Errorf("blocks of 400 bytes: %v", err)
	}
}

// shortBlock writes the shortest block with codes of its own (RFC 1951 §3.2.7), which is empty.
func shortBlock(z *bitWriter) {
	z.put(2<<1, 3)
	z.put((18-4)<<10, 14)
	for i := range 18 { // 1 and 18 have codes of one bit, 0 and 1
		z.put(map[int]int{2: 1, 17: 1}[i], 3)
	}
	for _, zeros := range []int{138, 118} {
		z.put(1, 1)
		z.put(zeros-11, 7)
	}
	z.put(0, 3) // 256 and a distance have one bit, and then comes 256
}

// longBlock writes one whose symbols from 241 on have 1 to 15 bits, and is empty.
func longBlock(z *bitWriter) {
	code := func(v, n int) {
		for i := n - 1; i >= 0; i-- {
			z.put(v>>i&1, 1)
		}
	}
	z.put(2<<1, 3)
	z.put((19-4)<<10, 14)
	for _, i := range codeOrder { // 1 to 15 and 18 have codes of four bits
		z.put(map[bool]int{true: 4}[i >= 1 && i <= 15 || i == 18], 3)
	}
	for _, zeros := range []int{138, 103} {
		code(15, 4)
		z.put(zeros-11, 7)
	}
	for n := 1; n <= 16; n++ {
		code(min(n, 15)-1, 4)
	}
	code(0, 4)
	code(1<<15-1, 15)
}

func FuzzInflate(f *testing.F) {
	for _, s := range []string{
		"f2 48 cd c9 c9 07 00", "f2 00 11 00 00", "00 05 00 fa ff 48 65 6c 6c 6f 00", "f3 48 cd c9 c9 07 00 00",
		"f2 48 05 00 00 00 ff ff ca c9 c9 07 00", "f3 48 cd c9 c9 07 00 f2 00 11 00 00", "01 0e 00 f1 ff 48 65 6c 6c 6f", "",
	} {
		f.Add(unhex(s), []byte("Hello"), uint16(1))
	}
	for _, level := range []int{1, 9, flate.HuffmanOnly} {
		var b bytes.Buffer
		z, _ := flate.NewWriter(&b, level)
		_, _ = z.Write(words(900))
		_ = z.Flush()
		f.Add(b.Bytes()[:b.Len()-len(marker)], []byte{}, uint16(0))
		_ = z.Close()
		f.Add(b.Bytes(), words(100), uint16(7))
	}
	const most = 64 << 10
	f.Fuzz(func(t *testing.T, p, past []byte, n uint16) {
		w := newWorld(t, Server)
		r := w.receiver(takeover)
		r.b.max = most
		past = past[:min(len(past), 32<<10)]
		r.c.received.push(past)
		got, err := r.message(p, int(n%100))
		if len(got) > most {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
		var z puff
		want, bad := z.inflate(p, past)
		switch {
		case err == ErrMessageTooLarge || err == ErrTooManyBlocks:
			if err == ErrMessageTooLarge && bad == nil && len(want) <= most {
				t.Fatalf("%v of %d bytes", err, len(want))
			}
		case (err == nil) != (bad == nil), err == nil && !bytes.Equal(got, want):
			t.Fatalf("%d bytes, %v, and puff has %d bytes, %v", len(got), err, len(want), bad)
		}
	})
}
