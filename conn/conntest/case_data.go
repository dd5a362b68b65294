package conntest

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"testing"
	"time"
)

func testEcho(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	p := r.connect()
	for i := range 50 {
		r.exchange(p, fmt.Appendf(nil, "message %d", i))
	}
}

func testEchoLarge(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	size := 10 << 20
	if r.h.Virtual {
		size = 1 << 20 // every step costs
	}
	r.exchange(r.connect(), pattern(size, 1))
}

func testManyConnections(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	var peers []Peer
	var outs [][]byte
	for i := range 100 {
		peers = append(peers, r.connect())
		outs = append(outs, pattern(1+i*i*7%20000, byte(i)))
	}
	for range 3 {
		r.exchangeAll(peers, outs)
	}
	if got := len(r.d.Faults()); got > 0 {
		t.Errorf("%d faults", got)
	}
}

// testGatheredSend: the buffers of one send arrive in order, as one; empty ones are nothing.
func testGatheredSend(t *testing.T, f Factory) {
	r := start(t, f)
	p, s := r.dial()
	var want []byte
	for round := range 5 {
		var bufs [][]byte
		for i := range 16 {
			size := (i * 37 * (round + 1)) % 3000
			if round == 4 {
				size *= 100 // more than a socket takes at once
			}
			bufs = append(bufs, pattern(size, byte(i)))
			want = append(want, bufs[i]...)
		}
		r.do(func() { r.send(s, bufs...) })
		if got := r.read(p, len(want)); !bytes.Equal(got, want) {
			t.Fatalf("round %d: the peer reads other bytes than were sent", round)
		}
		r.await(func() bool { return !s.sending }, "Sent")
		r.do(func() {
			if o := s.sent[round]; o.n != len(want) || o.err != nil {
				t.Errorf("round %d: Sent(%d, %v) of %d", round, o.n, o.err, len(want))
			}
		})
		want = want[:0]
	}
}

func testEmptySend(t *testing.T, f Factory) {
	r := start(t, f)
	p, s := r.dial()
	for i, bufs := range [][][]byte{nil, {{}}, {nil, {}, nil}} {
		r.do(func() { r.send(s, bufs...) })
		r.await(func() bool { return !s.sending }, "Sent of an empty send")
		r.do(func() {
			if o := s.sent[i]; o.n != 0 || o.err != nil {
				t.Errorf("Sent(%d, %v) of an empty send", o.n, o.err)
			}
		})
	}
	r.do(func() { r.send(s, []byte("x")) }) // and the connection still works
	r.read(p, 1)
}

// testPausedAtFirst: nothing is received before Receive.
func testPausedAtFirst(t *testing.T, f Factory) {
	r := start(t, f, func(r *rig) { r.onOpened = func(*session) {} })
	p, s := r.dial()
	if r.h.Addresses || r.h.HalfClose { // a pipe takes no bytes without a reader
		r.write(p, []byte("early"))
	}
	r.settle()
	r.do(func() {
		if s.got != 0 {
			t.Errorf("%d bytes received before Receive", s.got)
		}
		r.d.Receive(s.id)
		r.d.Receive(s.id) // idempotent
	})
	r.write(p, []byte(" late"))
	want := crc32.ChecksumIEEE([]byte("early late"))
	if !r.h.HalfClose {
		want = crc32.ChecksumIEEE([]byte(" late"))
	}
	r.await(func() bool { return s.crc == want }, "every byte after Receive")
}

// testPauseResume: pausing at random loses and reorders nothing.
func testPauseResume(t *testing.T, f Factory) {
	n := 0
	r := start(t, f, func(r *rig) {
		r.onReceived = func(s *session, p []byte) {
			if n++; n%3 == 0 {
				r.d.Pause(s.id)
				if n%2 == 0 {
					r.d.Receive(s.id) // and on at once
				}
			}
		}
	})
	p, s := r.dial()
	out := pattern(2<<20, 3)
	want := crc32.ChecksumIEEE(out)
	r.until(func() bool {
		k, err := p.Write(out)
		if err != nil {
			t.Fatalf("peer: write: %v", err)
		}
		out = out[k:]
		done := false
		r.do(func() {
			r.d.Receive(s.id)
			done = s.got == 2<<20
		})
		return done
	}, "all bytes across pauses")
	r.do(func() {
		if s.crc != want {
			t.Error("bytes were lost or reordered by pausing")
		}
	})
}

// testBackpressure: a paused connection stops its sender, and nothing is lost.
func testBackpressure(t *testing.T, f Factory) {
	r := start(t, f)
	p, s := r.dial()
	r.do(func() { r.d.Pause(s.id) })
	chunk := pattern(64<<10, 5)
	const bound = 64 << 20 // socket buffers are tuned up to some MiB
	crc, wrote, misses := uint32(0), 0, 0
	for misses < 200 && wrote < bound {
		n, err := p.Write(chunk)
		if err != nil {
			t.Fatalf("peer: write: %v", err)
		}
		crc = crc32.Update(crc, crc32.IEEETable, chunk[:n])
		if wrote += n; n == 0 {
			misses++
			r.h.Progress()
		} else {
			misses = 0
		}
	}
	if wrote >= bound {
		t.Errorf("the peer wrote %d bytes to a paused connection", wrote)
	}
	r.settle()
	r.do(func() {
		if s.got > 1<<20 {
			t.Errorf("%d bytes were received while paused", s.got)
		}
		r.d.Receive(s.id)
	})
	r.await(func() bool { return s.got == wrote }, "all bytes after Receive")
	r.do(func() {
		if s.crc != crc {
			t.Error("other bytes arrived than were written")
		}
	})
}

// testFairness: one connection with endless input does not keep another waiting.
func testFairness(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo, func(r *rig) {
		echo := r.onReceived
		r.onReceived = func(s *session, p []byte) {
			if s != r.order[0] {
				echo(s, p)
			}
		}
	})
	greedy, _ := r.dial()
	modest, _ := r.dial()
	if !r.h.Virtual {
		stop := make(chan struct{})
		ended := make(chan struct{})
		defer func() { close(stop); <-ended }()
		go func() {
			defer close(ended)
			chunk := make([]byte, 1<<20)
			for {
				select {
				case <-stop:
					return
				default:
					_, _ = greedy.Write(chunk)
				}
			}
		}()
	}
	worst := time.Duration(0)
	for range 20 {
		if r.h.Virtual {
			_, _ = greedy.Write(make([]byte, 64<<10))
		}
		began := time.Now()
		r.write(modest, []byte("hello"))
		got := r.read(modest, 5)
		if string(got) != "hello" {
			t.Fatalf("read %q", got)
		}
		worst = max(worst, time.Since(began))
	}
	if worst > 2*time.Second {
		t.Errorf("a round trip beside a greedy connection took %v", worst)
	}
}
