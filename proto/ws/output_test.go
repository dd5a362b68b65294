package ws

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// What one role sends is, byte for byte, what its frames are, and the other role reads it.
func TestAppendMessage(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		for _, n := range []int{0, 1, 125, 126, 127, 500, 512, 2047, 2048, 2049, 65535, 65536, 1 << 20} {
			t.Run(fmt.Sprintf("%d of role %d", n, role), func(t *testing.T) {
				w, fr := newWorld(t, role), frames{role}
				text := strings.Repeat("0123456789abcde", n/15+1)[:n]
				want := fr.frame(0x82, "first") + fr.frame(0x81, text) + fr.frame(0x82, text) +
					fr.frame(0x01, text) + fr.frame(0x00, "") + fr.frame(0x89, "between") + fr.frame(0x80, text)
				got := w.output(func(out *mem.Writer) {
					e := &w.peer().e
					s := segments(w, text)
					for _, err := range []error{
						e.AppendMessage(out, Binary, []byte("first"), testKey),
						e.AppendMessage(out, Text, []byte(text), testKey),
						e.AppendSegments(out, Binary, s, testKey),
						e.AppendFragment(out, Text, []byte(text), false, testKey),
						e.AppendFragment(out, Text, nil, false, testKey),
						e.AppendPing(out, []byte("between"), testKey),
						e.AppendFragment(out, Text, []byte(text), true, testKey),
					} {
						if err != nil {
							t.Fatal(err)
						}
					}
					if s.Len() != 0 {
						t.Error("the segments are not empty")
					}
				})
				if got != want {
					t.Fatalf("%d bytes, want %d", len(got), len(want))
				}
				peer := newWorld(t, 1-role)
				peer.lim = Limits{Message: 4 << 20}.WithDefaults()
				log := peer.whole(got)
				if wantLog := fmt.Sprintf("binary first\ntext %s\nbinary %s\nping between\ntext %s",
					shorten([]byte(text)), shorten([]byte(text)), shorten([]byte(text+text))); log != wantLog {
					t.Errorf("%s\nwant\n%s", log, wantLog)
				}
			})
		}
	}
}

// segments are the bytes of s in several pieces.
func segments(w *world, s string) *mem.Segments {
	var out mem.Segments
	out.Init(w.a)
	for len(s) > 0 {
		n := min(len(s), 700)
		l := w.a.Lease(n)
		copy(l.Bytes(), s[:n])
		out.Append(l, 0, n)
		s = s[n:]
	}
	return &out
}

// A server links a long message, so that other owners' bytes are sent as they are; a client's mask is not seen by them.
func TestAppendSharedSegments(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		w := newWorld(t, role)
		text := strings.Repeat("shared by two owners ", 1000)
		s := segments(w, text)
		var mine mem.Segments
		mine.Init(w.a)
		s.ShareTo(&mine, 0, s.Len())
		before := w.a.Stats().Leased
		got := w.output(func(out *mem.Writer) {
			if err := w.peer().e.AppendSegments(out, Text, s, testKey); err != nil {
				t.Fatal(err)
			}
			if n := w.a.Stats().Leased - before; role == Server && n != 1 {
				t.Errorf("%d leases more, want one for the header", n)
			}
		})
		if got != (frames{role}).frame(0x81, text) {
			t.Error("it is another frame")
		}
		if !bytes.Equal(mine.Flatten(), []byte(text)) {
			t.Error("the other owner's bytes have changed")
		}
		mine.Release()
	}
}

// A small frame is one piece, header and all, and a large one does not waste a lease on its header.
func TestOutputPieces(t *testing.T) {
	w := newWorld(t, Server)
	for n, want := range map[int]int{0: 1, 100: 1, 4000: 1, 60_000: 1, 100_000: 2} {
		var out mem.Writer
		out.Init(w.a, 4096)
		if err := w.peer().e.AppendMessage(&out, Binary, make([]byte, n), testKey); err != nil {
			t.Fatal(err)
		}
		if got := len(out.Segments().Views(nil, 100)); got != want {
			t.Errorf("%d bytes lie in %d pieces, want %d", n, got, want)
		}
		out.Release()
	}
}

