package conn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestOutputInTurn: nothing leaves before Turn, and then everything as one send.
func TestOutputInTurn(t *testing.T) {
	r := newRig(t)
	a, b := r.dial(), r.dial()
	r.took()
	a.write("one ")
	a.write("two ")
	b.write("other")
	a.write("three")
	want(t, r.took(), "", "all output of a turn leaves together")
	r.turn()
	want(t, r.took(), "send 0, send 1", "each connection has one send, in the order of their first Flush")
	a.write(" four")
	r.turn()
	want(t, r.took(), "", "one is in flight")
	r.sent(0, -1, nil)
	want(t, r.took(), "", "the next one waits for Turn, too")
	r.turn()
	r.sent(0, -1, nil)
	r.sent(1, -1, nil)
	want(t, string(r.links[0].wire), "one two three four", "it was written in this order")
	want(t, string(r.links[1].wire), "other", "it was written there")
	if n := r.alloc.Stats().Leased; n != 0 {
		t.Errorf("%d leases are out when all was sent", n)
	}
}

// TestOutputWithoutFlush stays, though the connection is looked at for other reasons.
func TestOutputWithoutFlush(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	_, _ = a.c.Output().WriteString("later")
	r.turn()
	if r.links[0].bufs != nil {
		t.Error("output left without Flush")
	}
	a.c.Flush()
	r.settle()
	want(t, string(r.links[0].wire), "later", "Flush sends what was written before it")
}

// TestSendSplit: a long output goes out in sends of MaxSend bytes and MaxSendBufs buffers.
func TestSendSplit(t *testing.T) {
	const size = 100_000
	text := string(spillBytes(size))
	for _, max := range []int{1, 999, 4096, 4097, 65536, size, size + 1, -1} {
		if max == 1 && testing.Short() {
			continue
		}
		r := newRig(t, func(c *Config) { c.MaxSend = max })
		a := r.dial()
		for i := 0; i < size; i += 1000 {
			a.write(text[i : i+1000])
		}
		for r.turn(); r.links[0].bufs != nil; r.turn() {
			if n := len(r.links[0].was); max > 0 && n > max {
				t.Fatalf("a send of %d bytes, MaxSend is %d", n, max)
			}
			r.sent(0, -1, nil)
		}
		if got := string(r.links[0].wire); got != text {
			t.Errorf("MaxSend %d: the bytes on the wire differ", max)
		}
		if n := r.links[0].sends; max > 0 && n > (size+max-1)/max+1 {
			t.Errorf("MaxSend %d: %d sends for %d bytes", max, n, size)
		}
	}
}

// TestSendManyBuffers: the driver is never given more than it takes. The fake checks.
func TestSendManyBuffers(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	text := ""
	for i := range 3*MaxSendBufs + 1 {
		piece := fmt.Sprintf("piece %d;", i)
		text += piece
		l := r.alloc.Lease(100)
		a.c.Output().Append(l, 0, copy(l.Bytes(), piece))
	}
	a.c.Flush()
	r.settle()
	want(t, string(r.links[0].wire), text, "each piece goes out once")
	if n := r.links[0].sends; n != 4 {
		t.Errorf("%d sends, want 4", n)
	}
}

// TestCongestion: OnDrain comes once, at the low-water mark, after Congested said yes.
func TestCongestion(t *testing.T) {
	r := newRig(t, func(c *Config) { c.HighWater, c.LowWater, c.MaxSend = 1000, 300, 400 })
	a := r.dial()
	a.write(strings.Repeat("x", 1000))
	if a.c.Congested() {
		t.Error("congested at the high-water mark, not above it")
	}
	a.write(strings.Repeat("x", 500))
	for range 2 {
		if !a.c.Congested() {
			t.Error("not congested with 1500 bytes, the mark is at 1000")
		}
	}
	for _, step := range []struct {
		left  int
		calls string
	}{{1100, ""}, {700, ""}, {300, "drain"}, {0, ""}} {
		r.turn()
		r.sent(0, -1, nil)
		want(t, a.took(), step.calls, fmt.Sprintf("%d bytes are left", step.left))
		if n := a.c.Buffered(); n != step.left {
			t.Errorf("Buffered is %d, want %d", n, step.left)
		}
	}
	a.write(strings.Repeat("x", 900))
	r.settle()
	want(t, a.took(), "", "there was no congestion this time")
}

