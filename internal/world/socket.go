package world

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"time"
)

// socket speaks WebSocket (RFC 6455): a handshake, then messages, in frames of any number with control frames
// between, each of which must come back.
//
// Its ends are those of a browser, in its own way: endServer is a Close of either side, or a rule that is broken;
// endIdle does not answer pings, endSlowHead never ends its last message, endSlowBody does not answer a Close.
type socket struct {
	c     *client
	hello request
	eager bool        // does not wait for the handshake's end
	sub   *subscriber // nil: its messages come back
	zip   *zip        // nil: nothing is compressed

	asked bool // the handshake was given to the client to write
	open  bool // and answered
	ans   answer

	steps []step
	sent  int // steps that were given to the client to write
	wants []want
	done  int // of wants
	due   int // of wants, what the steps that were sent bring

	f       frame
	closing []byte // the payload of the server's Close
	pongs   int    // are owed
	code    uint16 // of the Close that must come when everything has; noStatus = an empty one, 0 = none
	said    bool   // our Close is among what was sent
	heard   bool   // the server's has come
	stuckAt int64  // when the last step was sent, at the earliest
}

// noStatus stands for a Close without a code (RFC 6455 §7.4.1).
const noStatus = 1005

// step is some bytes that are sent in one go, and how many answers they bring.
type step struct {
	raw   []byte
	pause bool // it waits for what was sent before
	wants int
}

// want is a message that must come back, or the answer to a ping.
type want struct {
	op   byte
	key  uint64
	size int
}

func (s *socket) String() string {
	return fmt.Sprintf("WebSocket, %d of %d came back", s.done, len(s.wants))
}

// next gives frames: what is owed first, then some steps.
func (s *socket) next(dst []byte) []byte {
	if !s.asked {
		s.asked = true
		dst = append(dst, s.hello.raw...)
	}
	if !s.open && !s.eager || s.c.finDue {
		return dst
	}
	for ; s.pongs > 0 && !s.said; s.pongs-- {
		dst = appendFrame(dst, finBit|opPong, s.c.rng.Uint32(), nil)
	}
	if s.heard {
		if !s.said && s.c.end != endSlowBody {
			s.said = true
			dst = appendFrame(dst, finBit|opClose, s.c.rng.Uint32(), s.closing)
		}
		return dst
	}
	for s.sent < len(s.steps) {
		st := &s.steps[s.sent]
		if st.pause && s.done < s.due {
			break
		}
		dst = append(dst, st.raw...)
		s.due += st.wants
		if s.sent++; s.c.rng.IntN(3) == 0 {
			break
		}
	}
	if s.sent == len(s.steps) && s.stuckAt == 0 {
		s.allSent()
	}
	return dst
}

// allSent notes that nothing follows of itself.
func (s *socket) allSent() {
	s.stuckAt = s.c.w.sim.Now()
	s.c.finDue = s.c.end == endHalf || s.c.end == endCut
	s.said = s.code == noStatus || s.code >= 4000 // it was the last step
}

func (s *socket) take(p []byte) {
	if !s.open {
		n, ev, err := s.ans.take(p, &s.hello)
		if err != "" {
			s.c.fail("answer", "%s", err)
			return
		}
		if p = p[n:]; ev != answerDone {
			return
		}
		s.open = true
		s.settle()
	}
	for s.c.w.broken == nil && (len(p) > 0 || s.f.known()) {
		if s.heard {
			s.c.fail("surplus", "%.200q follows the Close", p)
			return
		}
		p = s.some(p)
		if len(p) == 0 && s.f.at < s.f.size {
			return
		}
	}
}

// settle notes that something is complete.
func (s *socket) settle() {
	s.c.settled = s.c.w.sim.Now()
	if s.sent < len(s.steps) && s.c.writeAt == 0 {
		s.c.writeAt = s.c.settled + s.c.pause()
	}
}

// some takes what is next of a frame.
func (s *socket) some(p []byte) []byte {
	if !s.f.known() {
		if why := s.f.takeHead(p[0]); why != "" {
			s.c.fail("frame", "%s", why)
		} else if s.f.known() {
			s.begin()
		}
		return p[1:]
	}
	n := min(len(p), s.f.size-s.f.at)
	s.payload(p[:n])
	if s.f.at += n; s.f.at == s.f.size && s.c.w.broken == nil {
		s.end()
		s.f.next()
	}
	return p[n:]
}

// begin looks at a frame's head.
func (s *socket) begin() {
	switch f := &s.f; {
	case f.op == opPing && f.size == 0 || f.op == opClose && f.size < 126:
	case s.sub != nil && (f.op == opText || f.op == opBinary) && f.size < 4000:
	case s.done == s.due:
		s.c.fail("surplus", "a frame with opcode %d of %d bytes, and nothing is due", f.op, f.size)
	case f.op != s.wants[s.done].op || f.size != s.wants[s.done].size && !f.zipped:
		w := s.wants[s.done]
		s.c.fail("echo", "a frame with opcode %d of %d bytes, want %d, %d", f.op, f.size, w.op, w.size)
	}
}

