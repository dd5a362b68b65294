package ws

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

func TestCloseFrames(t *testing.T) {
	bothRoles(t, func(t *testing.T, w *world, fr frames) {
		longest := strings.Repeat("r", 123)
		w.run([]vector{
			{"no code", []string{fr.frame(0x88, "")}, []string{"close 1005 "}},
			{"one byte", []string{fr.frame(0x88, "\x03")}, []string{failure(ErrCloseLength)}},
			{"a code", []string{fr.close(1000, "")}, []string{"close 1000 "}},
			{"a reason", []string{fr.close(4999, "Grüße")}, []string{"close 4999 Grüße"}},
			{"the longest reason", []string{fr.close(1000, longest)}, []string{"close 1000 " + longest}},
			{"one byte more", []string{fr.close(1000, longest+"r")}, []string{failure(ErrControlLength)}},
			{"a reason that is not UTF-8", []string{fr.close(1000, "\xce\xba\xe1\xbd")}, []string{failure(ErrCloseReason)}},
			{"a message behind it", []string{fr.close(1000, ""), fr.frame(0x81, "x")}, []string{"close 1000 "}},
			{"a second one behind it", []string{fr.close(1000, ""), fr.close(1001, "")}, []string{"close 1000 "}},
			{"garbage behind it", []string{fr.close(1000, ""), "\xff\xff\xff"}, []string{"close 1000 "}},
		})
	})
}

// RFC 6455 §7.4 and the registry: what may be sent, of all 65536.
func TestCodes(t *testing.T) {
	w := newWorld(t, Client)
	for n := range 1 << 16 {
		code := uint16(n)
		valid := n >= 3000 && n < 5000
		switch n {
		case 1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014:
			valid = true
		}
		if ValidCode(code) != valid {
			t.Fatalf("%d: %t", n, !valid)
		}
		if n > 5100 && n%1000 != 0 {
			continue
		}
		want := fmt.Sprintf("close %d ", n)
		if !valid {
			want = failure(ErrCloseCode)
		}
		if got := w.whole(frames{Server}.close(code, "")); got != want {
			t.Errorf("%d: %s", n, got)
		}
	}
}

// Pings are answered with their payload, unchanged; the reason of a Close is a view, and no text of a message's.
func TestPings(t *testing.T) {
	bothRoles(t, func(t *testing.T, w *world, fr frames) {
		long := strings.Repeat("\xfe", 125)
		w.run([]vector{
			{"empty", []string{fr.frame(0x89, "")}, []string{"ping "}},
			{"binary", []string{fr.frame(0x89, "\x00\xff\xfe")}, []string{"ping \x00\xff\xfe"}},
			{"the longest", []string{fr.frame(0x89, long)}, []string{"ping " + long}},
			{"a Pong that nobody asked for", []string{fr.frame(0x8a, "x")}, []string{"pong x"}},
			{"both", []string{fr.frame(0x8a, "x"), fr.frame(0x89, "y")}, []string{"pong x", "ping y"}},
		})
	})
}

// Control frames are counted until a data frame ends or the caller refills; Pongs that answer own Pings are not.
func TestControlFlood(t *testing.T) {
	w := newWorld(t, Client)
	w.lim.Control = 3
	const ping, pong = "\x89\x00", "\x8a\x00"
	for _, v := range []struct {
		name, in string
		flood    bool
	}{
		{"as many as there may be", ping + ping + pong, false},
		{"one more", ping + pong + ping + ping, true},
		{"a message between them", ping + ping + ping + "\x82\x00" + pong + pong + pong, false},
		{"a fragment between them", "\x02\x00" + ping + ping + ping + "\x00\x00" + pong + pong + pong, false},
		{"in the middle of a message", "\x02\x00" + ping + ping + ping + pong, true},
	} {
		got := w.everyWay(v.in)
		if flood := strings.HasSuffix(got, failure(ErrTooManyControls)); flood != v.flood {
			t.Errorf("%s:\n%s", v.name, got)
		}
	}
	p := w.peer()
	w.output(func(out *mem.Writer) {
		for range 100 {
			for range 2 {
				if err := p.e.AppendPing(out, nil, testKey); err != nil {
					t.Fatal(err)
				}
			}
			p.receive(pong + pong)
		}
	})
	if p.over {
		t.Errorf("Pongs that were asked for count: %s", p.log[len(p.log)-1])
	}
	for range 100 {
		p.receive(ping + pong + ping)
		p.e.Refill()
	}
	if p.over {
		t.Errorf("refilled, and yet %s", p.log[len(p.log)-1])
	}
	p.receive(ping + ping + ping + pong)
	if !p.over {
		t.Error("100 answers to Pings allow for Pongs that nobody asked for")
	}
	p.end()
}