// TestAwaitDrain: whoever has seen a send in flight may ask for its end, without any congestion.
func TestAwaitDrain(t *testing.T) {
	r := newRig(t, func(c *Config) { c.LowWater, c.MaxSend = 300, 400 })
	a := r.dial()
	a.write(strings.Repeat("x", 900))
	if a.c.Sending() {
		t.Error("sending before the turn's end")
	}
	r.turn()
	if !a.c.Sending() {
		t.Error("the driver has it, and yet it is not being sent")
	}
	a.c.AwaitDrain()
	for _, call := range []string{"", "drain", ""} {
		r.sent(0, -1, nil)
		want(t, a.took(), call, "500, 100, 0 bytes are left")
		if a.c.Sending() {
			t.Error("the send is over")
		}
		r.turn()
	}
	a.write("y")
	r.settle()
	want(t, a.took(), "", "it was not asked again")
}

// TestNoDrainWhenClosing: there is nothing to produce any more.
func TestNoDrainWhenClosing(t *testing.T) {
	r := newRig(t, func(c *Config) { c.HighWater, c.LowWater = 1000, 300 })
	a := r.dial()
	a.write(strings.Repeat("x", 1500))
	a.c.Congested()
	a.c.Close()
	r.settle()
	want(t, a.took(), "close <nil>", "it was closed before it drained")
}

// TestDrainWritesMore: what OnDrain writes goes out in the same turn, again and again.
func TestDrainWritesMore(t *testing.T) {
	r := newRig(t, func(c *Config) { c.HighWater, c.LowWater = 1000, 1 })
	a := r.dial()
	fill := func() {
		for !a.c.Congested() {
			a.write(strings.Repeat("y", 300))
		}
	}
	a.onDrain = fill
	fill()
	for range 20 {
		r.turn()
		r.sent(0, -1, nil)
	}
	want(t, a.took(), strings.TrimSuffix(strings.Repeat("drain, ", 20), ", "), "each round was congested and drained")
	if n := len(r.links[0].wire); n != 20*1200 {
		t.Errorf("%d bytes on the wire, want %d", n, 20*1200)
	}
}

// TestKept: what OnData leaves comes again, in front of what follows.
func TestKept(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.onData = func(p []byte) int { return bytes.LastIndexByte(p, '.') + 1 }
	r.recv(0, "abc")
	r.recv(0, "def.gh")
	if n := a.c.Kept(); n != 2 {
		t.Errorf("%d bytes are kept, want the 2 after the dot", n)
	}
	r.recv(0, "i.")
	r.turn()
	want(t, a.took(), "data abc, data abcdef.gh, data ghi.", "nothing is lost or doubled")
	if n := r.alloc.Stats().Leased; n != 0 || a.c.Kept() != 0 {
		t.Errorf("%d leases are out with %d bytes kept", n, a.c.Kept())
	}
}

// TestKeptByteByByte: the same in the smallest pieces, with everything kept to the end.
func TestKeptByteByByte(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	text := string(spillBytes(20_000))
	a.onData = func(p []byte) int {
		a.calls = nil
		if len(p) < len(text) {
			return 0
		}
		return len(p)
	}
	for i := range text {
		r.recv(0, text[i:i+1])
	}
	if string(a.data) != text {
		t.Error("the bytes differ")
	}
}

func TestRedeliver(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.onData = none
	r.recv(0, "abc")
	r.turn()
	a.took()
	a.onData = nil
	a.c.Redeliver()
	a.c.Redeliver()
	want(t, a.took(), "", "not from inside")
	r.turn()
	want(t, a.took(), "data abc", "it was asked for, and consumed")
	a.c.Redeliver()
	r.turn()
	want(t, a.took(), "", "nothing is kept")
}

// TestRedeliverFromInside: OnData may ask again for what it left, within one turn.
func TestRedeliverFromInside(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.onData = func(p []byte) int {
		if len(p) > 1 {
			a.c.Redeliver()
		}
		return 1
	}
	r.recv(0, "abcd")
	r.turn()
	want(t, a.took(), "data abcd, data bcd, data cd, data d", "each call asked for the next")
}

