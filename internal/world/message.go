package world

import (
	"encoding/base64"
	"encoding/binary"
)

// Upgrade is the kind of request that opens a WebSocket: /u/connection/0/messages. The server's side sends every
// message back, of which the n-th is Key(connection, n, FromClient), and closes with CloseCode after so many
// messages, unless that is 0.
const Upgrade = 'u'

// CloseCode is what the server closes with where it is asked to.
const CloseCode = 3000

// CheckMessage is Check of a piece of a message, which may be text.
func CheckMessage(p []byte, key uint64, offset int64, text bool) int {
	if !text {
		return Check(p, key, offset)
	}
	want := make([]byte, len(p))
	FillText(want, key, offset)
	for i := range p {
		if p[i] != want[i] {
			return i
		}
	}
	return -1
}

func newSocket(c *client) speaker {
	if r := newRand(c.w.spec.Seed, 1<<35+uint64(c.n)); r.IntN(4) == 0 {
		return newSubscriber(c, r)
	}
	s := &socket{c: c, eager: c.rng.IntN(2) == 0}
	p := c.w.plan
	if c.end == endStall && (p.MaxConns > 0 || p.Faults.Accept > 0 || p.Window > 16<<10) {
		c.end = endLeave // as in newBrowser
	}
	s.zip = newZip(c)
	count := c.rng.IntN(8)
	if c.rng.IntN(16) == 0 {
		count = c.rng.IntN(40)
	}
	hoards := c.end <= endServer && p.Window >= 16<<10 && c.rng.IntN(20) == 0
	if hoards {
		count = 6 + c.rng.IntN(4)
		c.readAt = c.rng.Int64N(int64(p.WriteTimeout / 2))
	}
	if c.end == endStall || hoards {
		s.eager, c.deaf = true, true
	}
	if most := c.w.spec.Steps; most > 0 {
		count = min(count, most)
	}
	for n := range count {
		length := size(c.rng, p.longest())
		if hoards {
			length = 50_000 + c.rng.IntN(40_000)
		}
		s.message(n, length, c.rng.IntN(2) == 0 || length > p.Window)
	}
	asked := s.finale(count)
	s.greet(Upgrade, asked)
	return s
}

// greet makes the handshake (RFC 6455 §4.1).
func (s *socket) greet(kind byte, asked int) {
	var nonce [16]byte
	Fill(nonce[:], Key(s.c.n, 0, FromServer), 0)
	key := base64.StdEncoding.EncodeToString(nonce[:])
	s.hello = request{status: 101, head: true, accept: acceptOf(key)}
	extensions := ""
	if s.zip != nil {
		s.f.zips, s.hello.extensions = true, s.zip.answer
		extensions = "Sec-WebSocket-Extensions: " + s.zip.offer + "\r\n"
	}
	s.hello.get(kind, s.c.n, 0, asked, "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "+key+"\r\n"+extensions)
}

// add adds a step.
func (s *socket) add(raw []byte, pause bool, wants ...want) {
	s.steps = append(s.steps, step{raw, pause && !s.c.deaf, len(wants)}) // who is deaf would wait for ever
	s.wants = append(s.wants, wants...)
}

// frame makes a frame.
func (s *socket) frame(first byte, p []byte) []byte {
	return appendFrame(nil, first, s.c.rng.Uint32(), p)
}

// message adds message n, in one frame or in fragments, with control frames between those.
func (s *socket) message(n, length int, pause bool) {
	if s.zip != nil {
		length = min(length, MaxMessage-1000) // what does not get smaller gets larger
	}
	w := want{opBinary, Key(s.c.n, n, FromClient), length}
	p := make([]byte, length)
	if s.c.rng.IntN(2) == 0 {
		w.op = opText
		FillText(p, w.key, 0)
	} else {
		Fill(p, w.key, 0)
	}
	first := w.op
	if s.zip != nil && s.zip.rng.IntN(4) > 0 {
		first, p = first|rsv1, s.zip.deflate(p)
	}
	for s.c.rng.IntN(3) == 0 {
		part := s.c.rng.IntN(len(p) + 1)
		s.add(s.frame(first, p[:part]), pause)
		s.control()
		first, p, pause = opContinuation, p[part:], false
	}
	s.add(s.frame(finBit|first, p), pause, w)
}

