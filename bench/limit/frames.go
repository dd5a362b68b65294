//go:build linux

package main

import (
	"github.com/ringwire/ringwire/bench/internal/websock"
)

// stream is a connection of limit -ws: after one request, which is answered with 101 whatever it says, it sends every
// frame back. A frame that comes whole is unmasked where it lies and copied once, to be sent.
type stream struct {
	head     matcher // of the request
	upgraded bool
	broken   bool
	rest     []byte // of a frame that came in part
	out      []byte // not yet handed to the kernel
	sent     []byte // what the kernel has
}

// feed takes received bytes, which it changes.
func (s *stream) feed(p []byte) {
	if !s.upgraded {
		if s.head.count(p) == 0 {
			return
		}
		s.upgraded = true // clients wait for the answer: nothing is behind the request
		s.out = append(s.out, websock.Switching...)
		return
	}
	if len(s.rest) > 0 {
		s.rest = append(s.rest, p...)
		n := s.frames(s.rest)
		s.rest = s.rest[:copy(s.rest, s.rest[n:])]
		return
	}
	if n := s.frames(p); n < len(p) {
		s.rest = append(s.rest, p[n:]...)
	}
}

// frames answers the whole frames in p and returns their length.
func (s *stream) frames(p []byte) (n int) {
	for !s.broken {
		h, ok, err := websock.Parse(p[n:])
		if s.broken = err != nil; err != nil || !ok || len(p)-n < h.Size+h.Length {
			break
		}
		payload := p[n+h.Size : n+h.Size+h.Length]
		websock.Mask(h.Key, payload)
		first := h.First
		if h.Opcode() == websock.Ping {
			first = websock.Fin | websock.Pong
		}
		s.out = append(websock.AppendHeader(s.out, first, h.Length, nil), payload...)
		n += h.Size + h.Length
	}
	return n
}

// take is what to send now. It is valid until the next call, which must not come before the send has ended.
func (s *stream) take() []byte {
	s.out, s.sent = s.sent[:0], s.out
	return s.sent
}