// TestChoke: receiving stops at MaxPending bytes kept, and goes on when they were read.
func TestChoke(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxPending = 10 })
	a := r.dial()
	want(t, r.took(), "receive 0", "a new connection receives")
	a.onData = none
	r.recv(0, "123456789")
	want(t, r.took(), "", "there is room")
	r.recv(0, "0")
	want(t, r.took(), "pause 0", "10 bytes are kept")
	r.recv(0, "on its way")
	want(t, r.took(), "", "it is paused already")
	a.onData = func(p []byte) int { return 10 }
	a.c.Redeliver()
	r.turn()
	want(t, r.took(), "", "10 bytes are still kept")
	a.onData = nil
	a.c.Redeliver()
	r.turn()
	want(t, r.took(), "receive 0", "they were read")
	want(t, string(a.data), "1234567890on its way", "nothing was lost")
}

// TestPause: while paused no input comes; what was on its way is kept for Resume.
func TestPause(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	r.took()
	a.c.Pause()
	a.c.Pause()
	want(t, r.took(), "pause 0", "once is enough")
	r.recv(0, "on its ")
	r.recv(0, "way")
	r.turn()
	want(t, a.took(), "", "the handler asked for no more")
	a.c.Resume()
	want(t, r.took(), "receive 0", "it goes on")
	r.turn()
	want(t, a.took(), "data on its way", "it was kept")
	a.c.Resume()
	r.turn()
	want(t, r.took()+a.took(), "", "it was not paused")
}

// TestPauseInAccept: a connection may begin paused.
func TestPauseInAccept(t *testing.T) {
	r := newRig(t)
	r.setup = func(s *script) { s.c.Pause() }
	a := r.dial()
	if r.links[0].receiving {
		t.Error("it receives all the same")
	}
	a.c.Resume()
	if !r.links[0].receiving {
		t.Error("it does not receive after Resume")
	}
}

// TestPauseAndEnd: an end that was on its way comes after the bytes before it.
func TestPauseAndEnd(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.c.Pause()
	r.recv(0, "last")
	r.end(0, io.EOF)
	a.write("unrelated")
	r.settle()
	want(t, a.took(), "", "the handler asked for no more")
	r.took()
	a.c.Resume()
	want(t, r.took(), "", "there is nothing to receive after the end")
	r.settle()
	want(t, a.took(), "data last, end EOF, close <nil>", "that is the order in which it came")
}

// TestPauseAndError: an error ends a paused connection at once.
func TestPauseAndError(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.c.Pause()
	r.end(0, syscall.ECONNRESET)
	r.settle()
	want(t, a.took(), "end connection reset by peer, close connection reset by peer", "it is gone")
}

// TestPauseAndChoke: neither undoes the other.
func TestPauseAndChoke(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxPending = 3 })
	a := r.dial()
	a.onData = none
	r.recv(0, "abc")
	a.c.Pause()
	r.took()
	a.c.Resume()
	r.turn()
	want(t, r.took(), "", "it is full as before")
	a.c.Pause()
	a.onData = nil
	a.c.Redeliver()
	r.turn()
	if r.links[0].receiving || len(a.data) > 0 {
		t.Errorf("paused, it receives (%v) and delivers %q", r.links[0].receiving, a.data)
	}
	a.c.Resume()
	r.turn()
	if !r.links[0].receiving {
		t.Error("it does not receive")
	}
}

// TestEnd: a connection that has ended still sends.
func TestEnd(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.onEnd = func(error) { a.write("answer") }
	r.end(0, io.EOF)
	r.settle()
	want(t, a.took(), "end EOF", "only input has ended")
	want(t, string(r.links[0].wire), "answer", "output goes on")
	r.took()
	a.c.Pause()
	a.c.Resume()
	a.c.Close()
	r.settle()
	want(t, r.took(), "pause 0, close 0, resumeaccept", "there is nothing left to receive or to wait for")
	want(t, a.took(), "close <nil>", "we have closed it")
}

