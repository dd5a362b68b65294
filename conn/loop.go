package conn

import (
	"io"
	"runtime"
	"slices"

	"github.com/ringwire/ringwire/internal/flight"
	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"
)

// pageSize is how many connections are laid out together: growing never moves one.
const (
	pageShift = 6
	pageSize  = 1 << pageShift
)

// Stats count what has happened on a loop since it began.
type Stats struct {
	Open          int    // connections now, parked ones included
	Parked        int    // of those, accepted above MaxConns and not served
	Outgoing      int    // of Open, begun by this side
	Accepted      uint64 // connections that peers have begun
	Adopted       uint64 // connections that this side has begun
	AcceptErrors  uint64 // times accepting failed
	ReceivedBytes uint64
	SentBytes     uint64
	WriteTimeouts uint64 // connections closed because the peer stopped reading

	Handshakes      uint64 // of TLS, that succeeded
	Resumed         uint64 // of those, from a session ticket
	HandshakeErrors uint64 // that failed: refused, cut, too slow
	Plaintext       uint64 // of those, peers that do not speak TLS
	HandedOver      uint64 // handshakes that were left to a Handshakers' goroutine

	Ticks       uint64            // of all tickers, that were run
	LateTicks   uint64            // of those, that began later than TickConfig.LateAfter
	MissedTicks uint64            // that were not run because their time had passed
	Overruns    [NumPhases]uint64 // times that a phase took longer than its budget
}

// Loop serves the connections of one driver. Its methods are for the loop's own
// goroutine, but for Post and Stop.
type Loop struct {
	drv Driver
	cfg Config
	now int64
	log *flight.Log // the driver's, or one of our own

	pages  [][]Conn
	dirty  []uint32 // connections that Turn has to look at
	parked []uint32 // accepted above the limit, in order of arrival
	wheel  wheel
	trim   trimmer
	rest   rester
	ticks  ticking
	views  [MaxSendBufs][]byte

	kept, output *mem.Account // of cfg.Alloc
	lent         *mem.Account // likewise, in checking builds: see give

	tls      *tls.Loop         // nil: no TLS for who comes
	clients  []clientEngine    // for whom we call
	secures  *mem.Pool[secure] // nil until it is needed
	hellos   []uint32          // connections whose handshake is to begin, in order of arrival
	shakings int               // handshakes that have begun

	stats    Stats
	shutting bool
	stopped  bool // the driver was: it closes what we have not
}

// NewLoop returns a loop that is ready for Listen and Run.
func NewLoop(cfg Config) *Loop {
	l := &Loop{drv: cfg.Driver, cfg: cfg.withDefaults(), now: cfg.Driver.Now()}
	l.log = logOf(cfg.Driver)
	l.wheel.tick = l.now >> tickShift
	l.kept, l.output = l.cfg.Alloc.Account("kept input"), l.cfg.Alloc.Account("output")
	l.rest.above = restAbove
	if l.cfg.TLS != nil {
		l.tls = l.cfg.TLS.NewLoop(l.cfg.Alloc)
	}
	if mem.Checking {
		l.lent = l.cfg.Alloc.Account("lent input")
	}
	return l
}

// Driver returns the loop's driver, for Listen and its kind.
func (l *Loop) Driver() Driver { return l.drv }

// Alloc is the loop's memory.
func (l *Loop) Alloc() *mem.Allocator { return l.cfg.Alloc }

// Now is the loop's time in nanoseconds, constant during a turn.
func (l *Loop) Now() int64 {
	l.enter() // a posted task comes without a callback
	return l.now
}

// Stats returns the counters as they stand.
func (l *Loop) Stats() Stats { return l.stats }

// Run serves until Stop. It runs once.
func (l *Loop) Run() error {
	if mem.Checking && l.drv.Name() == "uring" {
		// The one driver that stays on a thread, and so one whose memory can be watched for others.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		l.cfg.Alloc.Own()
		defer l.cfg.Alloc.Disown()
	}
	return l.drv.Run(l)
}

// Stop aborts what is open and makes Run return. Safe from any goroutine.
func (l *Loop) Stop() { l.drv.Stop() }

// Post runs t on the loop soon; false means that the loop has stopped. Safe from any goroutine.
func (l *Loop) Post(t Task) bool { return l.drv.Post(t) }

// Shutdown stops accepting, asks every connection for an orderly end, and makes Run
// return when the last is gone. Tickers stop at once.
func (l *Loop) Shutdown() {
	if l.shutting {
		return
	}
	l.shutting = true
	l.drv.StopAccept()
	l.ticks.stop()
	for _, page := range l.pages {
		for i := range page {
			c := &page[i]
			if plant.On(plant.DrainForgets) && i%8 == 7 {
				continue
			}
			switch c.state {
			case parked:
				c.teardown()
			case open:
				c.handler.OnShutdown(c)
			}
		}
	}
	l.stopWhenEmpty()
}

func (l *Loop) stopWhenEmpty() {
	if l.shutting && l.stats.Open == 0 {
		l.drv.Stop()
	}
}