// One Close, nothing behind it, and nothing that may not be in it.
func TestClosing(t *testing.T) {
	for _, role := range []Role{Server, Client} {
		w, fr := newWorld(t, role), frames{role}
		p := w.peer()
		got := w.output(func(out *mem.Writer) {
			e := &p.e
			for _, v := range []struct {
				code   uint16
				reason string
				want   error
			}{
				{1006, "", ErrBadCode}, {1004, "", ErrBadCode}, {999, "", ErrBadCode}, {5000, "", ErrBadCode}, {0, "", ErrBadCode},
				{1000, strings.Repeat("x", 124), ErrBadReason}, {1000, "\xff", ErrBadReason}, {NoStatus, "x", ErrBadReason},
			} {
				if err := e.AppendClose(out, v.code, v.reason, testKey); !errors.Is(err, v.want) || e.CloseSent() || out.Len() > 0 {
					t.Errorf("%d %q: %v", v.code, v.reason, err)
				}
			}
			if err := e.AppendClose(out, 1000, strings.Repeat("x", 123), testKey); err != nil || !e.CloseSent() {
				t.Error(err)
			}
			s := segments(w, "x")
			for name, err := range map[string]error{
				"Close":    e.AppendClose(out, 1000, "", testKey),
				"message":  e.AppendMessage(out, Text, nil, testKey),
				"segments": e.AppendSegments(out, Text, s, testKey),
				"fragment": e.AppendFragment(out, Text, nil, true, testKey),
				"frame":    e.AdmitFrame(false),
				"Ping":     e.AppendPing(out, nil, testKey),
				"Pong":     e.AppendPong(out, nil, testKey),
			} {
				if err != ErrCloseSent {
					t.Errorf("%s after a Close: %v", name, err)
				}
			}
			if s.Len() != 1 {
				t.Error("what was not sent is gone")
			}
			s.Release()
			e.AppendError(out, ErrOpcode, testKey)
		})
		if want := fr.close(1000, strings.Repeat("x", 123)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		// What the peer had sent before it got the Close still counts.
		p.receive(frames{1 - role}.frame(0x81, "on its way") + frames{1 - role}.close(1000, ""))
		if got := p.end(); got != "text on its way\nclose 1000 " || !p.e.CloseReceived() {
			t.Errorf("after the own Close: %s", got)
		}
	}
}

func TestClosesOfEveryKind(t *testing.T) {
	w := newWorld(t, Server)
	for _, v := range []struct {
		f    func(e *Engine, out *mem.Writer)
		want string
	}{
		{func(e *Engine, out *mem.Writer) { _ = e.AppendClose(out, NoStatus, "", testKey) }, "\x88\x00"},
		{func(e *Engine, out *mem.Writer) { _ = e.AppendClose(out, 3000, "", testKey) }, "\x88\x02\x0b\xb8"},
		{func(e *Engine, out *mem.Writer) { e.AppendError(out, ErrUTF8, testKey) }, "\x88\x13\x03\xeftext is not UTF-8"},
		{func(e *Engine, out *mem.Writer) { e.AppendError(out, ErrNoClose, testKey) }, ""},
		{func(e *Engine, out *mem.Writer) { // a Close cuts off a message
			_ = e.AppendFragment(out, Text, []byte("a"), false, testKey)
			_ = e.AppendClose(out, NoStatus, "", testKey)
			if e.AppendFragment(out, Text, nil, true, testKey) != ErrCloseSent {
				t.Error("a fragment is taken after a Close")
			}
		}, "\x01\x01a\x88\x00"},
	} {
		if got := w.output(func(out *mem.Writer) { v.f(&w.peer().e, out) }); got != v.want {
			t.Errorf("%q, want %q", got, v.want)
		}
	}
}

// The caller's faults append nothing and change nothing.
func TestMisuse(t *testing.T) {
	w := newWorld(t, Server)
	got := w.output(func(out *mem.Writer) {
		e := &w.peer().e
		for name, v := range map[string][2]error{
			"a message of opcode 0":   {e.AppendMessage(out, Continuation, nil, testKey), ErrBadOpcode},
			"a message of opcode 9":   {e.AppendMessage(out, OpPing, nil, testKey), ErrBadOpcode},
			"fragments of opcode 0":   {e.AppendFragment(out, Continuation, nil, true, testKey), ErrBadOpcode},
			"a Ping of 126 bytes":     {e.AppendPing(out, make([]byte, 126), testKey), ErrControlTooBig},
			"a Pong of 126 bytes":     {e.AppendPong(out, make([]byte, 126), testKey), ErrControlTooBig},
			"a first fragment":        {e.AppendFragment(out, Text, []byte("a"), false, testKey), nil},
			"a message inside of one": {e.AppendMessage(out, Text, nil, testKey), ErrSending},
			"a frame inside of one":   {e.AdmitFrame(false), ErrSending},
			"the last fragment":       {e.AppendFragment(out, Text, []byte("b"), true, testKey), nil},
			"a frame":                 {e.AdmitFrame(true), nil},
		} {
			if v[0] != v[1] {
				t.Errorf("%s: %v, want %v", name, v[0], v[1])
			}
		}
	})
	if got != "\x01\x01a\x80\x01b" {
		t.Errorf("%q", got)
	}
}