// TestSetHandler: the new handler gets what the old one left, and its own OnEnd.
func TestSetHandler(t *testing.T) {
	for _, early := range []bool{false, true} {
		r := newRig(t)
		a := r.dial()
		b := &script{c: a.c, id: 0}
		r.conns = append(r.conns, b)
		a.closed = 1 // b is told
		a.onEnd = func(error) {}
		swap := func() { a.c.SetHandler(b); a.c.Redeliver() }
		a.onData = func(p []byte) int {
			if !early {
				swap()
			}
			return 3
		}
		r.recv(0, "oldnew")
		r.end(0, io.EOF)
		if early {
			swap()
		}
		r.settle()
		if early {
			want(t, a.took(), "data oldnew, end EOF", "it was in charge until then")
		} else {
			want(t, a.took(), "data oldnew", "the other was in charge when the end came")
		}
		want(t, b.took(), "data new, end EOF, close <nil>", "the end comes after the bytes before it, and whoever had seen it")
	}
}

// TestClose: output first, then the socket, and nothing is delivered any more.
func TestClose(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxSend = 4 })
	a := r.dial()
	r.took()
	a.write("response")
	a.c.Close()
	a.c.Close()
	r.turn()
	want(t, r.took(), "send 0", "output goes first")
	r.sent(0, -1, nil)
	r.turn()
	want(t, r.took(), "send 0", "all of it")
	r.sent(0, -1, nil)
	want(t, r.took(), "", "not before Turn")
	r.turn()
	want(t, r.took(), "close 0", "all is out; the peer has sent nothing that would reset the connection")
	want(t, a.took(), "", "it is not over yet")
	r.settle()
	want(t, a.took(), "close <nil>", "we have closed it")
	want(t, string(r.links[0].wire), "response", "it was written before Close")
}

// TestCloseWithoutOutput closes in the same turn, and clears the deadline.
func TestCloseWithoutOutput(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.c.SetDeadline(r.now + int64(time.Millisecond))
	a.c.Close()
	r.turn()
	r.sleep(time.Second)
	want(t, a.took(), "close <nil>", "the deadline went with Close")
}

// TestCloseClearsDeadline: the handler's time is over, the write timeout's is not.
func TestCloseClearsDeadline(t *testing.T) {
	r := newRig(t, func(c *Config) { c.WriteTimeout = time.Second })
	a := r.dial()
	a.c.SetDeadline(r.now + int64(time.Millisecond))
	a.write("x")
	a.c.Close()
	r.turn()
	r.sleep(900 * time.Millisecond)
	want(t, a.took(), "", "the deadline went with Close")
	r.sleep(200 * time.Millisecond)
	want(t, a.took(), "close "+ErrWriteStalled.Error(), "the output is stuck")
}

// TestCloseLinger: FIN after the output, then the peer's bytes are thrown away until its end.
func TestCloseLinger(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	r.took()
	a.write("413")
	a.c.CloseLinger()
	r.turn()
	r.recv(0, "too ")
	r.sent(0, -1, nil)
	r.turn()
	want(t, r.took(), "send 0, closewrite 0", "FIN follows the output")
	r.recv(0, "long a body")
	r.turn()
	want(t, r.took()+a.took(), "", "it is thrown away")
	r.end(0, io.EOF)
	want(t, r.took(), "close 0", "the peer has ended")
	r.settle()
	want(t, a.took(), "close <nil>", "this was an orderly end")
}

// TestCloseLingerTimeout: a peer that never ends is not waited for for ever, whatever it sends.
func TestCloseLingerTimeout(t *testing.T) {
	r := newRig(t, func(c *Config) { c.LingerTimeout = 300 * time.Millisecond })
	a := r.dial()
	a.c.CloseLinger()
	r.settle()
	for range 29 {
		r.recv(0, "more")
		r.turn()
		r.sleep(10 * time.Millisecond)
	}
	if a.closed != 0 {
		t.Error("closed before the linger timeout")
	}
	r.sleep(10*time.Millisecond + 2*tickTime)
	want(t, a.took(), "close <nil>", "the linger timeout is over; the handler has not set it")
}

// TestCloseLingerReset: a peer that resets while its bytes are thrown away is gone.
func TestCloseLingerReset(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.c.CloseLinger()
	r.settle()
	r.end(0, syscall.ECONNRESET)
	r.settle()
	want(t, a.took(), "close <nil>", "the response was out, and nothing more was wanted")
}

