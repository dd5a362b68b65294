package fallback

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"testing"

	"github.com/ringwire/ringwire/internal/flight"
)

func TestFlight(t *testing.T) {
	l, err := NewLoop(Config{Records: 16})
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{l: l, id: 3}
	l.note(didAccept, c, 0, 0, nil)
	l.note(didAccept, nil, 0, 0, fmt.Errorf("accept: %w", syscall.EMFILE))
	l.note(didRead, c, 0, 120, nil)
	l.note(didRead, c, 0, 0, io.EOF)
	l.note(didWrite, c, 100, 60, nil)
	l.note(didWrite, c, 100, 0, syscall.EPIPE)
	l.note(didWrite, c, 100, 0, errors.New("of its own"))
	l.note(didTasks, nil, 0, 2, nil)
	l.note(didTimer, nil, 0, 0, nil)
	l.note(didClose, c, 0, 0, nil)
	list, total := l.Flight()
	want := []string{
		"accept                  conn=3",
		"accept                  err=" + errName(uint32(syscall.EMFILE)),
		"read                    conn=3 res=120",
		"read                    conn=3 end of stream",
		"write                   conn=3 len=100 res=60",
		"write                   conn=3 len=100 err=" + errName(uint32(syscall.EPIPE)),
		"write                   conn=3 len=100 err=error",
		"tasks                   res=2",
		"timer                  ",
		"close                   conn=3",
	}
	if len(list) != len(want) || total != uint64(len(want)) {
		t.Fatalf("%d of %d records, want %d", len(list), total, len(want))
	}
	for i := range list {
		list[i].Age = 0
		if got := string(list[i].Append(nil)); got != fmt.Sprintf("%9d        0s   did  %s\n", i+1, want[i]) {
			t.Errorf("got %q, want %q", got, want[i])
		}
	}
}

func TestNoteAllocs(t *testing.T) {
	l, err := NewLoop(Config{})
	if err != nil {
		t.Fatal(err)
	}
	c := &conn{l: l}
	if n := testing.AllocsPerRun(100, func() {
		l.note(didRead, c, 0, 100, nil)
		l.note(didWrite, c, 100, 100, nil)
	}); n != 0 {
		t.Errorf("%v allocations for a record", n)
	}
	var none flight.Log
	if l.log = &none; l.log.Keeps() {
		t.Error("a log without room keeps something")
	}
	l.note(didRead, c, 0, 100, nil)
}