// ShuttingDown reports whether Shutdown was called.
func (l *Loop) ShuttingDown() bool { return l.shutting }

func (l *Loop) conn(id uint32) *Conn { return &l.pages[id>>pageShift][id&(pageSize-1)] }

// Opened implements Events.
func (l *Loop) Opened(id uint32) {
	l.enter()
	c := l.seat(id)
	l.stats.Accepted++
	switch serving := l.came() - l.stats.Parked; {
	case l.shutting:
		l.stats.Parked++
		c.teardown()
	case serving > l.cfg.MaxConns && !(plant.On(plant.OneTooMany) && serving == l.cfg.MaxConns+1):
		l.stats.Parked++
		l.parked = append(l.parked, id)
	default:
		l.serve(c)
	}
	if l.came() >= l.cfg.MaxConns {
		l.drv.PauseAccept()
	}
}

// seat makes the Conn of a new id.
func (l *Loop) seat(id uint32) *Conn {
	for int(id>>pageShift) >= len(l.pages) {
		l.pages = append(l.pages, make([]Conn, pageSize))
	}
	c := l.conn(id)
	*c = Conn{loop: l, id: id, state: parked}
	c.out.InitFor(l.output, l.cfg.OutputChunk)
	l.stats.Open++
	return c
}

// came is the number of open connections that peers have begun.
func (l *Loop) came() int { return l.stats.Open - l.stats.Outgoing }

func (l *Loop) serve(c *Conn) {
	c.state = open
	if l.tls != nil {
		c.handler = greeter{} // until the handshake is over
		l.secured(c)
	} else {
		c.handler = l.cfg.Accept(c)
	}
	c.receive()
}

// unpark serves who waited longest, now that another connection has ended.
func (l *Loop) unpark() {
	if l.stopped {
		return
	}
	for len(l.parked) > 0 && l.came()-l.stats.Parked < l.cfg.MaxConns && !plant.On(plant.NextNotServed) {
		c := l.conn(l.parked[0])
		l.parked = l.parked[:copy(l.parked, l.parked[1:])]
		if c.state == parked {
			l.stats.Parked--
			l.serve(c)
			return
		}
	}
	if l.came() < l.cfg.MaxConns && !l.shutting {
		l.drv.ResumeAccept()
	}
}

// Received implements Events.
func (l *Loop) Received(id uint32, p []byte) {
	l.enter()
	l.stats.ReceivedBytes += uint64(len(p))
	c := l.conn(id)
	if c.state != open {
		c.surplus()
		return // closing: read only so that the peer's bytes do not cause a reset
	}
	if c.sec != nil {
		l.receivedSealed(c, p)
		return
	}
	l.receivedPlain(c, p)
}

// receivedPlain takes bytes for the handler of an open connection.
func (l *Loop) receivedPlain(c *Conn, p []byte) {
	if (c.spill.len() > 0 || c.has(paused)) && !(plant.On(plant.InputOvertakes) && !c.has(paused)) {
		c.spill.add(l.kept, p)
		c.deliver()
		return
	}
	n := c.give(p)
	switch {
	case n == len(p):
	case c.state == open:
		c.spill.add(l.kept, p[n:])
		c.choke()
	default:
		c.surplus()
	}
}

// deliver gives the handler what is kept.
func (c *Conn) deliver() {
	c.flags &^= redeliver
	if c.state != open || c.spill.len() == 0 {
		return
	}
	if c.has(paused) {
		c.choke()
		return
	}
	if plant.On(plant.LeaseTwice) {
		c.spill.lease.Release()
	}
	c.spill.discard(c.give(c.spill.bytes()))
	if c.state == open {
		c.choke()
	}
}

// choke stops receiving while too much is kept, and goes on when it has been read.
func (c *Conn) choke() {
	full := c.spill.len() >= c.loop.cfg.MaxPending
	switch {
	case full && !c.has(choked):
		c.flags |= choked
		c.loop.drv.Pause(c.id)
	case !full && c.has(choked) && !plant.On(plant.ReceiveNotResumed):
		c.flags &^= choked
		c.receive()
	}
}

// Ended implements Events.
func (l *Loop) Ended(id uint32, err error) {
	l.enter()
	c := l.conn(id)
	if c.sec != nil {
		l.endedSealed(c, err)
		return
	}
	c.flags |= ended
	l.endedOpen(c, err)
}

// endedOpen takes the end of the input.
func (l *Loop) endedOpen(c *Conn, err error) {
	switch {
	case c.state == lingering:
		c.teardown()
	case plant.On(plant.HalfCloseIsClose):
		c.fail(err)
	case c.state == parked || err != io.EOF && c.state != open:
		c.fail(err)
	case c.state == open && c.flags&(paused|redeliver) != 0 && (err == io.EOF || err == tls.ErrTruncated):
		c.flags |= endDue // until Resume, or until what is kept has been given again
	case c.state == open:
		c.tellEnd(err)
	}
}

// tellEnd tells the handler of the input's end.
func (c *Conn) tellEnd(err error) {
	c.handler.OnEnd(c, err)
	switch {
	case err == io.EOF:
	case err == tls.ErrTruncated:
		c.closeFor(err) // the peer may still read what it has asked for
	default:
		c.fail(err)
	}
}

