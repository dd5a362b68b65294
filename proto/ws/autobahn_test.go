package ws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// The families of cases of the Autobahn test suite, in its numbers, as far as an engine can tell. An engine that echoes
// is on one side, and one that notes what comes on the other.

// echoed sends input, in chops of some bytes (0: all at once), to an echoing engine of w's role and returns what the other
// role sees of its answers.
func (w *world) echoed(input string, chop int) string {
	w.t.Helper()
	e := &w.peer().e
	var unread []byte
	out := w.output(func(out *mem.Writer) {
		for len(input) > 0 {
			n := len(input)
			if chop > 0 {
				n = min(n, chop)
			}
			unread = append(unread, input[:n]...)
			input = input[n:]
			for {
				ev := e.Next(unread)
				if ev.Kind != NeedMore && ev.Kind != Closed && ev.Kind != Pong && (ev.Kind != Fail || !e.CloseSent()) {
					echo(w.t, e, out, ev)
				}
				unread = unread[ev.N:]
				if ev.Kind == NeedMore || ev.Kind == Closed || ev.Kind == Fail {
					break
				}
			}
		}
	})
	e.Release()
	other := &world{t: w.t, a: w.a, acc: w.acc, role: 1 - w.role, lim: Limits{Message: -1}.WithDefaults()}
	return other.whole(out)
}

// cases runs f for engines of both roles with limits that the suite's largest cases stay below.
func cases(t *testing.T, f func(t *testing.T, w *world, fr frames)) {
	t.Helper()
	bothRoles(t, func(t *testing.T, w *world, fr frames) {
		w.lim = Limits{Message: 16 << 20, Fragments: 1 << 20}.WithDefaults()
		f(t, w, fr)
	})
}

// 1: messages of sizes around where the header changes, chopped or not.
func TestAutobahn1Framing(t *testing.T) {
	cases(t, func(t *testing.T, w *world, fr frames) {
		for _, kind := range []struct {
			first byte
			name  string
			fill  string
		}{{0x81, "text", "*"}, {0x82, "binary", "\xfe"}} {
			for _, size := range []int{0, 125, 126, 127, 128, 65535, 65536} {
				body := strings.Repeat(kind.fill, size)
				for _, chop := range []int{0, 997} {
					if got, want := w.echoed(fr.frame(kind.first, body), chop), kind.name+" "+shorten([]byte(body)); got != want {
						t.Errorf("%s of %d in chops of %d: %s", kind.name, size, chop, got)
					}
				}
			}
		}
	})
}

// 2: Pings and Pongs.
func TestAutobahn2Pings(t *testing.T) {
	cases(t, func(t *testing.T, w *world, fr frames) {
		many := ""
		answers := make([]string, 10)
		for i := range answers {
			many += fr.frame(0x89, fmt.Sprintf("payload-%d", i))
			answers[i] = fmt.Sprintf("pong payload-%d", i)
		}
		ten := strings.Join(answers, "\n")
		for _, v := range []struct {
			name, in string
			chop     int
			want     string
		}{
			{"2.1 without payload", fr.frame(0x89, ""), 0, "pong "},
			{"2.2 text", fr.frame(0x89, "Hello, world!"), 0, "pong Hello, world!"},
			{"2.3 binary", fr.frame(0x89, "\x00\xff\xfe\xfd\xfc\xfb\x00\xff"), 0, "pong \x00\xff\xfe\xfd\xfc\xfb\x00\xff"},
			{"2.4 125 bytes", fr.frame(0x89, strings.Repeat("\xfe", 125)), 0, "pong " + strings.Repeat("\xfe", 125)},
			{"2.5 126 bytes", fr.frame(0x89, strings.Repeat("\xfe", 126)), 0, "close 1002 " + ErrControlLength.Text},
			{"2.6 byte by byte", fr.frame(0x89, strings.Repeat("\xfe", 125)), 1, "pong " + strings.Repeat("\xfe", 125)},
			{"2.7 an unsolicited Pong", fr.frame(0x8a, ""), 0, ""},
			{"2.8 one with payload", fr.frame(0x8a, "unsolicited pong payload"), 0, ""},
			{"2.9 one before a Ping", fr.frame(0x8a, "unsolicited pong payload") + fr.frame(0x89, "ping payload"), 0, "pong ping payload"},
			{"2.10 ten Pings", many, 0, ten},
			{"2.11 ten Pings byte by byte", many, 1, ten},
		} {
			if got := w.echoed(v.in, v.chop); got != v.want {
				t.Errorf("%s: %q, want %q", v.name, got, v.want)
			}
		}
	})
}