// control adds a ping now and then, or a pong that nobody has asked for (RFC 6455 §5.5.3).
func (s *socket) control() {
	n := s.c.rng.IntN(126)
	w := want{opPong, Key(s.c.n, 1<<16+len(s.steps), FromClient), n}
	p := make([]byte, n)
	Fill(p, w.key, 0)
	switch s.c.rng.IntN(6) {
	case 0, 1:
		s.add(s.frame(finBit|opPing, p), false, w)
	case 2:
		s.add(s.frame(finBit|opPong, p), false)
	}
}

// finale adds what the end begins with. It returns after how many messages the server is to close.
func (s *socket) finale(count int) (asked int) {
	c := s.c
	switch c.end {
	case endServer:
		return s.goodbye(count)
	case endCut:
		raw := s.frame(opBinary, make([]byte, 1+c.rng.IntN(300)))
		s.add(raw[:1+c.rng.IntN(len(raw))], false)
	case endSlowHead:
		s.add(s.frame(opBinary, make([]byte, c.rng.IntN(300))), true)
		s.code = 1008
	case endSlowBody:
		s.code = CloseCode
		if count == 0 {
			s.message(0, 100, false)
			return 1
		}
		return count
	case endStall:
		s.message(count, 90_000, false)
	}
	return 0
}

// goodbye adds what makes the server close, and says with which code.
func (s *socket) goodbye(count int) (asked int) {
	r := s.c.rng
	how := r.IntN(4)
	if how == 2 && s.sub != nil { // to which the server says nothing
		how = 1
	}
	switch how {
	case 0:
		s.code = noStatus
		s.add(s.frame(finBit|opClose, nil), false)
	case 1:
		s.code = 4000 + uint16(r.IntN(1000))
		reason := make([]byte, r.IntN(124))
		FillText(reason, 0, 0)
		s.add(s.frame(finBit|opClose, append(binary.BigEndian.AppendUint16(nil, s.code), reason...)), false)
	case 2:
		if s.code = CloseCode; count > 0 {
			return count
		}
		s.message(0, 100, false)
		return 1
	default:
		s.offend()
	}
	return 0
}

// offend breaks a rule.
func (s *socket) offend() {
	var raw []byte
	if s.zip != nil {
		raw, s.code = s.zip.offend(s)
		s.add(raw, false)
		return
	}
	s.code = 1002
	switch s.c.rng.IntN(7) {
	case 0:
		raw = s.frame(finBit|3, nil) // a reserved opcode (RFC 6455 §5.2)
	case 1:
		raw = s.frame(finBit|0x40|opBinary, nil) // RSV1 without an extension
	case 2:
		raw = s.frame(opPing, nil) // a fragmented control frame (§5.5)
	case 3:
		raw = s.frame(finBit|opContinuation, nil) // of nothing (§5.4)
	case 4:
		raw = []byte{finBit | opBinary, 0} // without a mask (§5.1)
	case 5:
		raw = s.frame(finBit|opText, []byte("a\xffb")) // not UTF-8 (§8.1)
		s.code = 1007
	default:
		raw = s.frame(opBinary, make([]byte, 20)) // too long, as soon as it says so (§7.4.1)
		raw = append(raw, finBit|opContinuation, maskBit|127, 0, 0, 0, 0, 0, 1<<4, 0, 0, 1, 2, 3, 4)
		s.code = 1009
	}
	s.add(raw, false)
}

// MaxMessage is the most that the server is to take.
const MaxMessage = 100_000