// TestCloseLingersForSurplus: bytes that nobody reads would reset the connection; a plain
// Close lingers for them wherever they are.
func TestCloseLingersForSurplus(t *testing.T) {
	for _, c := range []struct {
		name string
		do   func(r *rig, a *script)
	}{
		{"arrive while output goes out", func(r *rig, a *script) {
			a.write("response")
			a.c.Close()
			r.turn()
			r.recv(0, "more")
		}},
		{"are left by the OnData that closes", func(r *rig, a *script) {
			a.onData = func([]byte) int { a.c.Close(); return 3 }
			r.recv(0, "abcdef")
		}},
		{"are left by the OnData that closes, of those kept", func(r *rig, a *script) {
			a.onData = none
			r.recv(0, "abc")
			a.onData = func([]byte) int { a.c.Close(); return 3 }
			r.recv(0, "def")
		}},
		{"were kept before", func(r *rig, a *script) {
			a.onData = none
			r.recv(0, "abcdef")
			a.c.Close()
		}},
		{"were kept before, with output", func(r *rig, a *script) {
			a.onData = none
			r.recv(0, "abcdef")
			a.write("response")
			a.c.Close()
		}},
		{"are in the socket of a choked connection", func(r *rig, a *script) {
			a.onData = none
			r.recv(0, strings.Repeat("x", 64<<10))
			a.c.Close()
		}},
		{"may be in the socket of a paused connection", func(r *rig, a *script) {
			a.c.Pause()
			a.c.Close()
		}},
	} {
		r := newRig(t)
		a := r.dial()
		c.do(r, a)
		r.settle()
		if l := r.links[0]; !l.fin || l.closing || !l.receiving {
			t.Errorf("surplus bytes %s: FIN %v, closed %v, receiving %v", c.name, l.fin, l.closing, l.receiving)
			continue
		}
		if n := r.alloc.Stats().Leased; n != 0 {
			t.Errorf("surplus bytes %s: %d leases are held for bytes that nobody wants", c.name, n)
		}
		r.end(0, io.EOF)
		r.settle()
		if a.closed != 1 {
			t.Errorf("surplus bytes %s: not closed after the peer's end", c.name)
		}
	}
}

// TestCloseReadsOnWhileSending: a peer that writes all it has before it reads must not hold
// up the response that is closing the connection.
func TestCloseReadsOnWhileSending(t *testing.T) {
	r := newRig(t, func(c *Config) { c.MaxPending = 4 })
	a := r.dial()
	a.onData = none
	r.recv(0, "full")
	a.write("response")
	a.c.Close()
	r.turn()
	if !r.links[0].receiving {
		t.Error("the connection stays choked until the peer has read the response")
	}
}

// TestCloseConsumedAll: no surplus, no lingering, also when the last bytes were kept ones.
func TestCloseConsumedAll(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.onData = none
	r.recv(0, "GET")
	a.onData = func(p []byte) int { a.write("ok"); a.c.Close(); return len(p) }
	r.recv(0, " /")
	r.settle()
	want(t, a.took(), "data GET, data GET /, close <nil>", "nothing was left to linger for")
}

// TestAbort: at once, output in flight or not, and the first reason counts.
func TestAbort(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	first := errors.New("first")
	a.write("lost")
	r.turn()
	a.write("lost, too")
	r.took()
	a.c.Abort(first)
	want(t, r.took(), "close 0", "at once")
	a.c.Abort(errors.New("second"))
	a.c.Close()
	a.c.CloseLinger()
	a.c.Pause()
	a.c.Resume()
	a.c.Flush()
	a.c.Redeliver()
	a.c.SetDeadline(r.now + 1)
	r.turn()
	r.now += int64(time.Second)
	r.turn()
	want(t, r.took()+a.took(), "", "it is being torn down: no command, no call")
	r.settle()
	want(t, a.took(), "close first", "that is why")
}