// 3: reserved bits. What came before is answered, what comes behind is not.
func TestAutobahn3ReservedBits(t *testing.T) {
	cases(t, func(t *testing.T, w *world, fr frames) {
		refused := "close 1002 " + ErrReservedBits.Text
		hello := fr.frame(0x81, "Hello, world!")
		for rsv := 1; rsv < 8; rsv++ {
			bits := byte(rsv << 4)
			for _, first := range []byte{0x81, 0x82, 0x89, 0x88} {
				for _, chop := range []int{0, 1} {
					if got := w.echoed(hello+fr.frame(first|bits, "\x03\xe8")+fr.frame(0x89, ""), chop); got != "text Hello, world!\n"+refused {
						t.Errorf("bits %03b of opcode %d, chops of %d: %s", rsv, first&15, chop, got)
					}
				}
			}
		}
	})
}

// 4: reserved opcodes, of data (4.1) and of control (4.2) frames.
func TestAutobahn4Opcodes(t *testing.T) {
	cases(t, func(t *testing.T, w *world, fr frames) {
		hello := fr.frame(0x81, "Hello, world!")
		for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
			for _, body := range []string{"", "reserved opcode payload"} {
				for _, chop := range []int{0, 1} {
					if got := w.echoed(hello+fr.frame(0x80|op, body)+fr.frame(0x89, ""), chop); got != "text Hello, world!\nclose 1002 "+ErrOpcode.Text {
						t.Errorf("opcode %d: %s", op, got)
					}
				}
			}
		}
	})
}

// 5: fragments. f1 to f5 are pieces of a message with Pings between them.
func TestAutobahn5Fragments(t *testing.T) {
	cases(t, func(t *testing.T, w *world, fr frames) {
		f := fr.frame
		stray := "close 1002 " + ErrContinuation.Text
		between := "close 1002 " + ErrInterleaved.Text
		part := "close 1002 " + ErrControlFragment.Text
		for _, v := range []struct{ name, in, want string }{
			{"5.1 a Ping in fragments", f(0x09, "fragment1") + f(0x80, "fragment2"), part},
			{"5.2 a Pong in fragments", f(0x0a, "fragment1") + f(0x80, "fragment2"), part},
			{"5.3-5 text in two", f(0x01, "fragment1") + f(0x80, "fragment2"), "text fragment1fragment2"},
			{"5.6-8 a Ping between", f(0x01, "fragment1") + f(0x89, "ping payload") + f(0x80, "fragment2"), "pong ping payload\ntext fragment1fragment2"},
			{"5.9-10 a continuation of nothing, final", f(0x80, "non-continuation payload") + f(0x81, "Hello, world!"), stray},
			{"5.12-13 and not final", f(0x00, "non-continuation payload") + f(0x81, "Hello, world!"), stray},
			{"5.15 behind a message", f(0x01, "fragment1") + f(0x80, "fragment2") + f(0x00, "fragment3") + f(0x81, "fragment4"), "text fragment1fragment2\n" + stray},
			{"5.16-17 between nothing", strings.Repeat(f(0x00, "fragment1")+f(0x01, "fragment2")+f(0x80, "fragment3"), 2), stray},
			{"5.18 a beginning twice", f(0x01, "fragment1") + f(0x81, "fragment2"), between},
			{"5.19-20 five pieces and Pings", f(0x01, "fragment1") + f(0x00, "fragment2") + f(0x89, "pongme 1!") + f(0x00, "fragment3") + f(0x00, "fragment4") + f(0x89, "pongme 2!") + f(0x80, "fragment5"),
				"pong pongme 1!\npong pongme 2!\ntext fragment1fragment2fragment3fragment4fragment5"},
		} {
			for _, chop := range []int{0, 1, 7} {
				if got := w.echoed(v.in, chop); got != v.want {
					t.Errorf("%s in chops of %d:\n%s\nwant\n%s", v.name, chop, got, v.want)
				}
			}
		}
	})
}

