package ws

import (
	"strings"
	"testing"
)

func TestDefaults(t *testing.T) {
	if got, want := defaults, (Limits{1 << 20, 1 << 20, 1024, 64, 200}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := (Limits{Message: 1 << 10}).WithDefaults().Frame; got != 1<<10 {
		t.Errorf("a frame may have %d bytes, its message 1024", got)
	}
	if got := (Limits{-1, -1, -1, -1, -1}).WithDefaults(); got != (Limits{1 << 30, 1 << 30, 1 << 30, 1 << 30, 1 << 30}) {
		t.Errorf("none: %+v", got)
	}
}

// Each limit holds to the byte, and before the payload is there.
func TestLimits(t *testing.T) {
	bothRoles(t, func(t *testing.T, w *world, fr frames) {
		w.lim = Limits{Message: 300, Frame: 200, Fragments: 4}.WithDefaults()
		x := func(n int) string { return strings.Repeat("x", n) }
		large := func(n int) string { return "text " + shorten([]byte(x(n))) }
		w.run([]vector{
			{"a frame as large as may be", []string{fr.frame(0x81, x(200))}, []string{large(200)}},
			{"one byte more, announced", []string{fr.head(0x81, 201)}, []string{failure(ErrFrameTooLarge)}},
			{"much more, announced", []string{fr.head(0x81, 1<<20)}, []string{failure(ErrFrameTooLarge)}},
			{"a message as large as may be", []string{fr.frame(0x01, x(200)), fr.frame(0x80, x(100))}, []string{large(300)}},
			{"one byte more", []string{fr.frame(0x01, x(200)), fr.head(0x80, 101)}, []string{failure(ErrMessageTooLarge)}},
			{"one byte more in fragments", []string{fr.frame(0x01, x(200)), fr.frame(0x00, x(100)), fr.head(0x80, 1)}, []string{failure(ErrMessageTooLarge)}},
			{"it is each message's own", []string{fr.frame(0x01, x(200)), fr.frame(0x80, x(100)), fr.frame(0x81, x(200))}, []string{large(300), large(200)}},
			{"as many fragments as may be", []string{fr.frame(0x01, "a"), fr.frame(0, "b"), fr.frame(0, "c"), fr.frame(0x80, "d")}, []string{"text abcd"}},
			{"they are each message's own", []string{strings.Repeat(fr.frame(0x01, "a")+fr.frame(0, "b")+fr.frame(0x80, "c"), 3), fr.frame(0x81, "d")}, []string{"text abc", "text abc", "text abc", "text d"}},
			{"one more", []string{fr.frame(0x01, "a"), fr.frame(0, "b"), fr.frame(0, "c"), fr.frame(0, "d"), fr.head(0x80, 0)}, []string{failure(ErrTooManyFragments)}},
			{"one more, empty", []string{fr.frame(0x01, ""), fr.frame(0, ""), fr.frame(0, ""), fr.frame(0, ""), fr.head(0, 0)}, []string{failure(ErrTooManyFragments)}},
			{"control frames are no fragments", []string{fr.frame(0x01, "a"), fr.frame(0x89, ""), fr.frame(0, "b"), fr.frame(0x89, ""), fr.frame(0, "c"), fr.frame(0x80, "d")},
				[]string{"ping ", "ping ", "text abcd"}},
		})
	})
}

// Who announces a large message and sends little of it makes little be held.
func TestAnnouncedIsNotHeld(t *testing.T) {
	w := newWorld(t, Client)
	p := w.peer()
	p.receive(frames{Server}.head(0x82, 1<<20) + "ab")
	if s := w.a.Stats(); s.Leased != 1 || s.Classes[0].Leased != 1 {
		t.Errorf("for two bytes of 1 MiB: %+v", s.Classes)
	}
	p.end()
}
