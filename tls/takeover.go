package tls

import stdtls "crypto/tls"

// The keys of crypto/tls become ours when the handshake ends. Both sides have then read
// nothing under them, and a client has written nothing. A server has written its session
// tickets, at the end of its flight or after the client's certificate, and each of their
// records has moved the sequence number on.

// maxTickets bounds the records of session tickets that are looked for at the end of a flight.
const maxTickets = 16

// noteFlight counts the records at the end of p that are sealed under the application key
// already, by opening copies of them: nothing else tells them from the handshake's.
func (hs *handshake) noteFlight(p []byte) {
	if hs.s.client || hs.serverSecret.n == 0 || hs.done {
		return
	}
	var starts [maxTickets]int // of the records at the end, the last one first
	n := 0
	for at := 0; at+Head <= len(p); {
		copy(starts[1:], starts[:])
		starts[0] = at
		n = min(n+1, maxTickets)
		at += Head + bodyLen(p[at:])
	}
	probe := &hs.serverHalf
	for _, suite := range suitesOf(hs.serverSecret.n) {
		if probe.suite != suite && probe.install(suite, hs.serverSecret.bytes()) != nil {
			return
		}
		for k := 1; k <= n; k++ { // crypto/tls sends one
			probe.seq = hs.tickets
			if hs.sealedUnder(probe, p[starts[k-1]:], k) {
				hs.tickets += uint64(k)
				return
			}
		}
	}
}

// suitesOf lists the suites whose secrets have that length.
func suitesOf(secretLen int) []uint16 {
	if secretLen == 48 {
		return suites384
	}
	return suites256
}

var (
	suites256 = []uint16{stdtls.TLS_AES_128_GCM_SHA256, stdtls.TLS_CHACHA20_POLY1305_SHA256}
	suites384 = []uint16{stdtls.TLS_AES_256_GCM_SHA384}
)

// sealedUnder reports whether p is k records that probe can open, one after the other.
func (hs *handshake) sealedUnder(probe *half, p []byte, k int) bool {
	for range k {
		if len(p) < Head {
			return false
		}
		n := Head + bodyLen(p)
		if len(p) < n {
			return false
		}
		rec := append(hs.s.loop.scratch[:0], p[:n]...)
		hs.s.loop.scratch = rec
		_, contentType, err := probe.open(rec)
		clear(rec)
		if err != nil || contentType != typeHandshake {
			return false
		}
		p = p[n:]
	}
	return true
}

// takeOver makes the keys of the handshake the session's.
func (s *Session) takeOver(suite uint16) error {
	hs := s.hs
	defer hs.wipe()
	in, out := hs.clientSecret.bytes(), hs.serverSecret.bytes()
	if s.client {
		in, out = out, in
	}
	if err := s.in.install(suite, in); err != nil {
		return err
	}
	if made := &hs.serverHalf; !s.client && made.suite == suite {
		s.out = *made
	} else if err := s.out.install(suite, out); err != nil {
		return err
	}
	s.out.seq = hs.tickets
	return nil
}