// 6: UTF-8. Of each text: what it is as one frame, as frames of one byte, and chopped.
func TestAutobahn6UTF8(t *testing.T) {
	greek := "Hello-µ@ßöäüàá-UTF-8!!"
	valid := []string{"", greek, "κόσμε", "𠜎𠜱𠝹𠱓", "\x00", "\u0080", "\u0800", "\U00010000", "\x7f", "\u07ff", "\uffff", "\U0010ffff", // 6.5 to 6.11
		"\ud7ff", "\ue000", "\ufffd", "\ufffe", "\ufdd0", "\U0001fffe", "\U0010fffe"} // 6.15 to 6.23
	invalid := []string{
		"κόσμε\xed\xa0\x80edited", "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80\x65\x64", // 6.3, 6.4: a surrogate, beyond the end
		"\xf8\x88\x80\x80\x80", "\xfc\x84\x80\x80\x80\x80", "\xf7\xbf\xbf\xbf", "\xfb\xbf\xbf\xbf\xbf", // 6.8, 6.10: five and six bytes
		"\xf4\x90\x80\x80", "\x80", "\xbf", "\x80\xbf\x80", "\x80\xbf\x80\xbf\x80\xbf", // 6.12: continuations of nothing
		"\xc0 \xc1 ", "\xe0 \xe1 ", "\xf0 \xf7 ", "\xfe", "\xff", "\xfe\xfe\xff\xff", // 6.13, 6.14: lonely beginnings
		"\xc0\xaf", "\xe0\x80\xaf", "\xf0\x80\x80\xaf", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xc0\x80", // 6.17, 6.18: overlong
		"\xed\xa0\x80", "\xed\xad\xbf", "\xed\xbf\xbf", "\xed\xa0\x80\xed\xb0\x80", // 6.20, 6.21: surrogates
	}
	unfinished := []string{"\xce", "\xe1\xbd", "\xf0\xa0\x9c", "κόσμ\xce"} // 6.6, 6.15
	cases(t, func(t *testing.T, w *world, fr frames) {
		bytewise := func(s string) string {
			in := fr.frame(0x01, "")
			for i := range len(s) {
				in += fr.frame(0x00, s[i:i+1])
			}
			return in + fr.frame(0x80, "")
		}
		check := func(s, want string) {
			t.Helper()
			for _, in := range []string{fr.frame(0x81, s), bytewise(s), fr.frame(0x01, s) + fr.frame(0x80, "")} {
				for _, chop := range []int{0, 1} {
					if got := w.echoed(in, chop); got != want {
						t.Errorf("%q in %d bytes of frames, chops of %d: %s, want %s", s, len(in), chop, got, want)
					}
				}
			}
		}
		refused := "close 1007 " + ErrUTF8.Text
		for _, s := range valid {
			check(s, "text "+s)
		}
		for _, s := range append(invalid, unfinished...) {
			check(s, refused)
		}
		// 6.4: it fails where the bad byte is, though the frame, and the message, go on.
		bad := "κόσμε\xf4\x90"
		for _, in := range []string{fr.head(0x81, 100) + fr.masked(bad, 0), fr.head(0x01, 100) + fr.masked(bad, 0), fr.frame(0x01, "κόσμε") + fr.head(0, 50) + fr.masked("\xf4\x90", 0)} {
			if got := w.whole(in); got != failure(ErrUTF8) {
				t.Errorf("an unfinished frame with a bad byte: %q", got)
			}
			if got := w.whole(in[:len(in)-1]); got != "" {
				t.Errorf("before its bad byte there is nothing wrong: %q", got)
			}
		}
	})
}