// TestNoTimeoutWhileTornDown: the driver may take its time to close.
func TestNoTimeoutWhileTornDown(t *testing.T) {
	r := newRig(t, func(c *Config) { c.WriteTimeout = time.Second })
	a := r.dial()
	a.c.SetDeadline(r.now + int64(time.Millisecond))
	a.write("x")
	r.turn()
	a.c.Abort(nil)
	for range 10 {
		r.now += int64(time.Second)
		r.turn()
	}
	want(t, a.took(), "", "it is over but for OnClose")
	r.settle()
	want(t, a.took(), "close <nil>", "no timeout has changed the reason")
	if n := r.loop.Stats().WriteTimeouts; n != 0 {
		t.Errorf("%d write timeouts counted", n)
	}
}

// TestAbortFromInside every call of a handler.
func TestAbortFromInside(t *testing.T) {
	boom := errors.New("boom")
	for name, do := range map[string]func(r *rig, a *script, abort func()){
		"OnData": func(r *rig, a *script, abort func()) {
			a.onData = func([]byte) int { abort(); return 1 }
			r.recv(0, "abc")
		},
		"OnData of kept bytes": func(r *rig, a *script, abort func()) {
			a.onData = none
			r.recv(0, "abc")
			a.onData = func([]byte) int { abort(); return 1 }
			a.c.Redeliver()
			r.turn()
		},
		"OnEnd": func(r *rig, a *script, abort func()) {
			a.onEnd = func(error) { abort() }
			r.end(0, io.EOF)
		},
		"OnTimeout": func(r *rig, a *script, abort func()) {
			a.onTime = abort
			a.c.SetDeadline(r.now + 1)
			r.now += int64(time.Second)
			r.turn()
		},
		"OnShutdown": func(r *rig, a *script, abort func()) {
			a.onShut = abort
			r.loop.Shutdown()
		},
		"OnDrain": func(r *rig, a *script, abort func()) {
			a.onDrain = abort
			a.write(strings.Repeat("x", 300<<10))
			a.c.Congested()
			r.settle()
		},
		"OnClose": func(r *rig, a *script, abort func()) {
			a.onClosed = abort
			abort()
		},
	} {
		r := newRig(t)
		a := r.dial()
		do(r, a, func() { a.c.Abort(boom) })
		r.settle()
		if a.closed != 1 || a.err != boom {
			t.Errorf("Abort in %s: OnClose came %d times, with %v", name, a.closed, a.err)
		}
	}
}

// TestOnCloseReason: what OnClose is told, for every end that there is.
func TestOnCloseReason(t *testing.T) {
	for _, c := range []struct {
		name string
		want error
		do   func(r *rig, a *script)
	}{
		{"Close", nil, func(r *rig, a *script) { a.c.Close() }},
		{"the peer's FIN, then Close", nil, func(r *rig, a *script) { r.end(0, io.EOF) }},
		{"reset", syscall.ECONNRESET, func(r *rig, a *script) { r.end(0, syscall.ECONNRESET) }},
		{"reset while output goes out", syscall.ECONNRESET, func(r *rig, a *script) {
			a.write("x")
			a.c.Close()
			r.turn()
			r.end(0, syscall.ECONNRESET)
		}},
		{"send failed", syscall.EPIPE, func(r *rig, a *script) {
			a.write("xyz")
			r.turn()
			r.sent(0, 1, syscall.EPIPE)
		}},
		{"stopped", ErrStopped, func(r *rig, a *script) { r.links[0].closing = true; r.closed(0) }},
		{"stopped while lingering", ErrStopped, func(r *rig, a *script) {
			a.c.CloseLinger()
			r.turn()
			r.links[0].closing = true
			r.closed(0)
		}},
	} {
		r := newRig(t)
		a := r.dial()
		c.do(r, a)
		r.settle()
		if a.closed != 1 || a.err != c.want {
			t.Errorf("%s: OnClose came %d times, with %v, want %v", c.name, a.closed, a.err, c.want)
		}
	}
}