// payload compares a piece of it.
func (s *socket) payload(p []byte) {
	if s.f.op == opClose {
		s.closing = append(s.closing, p...)
	}
	if s.f.op == opClose || s.f.op == opPing {
		return
	}
	if s.f.zipped {
		s.zip.in = append(s.zip.in, p...)
		return
	}
	if s.sub != nil && s.f.op != opPong {
		s.sub.text = append(s.sub.text, p...)
		return
	}
	s.compare(p, int64(s.f.at))
}

// compare compares a piece of an answer.
func (s *socket) compare(p []byte, at int64) {
	w := &s.wants[s.done]
	if i := CheckMessage(p, w.key, at, w.op == opText); i >= 0 {
		s.c.fail("echo", "byte %d of answer %d is wrong: %.100q", int(at)+i, s.done, p[i:])
	}
}

// unzip takes a whole message that was compressed.
func (s *socket) unzip() {
	p, why := s.zip.inflate()
	switch {
	case why != "":
		s.c.fail("deflate", "%s", why)
	case s.sub != nil:
		s.sub.text = append(s.sub.text, p...)
	case len(p) != s.wants[s.done].size:
		s.c.fail("deflate", "%d bytes are inflated, want %d", len(p), s.wants[s.done].size)
	default:
		s.compare(p, 0)
	}
}

// end takes a whole frame.
func (s *socket) end() {
	switch s.f.op {
	case opPing:
		if s.c.end != endIdle {
			s.pongs++
		}
	case opClose:
		s.closed()
	case opPong:
		s.done++
		s.settle()
	default:
		if s.f.zipped {
			s.unzip()
		}
		if s.c.w.stats.Messages++; s.sub != nil {
			s.sub.take()
			return
		}
		s.done++
		s.settle()
	}
}

// closed judges the server's Close.
func (s *socket) closed() {
	code := uint16(noStatus)
	if len(s.closing) >= 2 {
		code = binary.BigEndian.Uint16(s.closing)
	}
	idle := s.debt() == nothing
	s.heard = true
	c, w := s.c, s.c.w
	switch now := w.sim.Now(); {
	case s.sub != nil && code == SlowCode:
		s.sub.evicted()
	case w.shutAt != 0 && code == 1001:
		late := time.Duration(now - w.shutAt)
		if idle && s.sub == nil && max(c.settled, c.sentAt) < w.shutAt-int64(c.grace()) && late > c.grace()+longestPause {
			c.fail("drain", "an idle WebSocket is told %v after the drain began", late)
		}
	case code != s.code || s.sent < len(s.steps) || s.done < len(s.wants):
		c.fail("close", "the server closes with %q after %d of %d messages and pings, want %d", s.closing, s.done, len(s.wants), s.code)
	}
	c.settled = w.sim.Now()
}

// ended judges the server's FIN.
func (s *socket) ended() {
	c := s.c
	switch all := s.sent == len(s.steps) && s.done == len(s.wants); {
	case s.midway():
		c.fail("truncated", "FIN in the middle of %s", s.waits())
	case c.w.shutAt != 0, s.heard:
	case all && s.code == 0 && (c.fin || c.end == endIdle):
	default:
		c.fail("truncated", "FIN without a Close; waits for %s", s.waits())
	}
}

func (s *socket) waits() string {
	switch {
	case !s.open:
		return "the handshake's end, " + s.ans.where()
	case s.heard:
		return "the server's end"
	case s.done < len(s.wants):
		return fmt.Sprintf("answer %d of %d, of which %d bytes have come", s.done+1, len(s.wants), s.f.at)
	case s.code != 0:
		return fmt.Sprintf("a Close with %d", s.code)
	case s.c.end == endLeave && s.sub == nil:
		return ""
	}
	return "the server's end"
}

func (s *socket) midway() bool { return s.ans.begun() || s.f.begun() }

func (s *socket) debt() debt {
	sent := s.sent == len(s.steps)
	switch {
	case s.heard && s.c.end == endSlowBody:
		return byLimits
	case s.heard || s.c.fin || !s.open || s.done < s.due:
		return answers
	case sent && s.c.end == endSlowHead:
		return byLimits
	case sent && s.code != 0:
		return answers
	}
	return nothing
}

func (s *socket) timeout() timeout {
	p, c := s.c.w.plan, s.c
	switch debt := s.debt(); {
	case s.sub != nil && s.sub.slow: // that was the reason
	case c.end == endIdle && debt == nothing:
		return timeout{"ping timeout", p.PingEvery + p.PongTimeout, p.PingEvery + p.PongTimeout, c.sentAt, true}
	case debt == byLimits && s.heard:
		return timeout{"close timeout", p.CloseTimeout, p.CloseTimeout, s.stuckAt, true}
	case debt == byLimits || c.end == endSlowHead && s.heard:
		return timeout{"message timeout", p.MessageTimeout, p.MessageTimeout, s.stuckAt, false}
	}
	return timeout{}
}

// acceptOf is what a server must answer to a handshake's key (RFC 6455 §4.2.2).
func acceptOf(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}
