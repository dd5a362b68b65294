package ws

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ringwire/ringwire/mem"
)

// FuzzEngine gives an engine a script of frames, good and bad, cut at random places. It must see what a plain model of
// RFC 6455 sees that has all of the input at once, and hold little meanwhile.
func FuzzEngine(f *testing.F) {
	f.Add([]byte("\x81\x05Hello\x89\x00\x01\x02hi\x00\x01 \x80\x03you\x88\x02\x03\xe8"), false, uint64(1))
	f.Add([]byte("\x01\x04\xf0\x9f\x98\x80\x00\x02\xf0\x9f\x80\x02\x98\x80\x82\x00"), true, uint64(2))
	f.Add([]byte("\x02\xff\x00\x80\xff\x82\xfe"), true, uint64(3))
	f.Add([]byte("\x81\xfb\x10\x20\xc1\x01a"), false, uint64(4))
	f.Add([]byte("\x88\x01a"), true, uint64(5))
	f.Add([]byte("\x0f\x00\x8a\x10pongpongpongpongpong"), false, uint64(6))
	a := mem.NewAllocator(mem.Config{})
	f.Cleanup(func() {
		if err := a.Close(); err != nil {
			f.Error(err)
		}
	})
	lim := Limits{Message: 600, Frame: 500, Fragments: 6, Control: 5}.WithDefaults()
	f.Fuzz(func(t *testing.T, script []byte, client bool, seed uint64) {
		role := Server
		if client {
			role = Client
		}
		in := play(frames{1 - role}, script)
		want := strings.Join((&model{role: role, lim: lim}).run(in), "\n")
		w := &world{t: t, a: a, acc: a.Account("fuzz"), role: role, lim: lim}
		if got := w.whole(in); got != want {
			t.Fatalf("%q\n got %s\nwant %s", in, got, want)
		}
		rnd := rand.New(rand.NewPCG(seed, 1))
		p := w.peer()
		for rest := in; len(rest) > 0; {
			n := 1 + rnd.IntN(min(len(rest), 1+rnd.IntN(200)))
			p.receive(rest[:n])
			rest = rest[n:]
			if leased := a.Stats().Leased; leased > 3 { // 512 B, and what grows from there to 600
				t.Fatalf("%d leases for a message of at most 600 bytes", leased)
			}
		}
		if got := p.end(); got != want {
			t.Fatalf("%q in pieces\n got %s\nwant %s", in, got, want)
		}
	})
}

// play makes frames of a script: two bytes, of which the second is the length or, from 240 on, what is wrong or large
// about the frame; then the payload.
func play(fr frames, script []byte) string {
	var b strings.Builder
	for len(script) >= 2 {
		first, n := script[0], int(script[1])
		script = script[2:]
		take := func(n int) string {
			n = min(n, len(script))
			s := string(script[:n])
			script = script[n:]
			return s
		}
		switch {
		case n < 240:
			b.WriteString(fr.frame(first, take(n)))
		case n < 244: // more than there is of the script, in 16 bits
			s := take(20)
			b.WriteString(fr.frame(first, strings.Repeat(s, (n-239)*120/max(len(s), 1))))
		case n < 247: // a length that is not in its shortest form
			long := []byte{first, fr.head(0, 0)[1]&0x80 | 126, 0, byte(n) - 244}
			b.WriteString(string(long) + fr.head(0, 0)[2:] + take(2))
		case n < 250: // one that is much
			long := append([]byte{first, fr.head(0, 0)[1]&0x80 | 127}, 0, 0, 0, 0, 0, 0, 0, 0)
			copy(long[2:], take(8))
			b.WriteString(string(long) + fr.head(0, 0)[2:])
		case n < 252: // the other role's
			b.WriteString(frames{1 - fr.role}.frame(first, take(n-250)))
		default: // a header without its payload, or bytes as they are
			b.WriteString(string([]byte{first}) + take(n-250))
		}
	}
	return b.String()
}

// model reads a whole input, frame by frame, with the rules written down in their order.
type model struct {
	role     Role
	lim      Limits
	log      []string
	op       byte // of the message begun, 0 for none
	message  string
	frames   int
	controls int
}

func (m *model) run(in string) []string {
	for len(in) >= 2 {
		n, err := m.frame(in)
		if err != nil {
			return append(m.log, failure(err))
		}
		if n == 0 {
			break
		}
		in = in[n:]
	}
	return m.log
}

