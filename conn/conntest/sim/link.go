package sim

import (
	"hash/maphash"
	"net/netip"
	"syscall"
)

// link is a connection: the driver's end of it, and the two pipes.
type link struct {
	s      *Sim
	id     uint32
	open   bool // Opened was called
	remote netip.AddrPort
	local  netip.AddrPort
	up     pipe  // from the peer
	down   pipe  // to the peer
	near   *Conn // our end, if this side began; else nil

	luck   chances
	way    int64  // how long it takes from one end to the other
	notify func() // tells the peer that there is something to look at; nil = nobody wants to know

	receiving bool
	ended     bool
	recvDue   bool // a receive is scheduled
	taken     bool // and was so before Pause
	finish    bool // CloseWrite was called
	closing   bool
	racing    bool // closing, and the send in flight goes on all the same
	peerShut  bool // the peer closed altogether

	sending bool
	sendDue bool
	left    [][]byte // of the send in flight
	unsent  [][]byte // what left lies in
	whole   [][]byte // all of it
	sum     uint64   // checksum of whole, when Send was called
	sent    int
	sendErr error
}

// wake schedules what the peer's doings make possible.
func (c *link) wake() {
	c.receiveAfter(c.way)
	c.pushAfter(c.way)
}

// tell is the opposite: the driver's doings.
func (c *link) tell() {
	if c.notify != nil {
		c.notify()
	}
}

func (c *link) wakeReceiver() { c.receiveAfter(0) }

func (c *link) receiveAfter(way int64) {
	if c.open && c.receiving && !c.recvDue && !c.closing && c.up.readable() {
		c.recvDue = true
		c.soon(doReceive, way)
	}
}

// receive completes a receive.
func (c *link) receive() {
	s := c.s
	c.recvDue = false
	taken := c.taken
	c.taken = false
	if c.closing || c.ended || !c.up.readable() {
		return
	}
	if !c.receiving && !(taken && c.luck.of(s.cfg.Faults.Afterwards)) {
		return
	}
	switch {
	case c.luck.of(s.cfg.Faults.Stall):
		s.trace("%d out of buffers", c.id)
		c.wakeReceiver()
		return
	case c.luck.of(s.cfg.Faults.Reset):
		c.breakUp()
	}
	buf := s.lent
	if c.luck.of(s.cfg.Faults.ShortRead) {
		buf = buf[:1+c.luck.intN(64)]
	}
	n, err := c.up.read(buf)
	if err != nil {
		c.ended, c.receiving = true, false
		s.trace("%d ended: %v", c.id, err)
		s.ev.Ended(c.id, err)
		return
	}
	s.trace("%d received %d", c.id, n)
	c.tell()
	s.ev.Received(c.id, buf[:n])
	for i := range buf[:n] {
		buf[i] = 0xDB // it was lent
	}
	c.wakeReceiver()
}

// breakUp resets the connection in both directions. Bytes that were not read may be lost.
func (c *link) breakUp() {
	c.s.trace("%d reset", c.id)
	c.up.reset, c.down.reset = true, true
	if c.luck.intN(2) == 0 {
		c.up.data = nil
	}
	c.down.data = nil
	c.tell()
}

func (c *link) wakeSender() { c.pushAfter(0) }

func (c *link) pushAfter(way int64) {
	stuck := c.down.room() == 0 && !c.down.reset && !c.down.gone
	if c.sending && !c.sendDue && (!c.closing || c.racing) && (!stuck || len(c.left) == 0 || c.sendErr != nil) {
		c.sendDue = true
		c.soon(doPush, way)
	}
}

// push moves bytes of the send in flight to the peer. When they are out, it
// is called once more to report it, so that Sent comes later than the bytes.
func (c *link) push() {
	c.sendDue = false
	if c.closing && (!c.racing || len(c.left) == 0 || c.sendErr != nil) {
		return
	}
	if len(c.left) == 0 || c.sendErr != nil {
		c.reportSent()
		return
	}
	if c.luck.of(c.s.cfg.Faults.Reset) {
		c.breakUp()
		c.wakeReceiver()
	}
	for len(c.left) > 0 {
		b := c.left[0]
		short := c.luck.of(c.s.cfg.Faults.ShortWrite)
		if short && len(b) > 1 {
			b = b[:1+c.luck.intN(len(b)-1)]
		}
		n, err := c.down.write(b)
		c.sent += n
		if c.sendErr = err; err != nil {
			break
		}
		if c.left[0] = c.left[0][n:]; len(c.left[0]) == 0 {
			c.left = c.left[1:]
		}
		if short || n < len(b) {
			break
		}
	}
	if c.peerShut && c.sent > 0 && !c.up.reset {
		c.breakUp() // a closed socket answers bytes with RST
		c.wakeReceiver()
	}
	if c.racing = false; c.sent > 0 || c.sendErr != nil {
		c.tell()
	}
	c.wakeSender()
}

func (c *link) reportSent() {
	if checksum(c.whole) != c.sum {
		c.s.blame("the bytes of a send changed before Sent(%d)", c.id)
	}
	n, err := c.sent, c.sendErr
	c.sending, c.left, c.whole, c.sent, c.sendErr = false, nil, c.whole[:0], 0, nil
	if c.finish && err == nil {
		c.down.fin = true
		c.tell()
	}
	c.s.trace("%d sent %d, %v", c.id, n, err)
	c.s.ev.Sent(c.id, n, err)
}

// closed ends the link for the driver.
func (c *link) closed() {
	s, id := c.s, c.id
	if c.sending && checksum(c.whole) != c.sum {
		s.blame("the bytes of a send changed before Closed(%d)", id)
	}
	c.shut()
	s.trace("%d closed", id)
	s.ev.Closed(id)
	s.links[id] = nil
	s.free = append(s.free, id)
}

// shut is the driver's close: what the system does to the peer.
func (c *link) shut() {
	switch {
	case len(c.up.data) > 0 && !c.down.reset:
		c.down.reset, c.down.data = true, nil // as TCP does when bytes were not read
		c.up.reset = true
	default:
		c.down.fin = true
		c.up.gone = true
	}
	c.up.data = nil
	c.tell()
}

func checksum(bufs [][]byte) (sum uint64) {
	for _, b := range bufs {
		sum = sum*31 + maphash.Bytes(checksumSeed, b)
	}
	return sum
}

var checksumSeed = maphash.MakeSeed()

func portOf(n uint64) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 1}), uint16(n))
}

var serverAddr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, 2}), 80)

// errTooMany is what accepting fails with.
var errTooMany error = syscall.EMFILE
