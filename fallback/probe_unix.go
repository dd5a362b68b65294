//go:build unix

package fallback

// probeTick is how often silent sockets are looked at, in nanoseconds. The end of a
// stream that came together with its last bytes is seen one to two ticks later.
const probeTick = 5e6

// probes is the list of the sockets that were read from lately. A read that does not fill
// the buffer has drained the socket, but if the peer's FIN or RST was there already, then no
// edge will tell of it: the poller has reported it together with the bytes. So a socket that
// brings nothing for a whole tick after such a read is read from once more. One that is busy
// pays nothing; net.Conn.Read would pay a read that finds nothing for each that finds
// something.
type probes struct {
	list []*socket
	tick uint32
	next int64 // when the tick ends; 0 = the list is empty
}

// watch notes a read that did not fill the buffer.
func (p *probes) watch(s *socket) {
	s.lastRead = p.tick
	if s.quiet {
		return
	}
	s.quiet = true
	p.list = append(p.list, s)
	if p.next == 0 {
		p.next = s.l.now + probeTick
	}
}

func (p *probes) nextProbe() int64 { return p.next }

// probe ends the tick if it is time, and queues a read for each socket that was silent in it.
func (p *probes) probe(l *Loop) {
	if p.next == 0 || l.now < p.next {
		return
	}
	keep := p.list[:0]
	for _, s := range p.list {
		switch {
		case s.closing.Load() || !s.receiving: // Receive will read
			s.quiet = false
		case s.lastRead == p.tick:
			keep = append(keep, s)
		default:
			s.quiet = false
			s.receive()
		}
	}
	clear(p.list[len(keep):])
	p.list = keep
	p.tick++
	p.next = 0
	if len(keep) > 0 {
		p.next = l.now + probeTick
	}
}