// frame reads one frame. 0 is for one that is not complete, and for the end after a Close.
func (m *model) frame(in string) (int, *Error) {
	fin, op, masked := in[0]&0x80 != 0, in[0]&15, in[1]&0x80 != 0
	switch {
	case in[0]&0x70 != 0:
		return 0, ErrReservedBits
	case op > 2 && op < 8 || op > 10:
		return 0, ErrOpcode
	case masked && m.role == Client:
		return 0, ErrMasked
	case !masked && m.role == Server:
		return 0, ErrUnmasked
	case op >= 8 && !fin:
		return 0, ErrControlFragment
	case op >= 8 && in[1]&127 > 125:
		return 0, ErrControlLength
	case op < 8 && op != 0 && m.op != 0:
		return 0, ErrInterleaved
	case op == 0 && m.op == 0:
		return 0, ErrContinuation
	case op < 8 && m.frames >= m.lim.Fragments:
		return 0, ErrTooManyFragments
	}
	length, size, err := m.length(in)
	if err != nil || size == 0 {
		return 0, err
	}
	if op < 8 {
		switch {
		case length > uint64(m.lim.Frame):
			return 0, ErrFrameTooLarge
		case length > uint64(m.lim.Message-len(m.message)):
			return 0, ErrMessageTooLarge
		}
	}
	body := in[size:min(len(in), size+int(length))]
	if m.role == Server {
		body = unmask(in[size-4:size], body)
	}
	whole := len(body) == int(length)
	if op >= 8 {
		if !whole {
			return 0, nil
		}
		return m.control(op, body, size)
	}
	return m.data(op, body, size, fin, whole)
}

func (m *model) length(in string) (n uint64, size int, err *Error) {
	extra := map[byte]int{126: 2, 127: 8}[in[1]&127]
	size = 2 + extra
	if m.role == Server {
		size += 4
	}
	if len(in) < size {
		return 0, 0, nil
	}
	n = uint64(in[1] & 127)
	if extra > 0 {
		n = binary.BigEndian.Uint64(append(make([]byte, 8-extra), in[2:2+extra]...))
	}
	switch {
	case n >= 1<<63:
		return 0, 0, ErrLengthSign
	case extra == 2 && n < 126, extra == 8 && n < 1<<16:
		return 0, 0, ErrLengthForm
	}
	return n, size, nil
}

func unmask(key, s string) string {
	b := []byte(s)
	for i := range b {
		b[i] ^= key[i%4]
	}
	return string(b)
}

func (m *model) control(op byte, body string, size int) (int, *Error) {
	switch {
	case op == 8:
		return m.close(body)
	case m.controls == m.lim.Control:
		return 0, ErrTooManyControls
	}
	m.controls++
	m.log = append(m.log, map[byte]string{9: "ping ", 10: "pong "}[op]+body)
	return size + len(body), nil
}

func (m *model) close(body string) (int, *Error) {
	code := 1005
	switch {
	case len(body) == 1:
		return 0, ErrCloseLength
	case len(body) > 1:
		code = int(body[0])<<8 | int(body[1])
		body = body[2:]
		if !ValidCode(uint16(code)) {
			return 0, ErrCloseCode
		}
		if !utf8.ValidString(body) {
			return 0, ErrCloseReason
		}
	}
	m.log = append(m.log, fmt.Sprintf("close %d %s", code, body))
	return 0, nil
}

func (m *model) data(op byte, body string, size int, fin, whole bool) (int, *Error) {
	if op != 0 {
		m.op = op
	}
	m.frames++
	m.message += body
	if m.op == 1 && (!beginsText(m.message) || whole && fin && !utf8.ValidString(m.message)) {
		return 0, ErrUTF8
	}
	if !whole {
		return 0, nil
	}
	m.controls = 0
	if fin {
		m.log = append(m.log, map[byte]string{1: "text ", 2: "binary "}[m.op]+shorten([]byte(m.message)))
		m.op, m.message, m.frames = 0, "", 0
	}
	return size + len(body), nil
}

// beginsText reports whether s can be gone on with to a text.
func beginsText(s string) bool {
	for len(s) > 0 && utf8.FullRuneInString(s) {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			return false
		}
		s = s[n:]
	}
	return true
}
