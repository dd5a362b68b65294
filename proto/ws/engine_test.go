package ws

import (
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

func TestMessages(t *testing.T) {
	bothRoles(t, func(t *testing.T, w *world, fr frames) {
		w.run([]vector{
			{"empty text", []string{fr.frame(0x81, "")}, []string{"text "}},
			{"empty binary", []string{fr.frame(0x82, "")}, []string{"binary "}},
			{"several", []string{fr.frame(0x81, "a"), fr.frame(0x82, "\xff\x00"), fr.frame(0x81, "c")}, []string{"text a", "binary \xff\x00", "text c"}},
			{"fragments", []string{fr.frame(0x01, "a"), fr.frame(0x00, "b"), fr.frame(0x80, "c")}, []string{"text abc"}},
			{"empty fragments", []string{fr.frame(0x02, ""), fr.frame(0x00, ""), fr.frame(0x80, "")}, []string{"binary "}},
			{"an empty beginning", []string{fr.frame(0x01, ""), fr.frame(0x80, "abc")}, []string{"text abc"}},
			{"an empty end", []string{fr.frame(0x01, "abc"), fr.frame(0x80, "")}, []string{"text abc"}},
			{"control frames between fragments", []string{fr.frame(0x01, "a"), fr.frame(0x89, "p"), fr.frame(0x00, "b"), fr.frame(0x8a, "q"), fr.frame(0x80, "c")},
				[]string{"ping p", "pong q", "text abc"}},
			{"a Close between fragments", []string{fr.frame(0x01, "a"), fr.close(1000, ""), fr.frame(0x80, "c")}, []string{"close 1000 "}},
			{"a character across frames", []string{fr.frame(0x01, "\xe2"), fr.frame(0x89, "\xff"), fr.frame(0x00, "\x82"), fr.frame(0x80, "\xac")}, []string{"ping \xff", "text €"}},
			{"a continuation of nothing", []string{fr.frame(0x80, "x")}, []string{failure(ErrContinuation)}},
			{"a piece of nothing", []string{fr.frame(0x00, "x")}, []string{failure(ErrContinuation)}},
			{"a continuation of what is over", []string{fr.frame(0x01, "a"), fr.frame(0x80, "b"), fr.frame(0x80, "c")}, []string{"text ab", failure(ErrContinuation)}},
			{"a message inside of one", []string{fr.frame(0x01, "a"), fr.frame(0x81, "b")}, []string{failure(ErrInterleaved)}},
			{"a beginning inside of one", []string{fr.frame(0x01, "a"), fr.frame(0x02, "b")}, []string{failure(ErrInterleaved)}},
		})
	})
}

// Both an illegal place and an illegal length: the first to be there is told, however the bytes come.
func TestFirstFaultIsTold(t *testing.T) {
	w := newWorld(t, Client)
	w.run([]vector{
		{"a continuation of nothing, not in its shortest form", []string{"\x80\x7e\x00\x05"}, []string{failure(ErrContinuation)}},
		{"a fragmented Ping that is too long", []string{"\x09\x7e\x00\x05"}, []string{failure(ErrControlFragment)}},
		{"an unknown opcode with a reserved bit", []string{"\xf3\x7e\x00\x05"}, []string{failure(ErrReservedBits)}},
	})
}

// A message in one piece is a view: nothing is leased for it. Others are gathered, and only while they are needed.
func TestWhatIsGathered(t *testing.T) {
	w := newWorld(t, Server)
	fr := frames{Client}
	leased := func() int { return w.a.Stats().Leased }
	p := w.peer()

	whole := []byte(fr.frame(0x81, "in one piece") + fr.frame(0x82, "another"))
	ev := p.e.Next(whole)
	if ev.Data == nil || string(ev.Data) != "in one piece" || &ev.Data[0] != &whole[ev.N-12] || cap(ev.Data) != 12 {
		t.Errorf("%+v is no view of the message", ev)
	}
	if ev = p.e.Next(whole[ev.N:]); string(ev.Data) != "another" || leased() != 0 {
		t.Errorf("%q, and %d leases", ev.Data, leased())
	}

	// A payload that comes in one piece after its header is a view, too.
	text := fr.frame(0x81, "later")
	if ev = p.e.Next([]byte(text[:6])); ev.Kind != NeedMore || ev.N != 6 || leased() != 0 {
		t.Errorf("a header: %+v, %d leases", ev, leased())
	}
	if ev = p.e.Next([]byte(text[6:])); string(ev.Data) != "later" || leased() != 0 {
		t.Errorf("a payload: %+v, %d leases", ev, leased())
	}

	text = fr.frame(0x81, "in pieces")
	if ev = p.e.Next([]byte(text[:9])); ev.Kind != NeedMore || ev.N != 9 || leased() != 1 {
		t.Errorf("a piece: %+v, %d leases", ev, leased())
	}
	if ev = p.e.Next([]byte(text[9:])); ev.Data != nil || string(ev.Segments.Flatten()) != "in pieces" || leased() != 1 {
		t.Errorf("pieces: %+v, %d leases", ev, leased())
	}
	var kept mem.Segments
	kept.Init(w.a)
	kept.Splice(ev.Segments) // as who keeps a message does
	if ev = p.e.Next(nil); ev.Kind != NeedMore || string(kept.First()) != "in pieces" {
		t.Errorf("a message moved away is gone: %q", kept.First())
	}
	kept.Release()

	_ = p.e.Next([]byte(fr.frame(0x02, "a beginning")))
	if ev = p.e.Next([]byte(fr.close(1000, ""))); ev.Kind != CloseFrame || leased() != 0 {
		t.Errorf("after a Close %d leases stay for a message that will not end", leased())
	}
}

// What a message has cost is forgotten with it; a failure gives back what was gathered.
func TestFailureReleases(t *testing.T) {
	w := newWorld(t, Client)
	p := w.peer()
	p.receive("\x01\x03abc\x83\x00")
	if n := w.a.Stats().Leased; n != 0 {
		t.Errorf("%d leases after a failure", n)
	}
	if p.event(p.e.Next([]byte("\x81\x01a"))); len(p.log) != 1 {
		t.Errorf("after a failure more is handed out: %q", p.log)
	}
	p.end()
}

func TestEOF(t *testing.T) {
	w := newWorld(t, Client)
	for _, v := range []struct {
		in   string
		want *Error
	}{
		{"", ErrNoClose},
		{"\x81\x01a", ErrNoClose},
		{"\x81\x05a", ErrNoClose},
		{"\x88\x00", nil},
		{"\x83\x00", ErrOpcode},
	} {
		p := w.peer()
		p.receive(v.in)
		if got := p.e.HandleEOF(); got != v.want {
			t.Errorf("%q: %v, want %v", v.in, got, v.want)
		}
		if v.want == nil {
			continue
		}
		if ev := p.e.Next([]byte("\x81\x01a")); ev.Kind != Fail || ev.Err != v.want {
			t.Errorf("%q: afterwards %+v", v.in, ev)
		}
		p.end()
	}
}

// Nothing is allocated once an engine runs: not for messages in one piece, not for those that are gathered, not for
// control frames, not for output.
func TestNoAllocations(t *testing.T) {
	if guarded {
		t.Skip("a checking build allocates for every lease")
	}
	w := newWorld(t, Server)
	fr := frames{Client}
	input := fr.frame(0x81, strings.Repeat("t€xt", 20)) + fr.frame(0x02, "frag") + fr.frame(0x89, "ping") + fr.frame(0x80, "ment") +
		fr.frame(0x8a, "pong") + fr.frame(0x82, strings.Repeat("b", 5000)) + fr.frame(0x81, "")
	p := w.peer()
	var out mem.Writer
	out.Init(w.a, 4096)
	buf := make([]byte, len(input))
	echoes := 0
	turn := func() {
		copy(buf, input)
		for i := 0; i < len(buf); i += 1024 {
			in := buf[i:min(i+1024, len(buf))]
			for {
				ev := p.e.Next(in)
				in = in[ev.N:]
				if ev.Kind == NeedMore {
					break
				}
				echo(t, &p.e, &out, ev)
				echoes++
			}
		}
		out.Segments().Discard(out.Len())
	}
	if n := testing.AllocsPerRun(100, turn); n != 0 {
		t.Errorf("%v allocations for %d bytes", n, len(input))
	}
	if echoes != 101*6 {
		t.Errorf("%d events", echoes)
	}
	p.end()
}

// echo answers an event as a server that echoes does.
func echo(t testing.TB, e *Engine, out *mem.Writer, ev Event) {
	var err error
	switch {
	case ev.Kind == Message && ev.Data != nil:
		err = e.AppendMessage(out, ev.Op, ev.Data, testKey)
	case ev.Kind == Message:
		err = e.AppendSegments(out, ev.Op, ev.Segments, testKey)
	case ev.Kind == Ping:
		err = e.AppendPong(out, ev.Data, testKey)
	case ev.Kind == CloseFrame:
		err = e.AppendClose(out, ev.Code, "", testKey)
	case ev.Kind == Fail:
		e.AppendError(out, ev.Err, testKey)
	}
	if err != nil {
		t.Fatal(err)
	}
}
