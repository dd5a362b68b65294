package ws

import (
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// toyCodec stands for a compressor, to test what the engine does around one: what it sends is a letter and the letter's
// count, "a5".
type toyCodec struct {
	t                   *testing.T
	inflated, forgotten int
	released            *int
}

func (z *toyCodec) inflate(dst, src *mem.Segments, b bounds) *Error {
	z.inflated++
	p := src.Flatten()
	if string(p) == "corrupt" {
		return ErrDeflate
	}
	for i := 0; i+1 < len(p); i += 2 {
		piece := []byte(strings.Repeat(string(p[i:i+1]), int(p[i+1]-'0')))
		switch {
		case dst.Len()+len(piece) > b.max:
			return ErrMessageTooLarge
		case dst.Len()+len(piece) > b.ratio*len(p):
			return ErrRatio
		case b.text != nil && !b.text.write(piece):
			return ErrUTF8
		}
		dst.AppendCopy(piece)
	}
	src.Release()
	return nil
}

func (z *toyCodec) deflate(dst *mem.Writer, p []byte) bool {
	if string(p) == "does not compress" {
		_, _ = dst.WriteString("half done")
		return false
	}
	_, _ = dst.WriteString("a9")
	if len(p) > 100 {
		_, _ = dst.WriteString(strings.Repeat("a9", smallFrame))
	}
	return true
}

func (z *toyCodec) forget()  { z.forgotten++ }
func (z *toyCodec) release() { *z.released++ }

// withToy gives w's engines a toy, and checks that each is released.
func withToy(t *testing.T, w *world) (last func() *toyCodec) {
	made, released := 0, 0
	var z *toyCodec
	w.comp = &Compression{Enabled: true, Threshold: 4}
	w.z = func() codec {
		made++
		z = &toyCodec{t: t, released: &released}
		return z
	}
	t.Cleanup(func() {
		if made != released || made == 0 {
			t.Errorf("%d codecs were made, %d released", made, released)
		}
	})
	return func() *toyCodec { return z }
}

// RFC 7692 §6: RSV1 stands in the first frame of a message, and nowhere else.
func TestCompressedMessages(t *testing.T) {
	bothRoles(t, func(t *testing.T, w *world, fr frames) {
		last := withToy(t, w)
		w.lim = Limits{Message: 20, Ratio: 4}.WithDefaults()
		w.run([]vector{
			{"in one frame", []string{fr.frame(0xc1, "a3b2")}, []string{"text aaabb"}},
			{"in fragments", []string{fr.frame(0x41, "a"), fr.frame(0x89, ""), fr.frame(0x00, "3b"), fr.frame(0x80, "2")}, []string{"ping ", "text aaabb"}},
			{"empty", []string{fr.frame(0xc2, "")}, []string{"binary "}},
			{"an uncompressed one", []string{fr.frame(0x81, "a3"), fr.frame(0xc1, "a3"), fr.frame(0x82, "a3")}, []string{"text a3", "text aaa", "binary a3"}},
			{"a binary one is no text", []string{fr.frame(0xc2, "\xff1")}, []string{"binary \xff"}},
			{"not UTF-8", []string{fr.frame(0xc1, "\xff1")}, []string{failure(ErrUTF8)}},
			{"half a character", []string{fr.frame(0xc1, "\xc31")}, []string{failure(ErrUTF8)}},
			{"what is no text compressed is none", []string{fr.frame(0xc1, "\xc31\xa41")}, []string{"text ä"}},
			{"corrupt", []string{fr.frame(0xc1, "corrupt")}, []string{failure(ErrDeflate)}},
			{"too large", []string{fr.frame(0xc1, "a9b3c8d1e1")}, []string{failure(ErrMessageTooLarge)}},
			{"too much more", []string{fr.frame(0xc1, "a9")}, []string{failure(ErrRatio)}},
			{"RSV1 in a continuation", []string{fr.frame(0x41, "a"), fr.frame(0xc0, "3")}, []string{failure(ErrReservedBits)}},
			{"RSV1 in the continuation of another", []string{fr.frame(0x01, "a"), fr.frame(0xc0, "3")}, []string{failure(ErrReservedBits)}},
			{"RSV1 in a Ping", []string{fr.frame(0xc9, "")}, []string{failure(ErrReservedBits)}},
			{"RSV1 in a Close", []string{fr.frame(0xc8, "")}, []string{failure(ErrReservedBits)}},
			{"RSV2 beside it", []string{fr.frame(0xe1, "a3")}, []string{failure(ErrReservedBits)}},
			{"more compressed bytes than can be", []string{fr.head(0xc1, packedLimit(20)+1)}, []string{failure(ErrFrameTooLarge)}},
		})
		// What cannot be compressed may be a little larger than the limit on its way.
		if got := w.whole(fr.frame(0xc2, strings.Repeat("a1", 12))); got != "binary aaaaaaaaaaaa" {
			t.Errorf("24 bytes that inflate to 12: %s", got)
		}
		half := strings.Repeat("a1", 6)
		if got := w.everyWay(fr.frame(0x42, half) + fr.frame(0x80, half)); got != "binary aaaaaaaaaaaa" {
			t.Errorf("the same in fragments: %s", got)
		}
		if last().inflated != 1 {
			t.Error("the message did not pass the codec once")
		}
	})
}

// Without a compressed message no compressor is made.
func TestCodecOnlyWhenUsed(t *testing.T) {
	w := newWorld(t, Client)
	w.comp = &Compression{Enabled: true, Threshold: 10}
	p := w.peer()
	p.receive("\x81\x02hi\x01\x02hi\x80\x01!")
	got := w.output(func(out *mem.Writer) {
		if err := p.e.AppendMessage(out, Text, []byte("too small"), testKey); err != nil {
			t.Fatal(err)
		}
	})
	if got != (frames{Client}).frame(0x81, "too small") || p.e.z != nil {
		t.Errorf("%q, codec %v", got, p.e.z)
	}
	if log := p.end(); log != "text hi\ntext hi!" {
		t.Error(log)
	}
	var e Engine
	e.Init(Client, &w.lim, w.acc)
	e.Compress(&Compression{}, nil)
	if ev := e.Next([]byte("\xc1\x01a")); ev.Err != ErrReservedBits {
		t.Errorf("not agreed on, and yet %+v", ev)
	}
}

func TestAppendCompressed(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		w, fr := newWorld(t, role), frames{role}
		last := withToy(t, w)
		p := w.peer()
		large := strings.Repeat("a", 101)
		got := w.output(func(out *mem.Writer) {
			for _, err := range []error{
				p.e.AppendMessage(out, Text, []byte("abc"), testKey),
				p.e.AppendMessage(out, Text, []byte("abcd"), testKey),
				p.e.AppendMessage(out, Binary, []byte("does not compress"), testKey),
				p.e.AppendMessage(out, Binary, []byte(large), testKey),
				p.e.AppendFragment(out, Text, []byte("in pieces"), false, testKey),
				p.e.AppendFragment(out, Text, []byte("uncompressed"), true, testKey),
				p.e.AppendPing(out, []byte("never compressed"), testKey),
				p.e.AdmitFrame(false),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
			if last().forgotten != 0 {
				t.Error("the context was forgotten for nothing")
			}
			if err := p.e.AdmitFrame(true); err != nil || last().forgotten != 1 {
				t.Errorf("%v; the peer's window has moved on by another's message, and %d times it was told", err, last().forgotten)
			}
		})
		want := fr.frame(0x81, "abc") + fr.frame(0xc1, "a9") + fr.frame(0x82, "does not compress") +
			fr.frame(0xc2, "a9"+strings.Repeat("a9", smallFrame)) + fr.frame(0x01, "in pieces") + fr.frame(0x80, "uncompressed") + fr.frame(0x89, "never compressed")
		if got != want {
			t.Errorf("role %d: %.200q\nwant %.200q", role, got, want)
		}
		p.end()
	}
}
