package world

import "time"

// grace is what may lie between a timeout and its being seen: the wheel's two ticks, completions that are
// late, and the way.
func (c *client) grace() time.Duration {
	d := 20*time.Millisecond + 2*c.peer.Way()
	if c.got == 0 {
		d += 100 * time.Millisecond // all come at once, and are accepted one by one
	}
	if c.w.plan.Faults.Late > 0 {
		d += 200 * time.Millisecond
	}
	return d
}

// patience is how long a client waits for something that the server owes it, and that no timeout ends. Where
// only some are served at a time, the others may have to wait for all the timeouts of those.
func (c *client) patience() time.Duration {
	p := c.w.plan
	d := 20*time.Second + p.ReadHeaderTimeout + p.IdleTimeout + p.WriteTimeout
	if p.MaxConns > 0 {
		d *= time.Duration(2 + len(c.w.clients)/p.MaxConns)
	}
	return d
}

// wait says when to look next, if nothing happens until then, and judges that nothing did.
func (c *client) wait(now int64) {
	if c.writeAt > now {
		c.wake(c.writeAt)
	}
	if c.leaveAt != 0 {
		c.wake(c.leaveAt)
	}
	if c.readAt != 0 {
		c.wake(c.readAt)
	}
	limit, rule := c.limit()
	since := max(c.gotAt, c.sentAt, c.dialedAt)
	if c.speak.debt() != answers {
		since = max(c.settled, c.sentAt)
	}
	if c.tls != nil && c.tls.silent() {
		since, limit, rule = c.tls.limit()
	}
	at := since + int64(limit)
	switch {
	case now <= at || c.leaveAt != 0:
		c.wake(max(at, now) + 1)
	case c.deaf && (c.tls == nil || !c.tls.silent()):
		c.deaf, c.woke = false, true
		if c.read(now); !c.over {
			c.wake(now + int64(c.grace()))
		}
	default:
		c.fail(rule, "nothing has happened for %v; waits for %s, and was sent %d bytes", time.Duration(now-since), c.speak.waits(), c.got)
	}
}

// limit is how long nothing may happen, and the rule that says so.
func (c *client) limit() (time.Duration, string) {
	p := c.w.plan
	switch served := c.got > 0 || p.MaxConns == 0 && p.Faults.Accept == 0; {
	case c.deaf:
		return p.WriteTimeout + c.grace(), ""
	case c.woke:
		return c.grace(), "write timeout"
	case !served || c.unwritten():
	default:
		if t := c.speak.timeout(); t.rule != "" && c.speak.debt() != answers {
			return t.most + c.grace(), t.rule
		}
	}
	return c.patience(), "waits in vain"
}

// timeout is one of the server's: it closes when nothing has happened for so long.
type timeout struct {
	rule        string
	least, most time.Duration // most counts from the last byte that was written, or whole answer
	since       int64         // when least begins, at the earliest
	abrupt      bool          // the connection is given up, without a word
}

// bodyGrace is how long a server looks at a body before it judges its rate: ringwire's.
const bodyGrace = 5 * time.Second

// judgeEnd looks whether the server's FIN came in time, and not before.
func (c *client) judgeEnd(now int64) {
	if c.w.shutAt != 0 {
		c.judgeDrain(now)
		return
	}
	t := c.speak.timeout()
	if d := time.Duration(now - t.since); d < t.least {
		c.fail("too early", "the server closes after %v, its %s is %v", d, t.rule, t.least)
	}
}

// judgeDrain looks whether a connection that was idle when the drain began was closed with it.
func (c *client) judgeDrain(now int64) {
	idle := max(c.settled, c.sentAt) < c.w.shutAt-int64(c.grace())
	most := c.grace()
	if c.tls != nil {
		most += longestPause // it may think between close_notify and FIN
	}
	if late := time.Duration(now - c.w.shutAt); idle && c.speak.debt() == nothing && late > most {
		c.fail("drain", "an idle connection is closed %v after the drain began", late)
	}
}
