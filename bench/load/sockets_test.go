//go:build linux

package main

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/feed"
	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// tiny is a WebSocket server of a few lines, whose answers a test can bend. It knows what it has seen.
type tiny struct {
	addr                   string
	messages, pongs, conns atomic.Int64

	answer    func(p []byte) []byte                                // of /ws, a whole frame; nil: the echo
	ticks     func(conn int, seq uint64, p []byte) (frames []byte) // of /feed; nil: the payload
	every     time.Duration
	greet     string // behind the handshake's response
	afterPong string // behind the answer to a ping
}

const pingHi = "\x89\x02hi"

func (s *tiny) start(t *testing.T) *tiny {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	s.addr = ln.Addr().String()
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go s.serve(c)
		}
	}()
	return s
}

func (s *tiny) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	r, err := http.ReadRequest(in)
	if err != nil {
		return
	}
	n := int(s.conns.Add(1))
	if r.URL.Path == websock.FeedPath {
		io.WriteString(c, websock.Switching)
		s.feed(c, n)
		return
	}
	// The handshake's response comes in two pieces.
	io.WriteString(c, websock.Switching[:50])
	time.Sleep(time.Millisecond)
	io.WriteString(c, websock.Switching[50:]+s.greet)
	for {
		first, p, err := masked(in)
		if err != nil {
			return
		}
		switch first &^ websock.Fin {
		case websock.Pong:
			if string(p) == "hi" {
				s.pongs.Add(1)
			}
			continue
		case websock.Ping:
			first = websock.Fin | websock.Pong
		default:
			s.messages.Add(1)
		}
		frame := append(websock.AppendHeader(nil, first, len(p), nil), p...)
		if s.answer != nil && first == websock.Fin|websock.Binary {
			frame = s.answer(p)
		}
		for _, piece := range [][]byte{frame[:len(frame)/2], frame[len(frame)/2:]} {
			c.Write(piece)
		}
		if first == websock.Fin|websock.Pong {
			time.Sleep(20 * time.Millisecond) // or it would be read with the pong
			io.WriteString(c, s.afterPong)
		}
	}
}

func (s *tiny) feed(c net.Conn, n int) {
	p := feed.New()
	for seq := uint64(5); ; seq++ { // a feed that has begun before
		feed.Stamp(p, seq, time.Now())
		frame := append(websock.AppendHeader(nil, websock.Fin|websock.Binary, len(p), nil), p...)
		if s.ticks != nil {
			frame = s.ticks(n, seq, frame)
		}
		if _, err := c.Write(frame); err != nil {
			return
		}
		time.Sleep(s.every)
	}
}

// masked reads a client's frame.
func masked(in *bufio.Reader) (first byte, p []byte, err error) {
	for have := 2; ; have++ {
		head, err := in.Peek(have)
		if err != nil {
			return 0, nil, err
		}
		h, ok, err := websock.Parse(head)
		if err != nil || ok && !h.Masked {
			return 0, nil, io.ErrUnexpectedEOF
		}
		if ok {
			in.Discard(h.Size)
			p = make([]byte, h.Length)
			_, err = io.ReadFull(in, p)
			websock.Mask(h.Key, p)
			return h.First, p, err
		}
	}
}

