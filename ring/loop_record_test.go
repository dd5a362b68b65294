//go:build linux

package ring

import (
	"net"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/internal/flight"
)

// stuckSink hangs in Received until it is let go.
type stuckSink struct {
	sink
	in, out chan struct{}
}

func (s *stuckSink) Received(uint32, []byte) {
	s.in <- struct{}{}
	<-s.out
}

// What brought a loop into the callback in which it hangs is on record while it hangs, and so is that
// it does not sleep.
func TestFlightOfStuckLoop(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	l, err := NewLoop(LoopConfig{Records: 100})
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	if err := l.Listen(ln); err != nil {
		t.Fatal(err)
	}
	s := &stuckSink{sink: sink{l: l}, in: make(chan struct{}), out: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- l.Run(s) }()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte("secret")); err != nil {
		t.Fatal(err)
	}
	<-s.in
	list, total := l.Flight()
	if d := l.Log().Doing(); d.State != flight.Awake {
		t.Errorf("it is in %+v, want a turn", d)
	}
	var text []byte
	for i := range list {
		text = list[i].Append(text)
	}
	last := list[len(list)-1]
	if last.Kind != "cqe" || last.Op != "recv" || last.Conn != 0 || last.Res != 6 || last.Err != "" || !strings.Contains(last.Note, "MORE") {
		t.Errorf("the last record is %+v, want what was received", last)
	}
	for _, want := range []string{"sqe  accept ACCEPT", "MULTISHOT", "cqe  accept", "sqe  recv RECV", "conn=0 fd=", "sqe  wake READ", "BUFFER_SELECT"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no record says %q", want)
		}
	}
	if strings.Contains(string(text), "secret") || total != uint64(len(list)) || total != last.Seq {
		t.Errorf("%d records of %d:\n%s", len(list), total, text)
	}
	close(s.out)
	_ = c.Close()
	until(t, "the end is not on record", func() bool {
		list, _ := l.Flight()
		end := list[len(list)-1]
		return end.Op == "close" && end.Kind == "cqe" && end.Conn == 0 && end.Res == 0
	})
	until(t, "it does not sleep", func() bool { return l.Log().Doing().State == flight.Asleep })
	l.Stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// An error of a request is told by name.
func TestFlightNames(t *testing.T) {
	for _, tc := range []struct {
		rec  Record
		want string
	}{
		{Record{Seq: 1, Completion: true, UserData: userData(opSend, 3, 7), Res: -104},
			"        1        0s   cqe  send                    conn=7 err=ECONNRESET\n"},
		{Record{Seq: 2, UserData: userData(opCancelAccept, 0, 1), OpCode: OpAsyncCancel, Fd: -1, Flags: SQECQESkipSuccess},
			"        2        0s   sqe  cancel accept ASYNC_CANCEL  CQE_SKIP_SUCCESS\n"},
		{Record{Seq: 3, UserData: 1 << 60, OpCode: OpClose, Fd: 4},
			"        3        0s   sqe  CLOSE                   fd=4\n"},
	} {
		f := flightOf(&tc.rec)
		if got := string(f.Append(nil)); got != tc.want {
			t.Errorf("got  %swant %s", got, tc.want)
		}
	}
}

// Without records there is nothing to read, and the loop runs as ever.
func TestFlightOff(t *testing.T) {
	s, addr, stop := startLoop(t, LoopConfig{Records: -1})
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Write([]byte("x"))
	until(t, "nothing comes", func() bool { return s.received.Load() == 1 })
	_ = c.Close()
	stop()
	if list, total := s.l.Flight(); len(list) != 0 || total != 0 {
		t.Errorf("%v, %d", list, total)
	}
}