// Leaks reports what the loop's connections have not given back, once it has ended.
func (l *Loop) Leaks() error {
	if l.secures == nil {
		return nil
	}
	return l.secures.Close()
}

// Sent implements Events.
func (l *Loop) Sent(id uint32, n int, err error) {
	l.enter()
	c := l.conn(id)
	l.stats.SentBytes += uint64(n)
	c.flags &^= sending
	c.writeAt = 0
	c.sendable().Segments().Discard(n)
	if err != nil {
		c.fail(err)
		return
	}
	if (c.unsent() > 0 && !plant.On(plant.SendNotResumed)) || c.state != open {
		c.mark()
	}
	if c.has(high) && c.out.Len() <= l.cfg.LowWater && c.state == open && !plant.On(plant.DrainNotTold) {
		c.flags &^= high
		c.handler.OnDrain(c)
	}
}

// Closed implements Events.
func (l *Loop) Closed(id uint32) {
	l.enter()
	c := l.conn(id)
	l.wheel.remove(l, c)
	if c.state != closing {
		l.stopped = true // under us
		if c.err == nil {
			c.err = ErrStopped
		}
	}
	c.state = closing
	if c.handler != nil {
		c.handler.OnClose(c, c.err)
	} else {
		l.stats.Parked--
		if i := slices.Index(l.parked, id); i >= 0 {
			l.parked = slices.Delete(l.parked, i, i+1) // its slot's next must queue up at the end
		}
	}
	if c.sec != nil {
		l.dropSecure(c)
	}
	c.out.Release()
	c.spill.release()
	if c.has(outgoing) {
		l.stats.Outgoing--
	}
	// The dirty list may still name this slot: a later connection in it is then
	// looked at once for nothing.
	*c = Conn{loop: l, id: id}
	l.stats.Open--
	l.unpark()
	l.stopWhenEmpty()
}

// AcceptFailed implements Events.
func (l *Loop) AcceptFailed(err error) {
	l.stats.AcceptErrors++
	if l.cfg.AcceptFailed != nil {
		l.cfg.AcceptFailed(err)
	}
}

// Turn implements Events.
func (l *Loop) Turn(now int64) int64 {
	l.now = now
	l.runTicks()
	l.wheel.advance(l, now, due)
	var greet int64
	if len(l.hellos) > 0 {
		greet = l.greet()
	}
	// Redelivery can mark connections again, its own included: the list grows while
	// it is worked through, and every connection is looked at as often as it was marked.
	for i := 0; i < len(l.dirty); i++ {
		c := l.conn(l.dirty[i])
		if !c.has(dirty) {
			continue
		}
		c.flags &^= dirty
		if c.has(opening) {
			c.announce()
		}
		if c.has(redeliver) {
			c.deliver()
		}
		if c.flags&(endDue|redeliver|paused) == endDue {
			c.flags &^= endDue
			if c.state == open {
				c.tellEnd(c.endOfInput())
			}
		}
		c.flush()
	}
	l.dirty = l.dirty[:0]
	l.cfg.Alloc.Collect()
	if len(l.hellos) == 0 || l.shakings >= l.cfg.MaxHandshakes {
		greet = 0 // what follows wakes us
	}
	return earlier(earlier(greet, l.ticks.next(now)), earlier(l.wheel.next(), earlier(l.trimWhenIdle(), l.restIdle())))
}

// enter refreshes the loop's time at the beginning of a callback.
func (l *Loop) enter() { l.now = l.drv.Now() }

// flush starts a send if there is output and none in flight, and ends a connection
// whose last output has gone.
func (c *Conn) flush() {
	if c.state == flushing && c.spill.len() > 0 {
		c.surplus()
		c.spill.release() // not in Close: the handler may be reading it then
	}
	if c.has(sending) || c.state < open || c.state == closing {
		return
	}
	if c.sec != nil {
		c.sealOutput()
	}
	if c.sendable().Len() > 0 {
		c.send()
		return
	}
	if c.state == flushing {
		c.finish()
	}
}

func (c *Conn) send() {
	l := c.loop
	views := c.sendable().Segments().Views(l.views[:0], MaxSendBufs)
	total := 0
	for i, v := range views {
		if total += len(v); total >= l.cfg.MaxSend {
			views[i] = v[:len(v)-(total-l.cfg.MaxSend)]
			views = views[:i+1]
			break
		}
	}
	c.flags |= sending
	c.writeAt = l.now + int64(l.cfg.WriteTimeout)
	if plant.On(plant.StallNotTimed) {
		c.writeAt = 0
	}
	c.arm()
	l.drv.Send(c.id, views)
}

// finish ends a connection whose output is out.
func (c *Conn) finish() {
	if !c.has(linger) || c.has(ended) || plant.On(plant.LingerForgotten) {
		c.teardown()
		return
	}
	c.state = lingering
	c.loop.drv.CloseWrite(c.id)
	c.SetDeadline(c.loop.now + int64(c.loop.cfg.LingerTimeout))
}
