package world

import "fmt"

// browser speaks HTTP/1.1: a pipeline of requests, and their answers in order.
type browser struct {
	c        *client
	requests []request
	sent     int  // requests that were given to the client to write
	held     bool // of the last of those, only the head was: 100 is awaited
	done     int  // answers that have come
	ans      answer
}

// noAnswer is the status of a request that must not be answered.
const noAnswer = -1

func newBrowser(c *client) *browser {
	b := &browser{c: c}
	p := c.w.plan
	if c.end == endStall && (p.MaxConns > 0 || p.Faults.Accept > 0 || p.Window > 16<<10) {
		c.end = endLeave // it could not be told when its time is up, or all would find room
	}
	count := 1 + c.rng.IntN(3)
	if c.rng.IntN(16) == 0 {
		count = 1 + c.rng.IntN(20)
	}
	if c.end == endStall {
		count, c.deaf = 1, true
	}
	hoards := c.end <= endServer && p.Window >= 16<<10 && c.rng.IntN(80) == 0
	if hoards {
		count = 60 + c.rng.IntN(20)
		c.deaf, c.readAt = true, c.rng.Int64N(int64(p.WriteTimeout/2))
	}
	if most := c.w.spec.Steps; most > 0 {
		count = min(count, most)
	}
	for i := range count {
		if hoards && i < count-1 {
			b.requests = append(b.requests, drawMuch(c.rng, p, c.n, i))
			continue
		}
		b.requests = append(b.requests, draw(c.rng, p, c.n, i, c.end, i == count-1))
	}
	if c.end == endCut && c.tls != nil && c.tls.bare {
		b.requests[count-1].status = noAnswer // to what may have been cut by somebody else
	}
	return b
}

func (b *browser) String() string {
	return fmt.Sprintf("HTTP, %d of %d answers to %.60q", b.done, len(b.requests), b.requests[min(b.done, len(b.requests)-1)].raw)
}

// next gives requests: one, or several at once.
func (b *browser) next(dst []byte) []byte {
	for b.sent < len(b.requests) {
		q := &b.requests[b.sent]
		if b.held || q.pause && b.done < b.sent {
			return dst
		}
		if q.expect > 0 {
			b.held = true
			b.sent++
			return append(dst, q.raw[:q.expect]...)
		}
		dst = append(dst, q.raw...)
		if b.sent++; b.c.rng.IntN(3) == 0 {
			break
		}
	}
	b.c.finDue = b.sent == len(b.requests) && !b.held && (b.c.end == endHalf || b.c.end == endCut)
	return dst
}

// release sends the body that was held back.
func (b *browser) release() {
	if b.held {
		b.held = false
		q := &b.requests[b.sent-1]
		b.c.out = append(b.c.out[:b.c.wrote], q.raw[q.expect:]...) // all before it is written
		b.c.wake(b.c.w.sim.Now())
	}
}

func (b *browser) take(p []byte) {
	for len(p) > 0 {
		if b.done == len(b.requests) {
			b.c.fail("surplus", "%.200q follows the last answer", p)
			return
		}
		q := &b.requests[b.done]
		n, ev, err := b.ans.take(p, q)
		if err != "" {
			b.c.fail("answer", "%s", err)
			return
		}
		p = p[n:]
		switch ev {
		case answerContinue:
			b.release()
		case answerDone:
			if b.sent <= b.done {
				b.c.fail("answer", "it comes before the request")
				return
			}
			b.answered(q)
		}
	}
}

// answered goes on to the next request.
func (b *browser) answered(q *request) {
	if b.held && b.sent-1 == b.done {
		b.held = false // it is answered without its body: nothing else of the connection makes sense
		if !q.last {
			b.release()
		}
	}
	b.done++
	b.c.settled = b.c.w.sim.Now()
	b.c.w.stats.Answers++
	if b.sent < len(b.requests) && b.c.writeAt == 0 {
		b.c.writeAt = b.c.settled + b.c.pause()
	}
}

// ended judges the server's FIN.
func (b *browser) ended() {
	c := b.c
	switch {
	case b.ans.begun():
		c.fail("truncated", "FIN in the middle of an answer: %s", b.ans.where())
	case c.w.shutAt != 0: // what was not begun is not answered
	case b.done == len(b.requests) && (b.requests[b.done-1].last || c.fin || c.end == endIdle || c.leaveAt != 0):
	default:
		c.fail("truncated", "FIN after %d of %d answers", b.done, len(b.requests))
	}
}

func (b *browser) waits() string {
	switch {
	case b.done < len(b.requests):
		return fmt.Sprintf("answer %d of %d (%s)", b.done+1, len(b.requests), b.ans.where())
	case b.c.end == endLeave:
		return ""
	}
	return "the server's end"
}

func (b *browser) midway() bool { return b.ans.begun() }

func (b *browser) debt() debt {
	switch {
	case b.done == len(b.requests) && b.requests[b.done-1].last || b.c.fin:
		return answers // the end
	case b.done == b.sent:
		return nothing
	case b.sent == len(b.requests) && b.done == b.sent-1 && b.requests[b.done].limit && !b.ans.begun():
		return byLimits
	}
	return answers
}

func (b *browser) timeout() timeout {
	p, c := b.c.w.plan, b.c
	switch {
	case c.end == endIdle, c.leaveAt != 0 && b.debt() == nothing:
		return timeout{"idle timeout", p.IdleTimeout, p.IdleTimeout, c.sentAt, false}
	case c.end == endSlowHead:
		return timeout{"header timeout", p.ReadHeaderTimeout, p.ReadHeaderTimeout, c.beganAt, false}
	case c.end == endSlowBody:
		return timeout{"body timeout", bodyGrace, 2 * bodyGrace, c.beganAt, false}
	}
	return timeout{}
}