func (s *tiny) load(t *testing.T, args ...string) (loadresult.Result, error) {
	t.Helper()
	var out bytes.Buffer
	hold, release := io.Pipe()
	if args[0] == "idle" {
		defer time.AfterFunc(200*time.Millisecond, func() { release.Close() }).Stop()
	} else {
		release.Close()
	}
	if err := run(append(args, "-addr", s.addr), hold, &out); err != nil {
		return loadresult.Result{}, err
	}
	if !strings.HasPrefix(out.String(), loadresult.Started+"\n") && args[0] != "idle" {
		t.Errorf("output %q does not say when it started", out.String())
	}
	r, err := loadresult.Parse(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return r, nil
}

func TestEcho(t *testing.T) {
	for _, size := range []string{"1", "64", "1024", "65535"} {
		s := (&tiny{greet: pingHi}).start(t)
		r, err := s.load(t, "ws-echo", "-conns", "4", "-size", size, "-duration", "200ms", "-warmup", "20ms")
		if err != nil {
			t.Fatal(err)
		}
		if r.Errors != 0 || r.Requests < 2 || r.P50 <= 0 || r.P999 < r.P50 || r.Seconds < 0.2 || r.Seconds > 5 || r.Connections != 4 {
			t.Errorf("%s bytes: implausible result %+v", size, r)
		}
		// The warm-up, and what was on its way at the end, are not counted.
		if seen := s.messages.Load(); r.Requests >= seen || s.pongs.Load() != 4 {
			t.Errorf("%s bytes: the server saw %d messages, the result says %d; pings answered: %d", size, seen, r.Requests, s.pongs.Load())
		}
	}
}

// What is not the message that was sent is an error, and ends the connection.
func TestEchoComparesAnswers(t *testing.T) {
	var last []byte
	for what, answer := range map[string]func(p []byte) []byte{
		"a changed byte": func(p []byte) []byte { p[9]++; return append([]byte{0x82, 64}, p...) },
		"text":           func(p []byte) []byte { return append([]byte{0x81, 64}, p...) },
		"too short":      func(p []byte) []byte { return append([]byte{0x82, 63}, p[:63]...) },
		"a close":        func([]byte) []byte { return []byte{0x88, 2, 3, 0xe9} },
		"masked":         func([]byte) []byte { return []byte{0x82, 0x81, 0, 0, 0, 0, 0} },
		"the one before": func(p []byte) []byte {
			before := last
			if last = bytes.Clone(p); before == nil {
				before = p
			}
			return append([]byte{0x82, 64}, before...)
		},
	} {
		s := (&tiny{answer: answer}).start(t)
		if _, err := s.load(t, "ws-echo", "-conns", "1", "-duration", "5s"); err == nil || !strings.Contains(err.Error(), errGone.Error()) {
			t.Errorf("%s: %v, want the connection to be given up", what, err)
		}
	}
}

func TestFeed(t *testing.T) {
	s := (&tiny{every: 5 * time.Millisecond}).start(t)
	r, err := s.load(t, "ws-feed", "-conns", "5", "-stall", "2", "-duration", "300ms", "-warmup", "50ms")
	if err != nil {
		t.Fatal(err)
	}
	// A busy machine stretches the window, and has messages of the warm-up come in it.
	most := int64(5 * (r.Seconds + 0.1) / s.every.Seconds())
	if r.Requests < 5*10 || r.Requests > most || r.P50 <= 0 || r.P50 > 1e6 || r.Connections != 7 || r.Bytes < r.Requests*516 {
		t.Errorf("implausible result %+v", r)
	}
}

// All connections share one ticker here, so the spread can be told in advance: the last gets its frame late.
func TestFeedSpread(t *testing.T) {
	const late = 20 * time.Millisecond
	s := &tiny{every: 60 * time.Millisecond}
	s.ticks = func(conn int, _ uint64, frame []byte) []byte {
		if conn == 2 {
			time.Sleep(late)
		}
		return frame
	}
	s.start(t)
	r, err := s.load(t, "ws-feed", "-conns", "2", "-duration", "50ms")
	if err != nil {
		t.Fatal(err)
	}
	if r.Ticks < 1 || r.Spread50 < float64(late.Microseconds())/2 || r.Errors != 0 {
		t.Errorf("result %+v, want ticks that spread over %v", r, late)
	}
}

// One number is left out, one comes twice, two change places: each is told.
func TestFeedCountsGaps(t *testing.T) {
	for what, c := range map[string]struct {
		ticks  func(conn int, seq uint64, frame []byte) []byte
		errors int64
		says   string
	}{
		"lost":  {func(_ int, seq uint64, f []byte) []byte { return f[:when(seq != 10, len(f))] }, 1, "number 11 after 9"},
		"twice": {func(_ int, seq uint64, f []byte) []byte { return bytes.Repeat(f, 1+when(seq == 10, 1)) }, 1, "number 10 after 10"},
		"swapped": {func(_ int, seq uint64, f []byte) []byte {
			at := 4 + 7 // the number's last byte
			f[at] = byte(int(f[at]) + when(seq == 10, 1) - when(seq == 11, 1))
			return f
		}, 3, "number 11 after 9"},
		"damaged": {func(_ int, seq uint64, f []byte) []byte { f[100] += byte(when(seq == 10, 1)); return f }, 0, "none of the feed"},
	} {
		s := (&tiny{every: 4 * time.Millisecond, ticks: c.ticks}).start(t)
		r, err := s.load(t, "ws-feed", "-conns", "1", "-duration", "200ms")
		switch {
		case c.errors == 0:
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q", what, err, c.says)
			}
		case err != nil || r.Errors != c.errors || !strings.Contains(r.FirstError, c.says):
			t.Errorf("%s: %+v, %v, want %d errors, %q", what, r, err, c.errors, c.says)
		}
	}
}

func when(yes bool, n int) int {
	if yes {
		return n
	}
	return 0
}

func TestSocketsNeedAnUpgrade(t *testing.T) {
	srv := newCounting(t) // which has no such path
	for _, kind := range []string{"ws-echo", "ws-feed"} {
		err := run([]string{kind, "-addr", srv.Listener.Addr().String(), "-conns", "3"}, strings.NewReader(""), io.Discard)
		if err == nil || !strings.Contains(err.Error(), "status 404") {
			t.Errorf("%s: %v, want the status", kind, err)
		}
	}
}

func TestIdleSockets(t *testing.T) {
	for what, c := range map[string]struct {
		afterPong string
		alive     int64
	}{
		"nothing": {"", 20},
		"a ping":  {pingHi, 20}, // the keep-alive of a server
		"a close": {"\x88\x00", 0},
	} {
		s := (&tiny{afterPong: c.afterPong}).start(t)
		r, err := s.load(t, "idle", "-ws", "-conns", "20")
		if err != nil || r.Requests != 20 || r.Alive != c.alive || s.conns.Load() != 20 {
			t.Errorf("%s came behind: %+v, %v, want %d alive", what, r, err, c.alive)
		}
	}
	s := (&tiny{greet: pingHi}).start(t)
	if _, err := s.load(t, "idle", "-ws", "-conns", "3"); err == nil || !strings.Contains(err.Error(), "first byte 0x89") {
		t.Errorf("a ping is taken for the answer to one: %v", err)
	}
	if _, err := s.load(t, "idle", "-ws", "-deflate", "-conns", "3"); err == nil || !strings.Contains(err.Error(), "compression") {
		t.Errorf("compression that was not agreed on: %v", err)
	}
}