// TestWriteStalled: a peer that takes nothing for the write timeout is closed, be the
// connection open or closing; each send that ends begins the time anew.
func TestWriteStalled(t *testing.T) {
	for _, closing := range []bool{false, true} {
		r := newRig(t, func(c *Config) { c.WriteTimeout, c.MaxSend = time.Second, 1 })
		a := r.dial()
		a.write("abc")
		if closing {
			a.c.Close()
		}
		for range 2 {
			r.turn()
			r.sleep(900 * time.Millisecond)
			r.sent(0, -1, nil)
		}
		r.turn()
		r.sleep(990 * time.Millisecond)
		want(t, a.took(), "", "not yet")
		r.sleep(10*time.Millisecond + 2*tickTime)
		want(t, a.took(), "close "+ErrWriteStalled.Error(), "it took none of the output for a second")
		if n := r.loop.Stats().WriteTimeouts; n != 1 {
			t.Errorf("%d write timeouts counted", n)
		}
	}
}

// TestWriteNotStalled: no output, no write timeout.
func TestWriteNotStalled(t *testing.T) {
	r := newRig(t, func(c *Config) { c.WriteTimeout = time.Second })
	a := r.dial()
	a.write("x")
	r.settle()
	r.sleep(time.Hour)
	want(t, a.took(), "", "everything was sent long ago")
}

// TestDeadlineBesideWriteTimeout: each comes at its own time, whichever is first.
func TestDeadlineBesideWriteTimeout(t *testing.T) {
	for _, deadline := range []time.Duration{100 * time.Millisecond, 900 * time.Millisecond, 2 * time.Second} {
		r := newRig(t, func(c *Config) { c.WriteTimeout = time.Second })
		a := r.dial()
		a.write("x")
		a.c.SetDeadline(r.now + int64(deadline))
		r.turn()
		r.sleep(3 * time.Second)
		calls := "timeout, close " + ErrWriteStalled.Error()
		if deadline > time.Second {
			calls = "close " + ErrWriteStalled.Error()
		}
		want(t, a.took(), calls, fmt.Sprintf("the deadline is %v, the write timeout 1 s", deadline))
	}
}

// TestDeadlines: random deadlines, moved and cleared, come within two ticks, and once.
func TestDeadlines(t *testing.T) {
	r := newRig(t)
	rng := rand.New(rand.NewPCG(3, 3))
	a := r.dial()
	var due int64
	fired := 0
	a.onTime = func() {
		fired++
		if late := time.Duration(r.now - due); due == 0 || late < 0 || late > 2*tickTime {
			t.Errorf("timeout %v late (deadline %d)", late, due)
		}
		due = 0
	}
	for range 5000 {
		switch rng.IntN(10) {
		case 0:
			due = 0
			a.c.SetDeadline(0)
		default:
			due = r.now + rng.Int64N(int64(3*time.Second))
			a.c.SetDeadline(due)
		}
		r.turn()
		r.sleep(time.Duration(rng.Int64N(int64(2 * time.Second))))
		if due != 0 && r.now > due+int64(2*tickTime) {
			t.Fatalf("no timeout %v after the deadline", time.Duration(r.now-due))
		}
	}
	if fired < 1000 {
		t.Errorf("only %d timeouts: the test has tested little", fired)
	}
}

func TestAccessors(t *testing.T) {
	r := newRig(t)
	r.dial()
	a := r.dial()
	if a.c.ID() != 1 || a.c.Loop() != r.loop || a.c.Handler() != a {
		t.Errorf("id %d, loop %p, handler %v", a.c.ID(), a.c.Loop(), a.c.Handler())
	}
	if p := a.c.RemoteAddr().Port(); p != 1 {
		t.Errorf("the remote address is that of connection %d", p)
	}
	if a.c.LocalAddr().IsValid() {
		t.Error("the local address is not what the driver says")
	}
}

// TestOnCloseMayUseTheConn: it is valid until OnClose returns; nothing that is done to it
// there outlives it.
func TestOnCloseMayUseTheConn(t *testing.T) {
	r := newRig(t)
	a := r.dial()
	a.onClosed = func() {
		a.c.SetDeadline(r.now + 1)
		a.write("too late")
		a.c.Redeliver()
		a.c.Pause()
		a.c.Resume()
		a.c.Close()
	}
	a.c.Abort(nil)
	r.reap()
	b := r.dial()
	r.settle()
	r.now += int64(time.Second)
	r.turn()
	want(t, b.took(), "", "the old connection's deadline and bytes are not the new one's")
	if len(r.links[0].wire) > 0 {
		t.Error("the old connection's output went to the new one")
	}
}
