//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/ringwire/ringwire/bench/internal/histogram"
	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// echo keeps one message on its way on every connection: when it is back it sends the next. All connections are open
// before the time starts, which it prints.
type echo struct {
	*sockets
	warmup, duration time.Duration
	messages         [16]message // sent in turn, so that an answer to another shows
	sent             []echoSent
	latency          *histogram.Histogram
	count            int64
	stopped          bool // sends no more
}

type message struct{ frame, payload []byte }

type echoSent struct {
	which uint8
	at    time.Time
}

func newEcho(s *settings) *echo {
	e := &echo{warmup: s.warmup, duration: s.duration, sent: make([]echoSent, s.conns), latency: new(histogram.Histogram)}
	e.sockets = newSockets(s, websock.EchoPath, e)
	e.stall = 0
	for i := range e.messages {
		p := make([]byte, s.size)
		for j := range p {
			p[j] = byte(i + j)
		}
		e.messages[i] = message{websock.AppendMasked(nil, websock.Fin|websock.Binary, p, maskKey), p}
	}
	return e
}

func (e *echo) run(in io.Reader, out io.Writer) error {
	defer e.close()
	if err := e.dial(); err != nil {
		return err
	}
	for i := range e.clients {
		if err := e.next(i, time.Now()); err != nil {
			return err
		}
	}
	if err := e.spin(time.Now().Add(e.warmup), nil); err != nil {
		return err
	}
	*e.latency, e.count, e.result.Bytes = histogram.Histogram{}, 0, 0
	if err := loadresult.PrintStarted(out); err != nil {
		return err
	}
	start := time.Now()
	err := e.spin(start.Add(e.duration), nil)
	e.stopped = true
	r := &e.result
	r.Requests, r.Seconds = e.count, time.Since(start).Seconds()
	r.P50, r.P99, r.P999 = e.latency.Percentile(50), e.latency.Percentile(99), e.latency.Percentile(99.9)
	if err != nil {
		return err
	}
	return e.hold(in, out)
}

func (e *echo) next(i int, now time.Time) error {
	s := &e.sent[i]
	s.which, s.at = (s.which+1)%uint8(len(e.messages)), now
	return e.send(i, e.messages[s.which].frame)
}

// frame takes an answer, compares it, and sends the next message.
func (e *echo) frame(i int, first byte, p []byte, now time.Time) error {
	s := &e.sent[i]
	if first != websock.Fin|websock.Binary || !bytes.Equal(p, e.messages[s.which].payload) {
		return fmt.Errorf("%d bytes with first byte %#x came back, not what was sent", len(p), first)
	}
	e.latency.Record(now.Sub(s.at))
	e.count++
	if e.stopped {
		return nil
	}
	return e.next(i, now)
}