// 7: closing.
func TestAutobahn7Close(t *testing.T) {
	cases(t, func(t *testing.T, w *world, fr frames) {
		hello := fr.frame(0x81, "Hello World!")
		type exchange struct{ name, in, want string }
		all := []exchange{
			{"7.1.1 after a message", hello + fr.close(1000, ""), "text Hello World!\nclose 1000 "},
			{"7.1.2 two Closes", fr.close(1000, "") + fr.close(1000, ""), "close 1000 "},
			{"7.1.3 a Ping behind", fr.close(1000, "") + fr.frame(0x89, ""), "close 1000 "},
			{"7.1.4 text behind", fr.close(1000, "") + hello, "close 1000 "},
			{"7.1.5 inside of a message", fr.frame(0x01, "fragment1") + fr.close(1000, "") + fr.frame(0x80, "fragment2"), "close 1000 "},
			{"7.1.6 behind 256 KiB", fr.frame(0x81, strings.Repeat("BAsd7&jh23", 26*1024)) + fr.close(1000, "") + fr.frame(0x89, ""),
				"text " + shorten([]byte(strings.Repeat("BAsd7&jh23", 26*1024))) + "\nclose 1000 "},
			{"7.3.1 empty", fr.frame(0x88, ""), "close 1005 "},
			{"7.3.2 one byte", fr.frame(0x88, "a"), "close 1002 " + ErrCloseLength.Text},
			{"7.3.3 a code", fr.close(1000, ""), "close 1000 "},
			{"7.3.4 a reason", fr.close(1000, "Hello World!"), "close 1000 "},
			{"7.3.5 123 bytes", fr.close(1000, strings.Repeat("*", 123)), "close 1000 "},
			{"7.3.6 124 bytes", fr.close(1000, strings.Repeat("*", 124)), "close 1002 " + ErrControlLength.Text},
			{"7.5.1 not UTF-8", fr.close(1000, "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80\x65\x64"), "close 1007 " + ErrCloseReason.Text},
		}
		for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999} {
			all = append(all, exchange{"7.7", fr.close(code, ""), fmt.Sprintf("close %d ", code)})
		}
		for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1016, 1100, 2000, 2999, 5000, 65535} { // 7.9 and 7.13
			all = append(all, exchange{"7.9", fr.close(code, ""), "close 1002 " + ErrCloseCode.Text},
				exchange{"7.9 with a reason", fr.close(code, "Reason for closing"), "close 1002 " + ErrCloseCode.Text})
		}
		for _, v := range all {
			for _, chop := range []int{0, 1, 1000} {
				if chop == 1 && len(v.in) > 1000 {
					continue
				}
				if got := w.echoed(v.in, chop); got != v.want {
					t.Errorf("%s in chops of %d: %s, want %s", v.name, chop, got, v.want)
				}
			}
		}
	})
}

// 9: large messages, in frames and chops of many sizes. 10: in 1 300 bytes at a time.
func TestAutobahn9Large(t *testing.T) {
	sizes, pieces := []int{64 << 10}, []int{64, 1024, 65536}
	if !guarded && !testing.Short() {
		sizes = append(sizes, 1<<20, 8<<20)
	}
	cases(t, func(t *testing.T, w *world, fr frames) {
		for _, size := range sizes {
			body := strings.Repeat("0123456789abcdef", size/16)
			want := "binary " + shorten([]byte(body))
			for _, chop := range []int{0, 1300, 65536} { // 9.1, 9.2, 9.5 to 9.8
				if got := w.echoed(fr.frame(0x82, body), chop); got != want {
					t.Errorf("%d bytes in chops of %d: %s", size, chop, got)
				}
			}
			for _, piece := range append(pieces, 1300) { // 9.3, 9.4, 10.1
				if size/piece > 20_000 {
					continue
				}
				var in strings.Builder
				first := byte(0x02)
				for rest := body; len(rest) > 0; first = 0 {
					n := min(piece, len(rest))
					if n == len(rest) {
						first |= 0x80
					}
					in.WriteString(fr.frame(first, rest[:n]))
					rest = rest[n:]
				}
				if got := w.echoed(in.String(), 40_000); got != want {
					t.Errorf("%d bytes in fragments of %d: %s", size, piece, got)
				}
			}
		}
	})
}
