package sim

import (
	"net"
	"net/netip"
)

// maxSendBufs is conn.MaxSendBufs.
const maxSendBufs = 16

// Name is "sim".
func (s *Sim) Name() string { return "sim" }

// Now is the virtual time in nanoseconds.
func (s *Sim) Now() int64 { return s.now }

// Clock is the same: virtual time stands still while code runs.
func (s *Sim) Clock() int64 { return s.now }

// Listen makes Dial's connections arrive. Nothing is accepted from ln itself, which is
// closed as the contract says: see NewListener.
func (s *Sim) Listen(ln net.Listener) error {
	if ln == nil || s.deaf {
		return net.ErrClosed
	}
	s.listeners = append(s.listeners, ln)
	return nil
}

// PauseAccept leaves newcomers in the backlog.
func (s *Sim) PauseAccept() { s.paused = true }

// ResumeAccept undoes PauseAccept.
func (s *Sim) ResumeAccept() {
	s.paused = false
	s.wakeAcceptor(0)
}

// StopAccept closes the listeners; the backlog is reset.
func (s *Sim) StopAccept() {
	s.deaf = true
	for _, ln := range s.listeners {
		_ = ln.Close()
	}
	s.listeners = nil
	for _, c := range s.backlog {
		c.up.reset, c.down.reset = true, true
		c.tell()
	}
	s.backlog = nil
}

func (s *Sim) wakeAcceptor(delay int64) {
	if s.accepting || s.paused || s.deaf || len(s.backlog) == 0 {
		return
	}
	s.accepting = true
	c := s.backlog[0]
	if delay == 0 {
		delay = tick * int64(1+c.luck.intN(5))
	}
	s.at(s.now+delay, event{run: s.accept, order: uint32(c.luck.next() >> 32)})
}

// accept opens the next connection of the backlog, or fails.
func (s *Sim) accept() {
	s.accepting = false
	if s.deaf || len(s.backlog) == 0 {
		return
	}
	if s.paused && !s.backlog[0].luck.of(s.cfg.Faults.Afterwards) { // else it had been accepted before
		return
	}
	if err := s.acceptError(); err != nil {
		s.backoff = min(max(2*s.backoff, minBackoff), maxBackoff)
		s.trace("accept failed: %v", err)
		s.wakeAcceptor(s.backoff)
		s.ev.AcceptFailed(err)
		return
	}
	s.backoff = 0
	c := s.backlog[0]
	s.backlog = s.backlog[1:]
	s.admit(c)
	s.wakeAcceptor(0)
	s.trace("%d opened", c.id)
	s.ev.Opened(c.id)
}

// admit gives c an id.
func (s *Sim) admit(c *link) {
	if n := len(s.free); n > 0 {
		c.id = s.free[n-1]
		s.free = s.free[:n-1]
		s.links[c.id] = c
	} else {
		c.id = uint32(len(s.links))
		s.links = append(s.links, c)
	}
	c.open = true
}

func (s *Sim) acceptError() error {
	if len(s.failAccepts) > 0 {
		err := s.failAccepts[0]
		s.failAccepts = s.failAccepts[1:]
		return err
	}
	if s.backlog[0].luck.of(s.cfg.Faults.Accept) {
		return errTooMany
	}
	return nil
}

// lookup finds an open connection; commands for others are misuse.
func (s *Sim) lookup(command string, id uint32) *link {
	if int(id) >= len(s.links) || s.links[id] == nil {
		s.blame("%s(%d): not open", command, id)
		return nil
	}
	if c := s.links[id]; !c.closing {
		return c
	}
	if command != "Close" && !s.finished { // Stop has closed them behind the user's back
		s.blame("%s(%d) after Close", command, id)
	}
	return nil
}

// Receive starts receiving or goes on.
func (s *Sim) Receive(id uint32) {
	if c := s.lookup("Receive", id); c != nil && !c.ended {
		c.receiving, c.taken = true, false
		c.wakeReceiver()
	}
}

// Pause stops receiving.
func (s *Sim) Pause(id uint32) {
	if c := s.lookup("Pause", id); c != nil && c.receiving {
		c.receiving, c.taken = false, c.recvDue
	}
}

// Send sends bufs as one whole.
func (s *Sim) Send(id uint32, bufs [][]byte) {
	c := s.lookup("Send", id)
	switch {
	case c == nil:
		return
	case c.sending:
		s.blame("Send(%d): one is in flight", id)
		return
	case c.finish:
		s.blame("Send(%d) after CloseWrite", id)
	case len(bufs) > maxSendBufs:
		s.blame("Send(%d) of %d buffers", id, len(bufs))
	}
	c.sending = true
	c.whole = append(c.whole[:0], bufs...)
	c.left = c.unsent[:0]
	for _, b := range bufs {
		if len(b) > 0 {
			c.left = append(c.left, b)
		}
	}
	c.unsent = c.left[:0]
	c.sum = checksum(bufs)
	c.wakeSender()
}

// CloseWrite half-closes after the send in flight.
func (s *Sim) CloseWrite(id uint32) {
	c := s.lookup("CloseWrite", id)
	if c == nil {
		return
	}
	c.finish = true
	if !c.sending {
		c.down.fin = true
		c.tell()
	}
}

// Close tears the connection down.
func (s *Sim) Close(id uint32) {
	c := s.lookup("Close", id)
	if c == nil {
		return
	}
	c.closing = true
	if c.sending && checksum(c.whole) != c.sum {
		s.blame("the bytes of a send changed before Close(%d)", c.id)
	}
	s.trace("%d closes", id)
	if c.sending && c.luck.of(s.cfg.Faults.Race) {
		c.racing = true
		c.wakeSender()
	}
	c.soon(doClosed, 0)
}

// RemoteAddr is 192.0.2.1 with a port for each peer.
func (s *Sim) RemoteAddr(id uint32) netip.AddrPort {
	if int(id) < len(s.links) && s.links[id] != nil && !s.links[id].closing {
		return s.links[id].remote
	}
	return netip.AddrPort{}
}

// LocalAddr is 192.0.2.2:80.
func (s *Sim) LocalAddr(id uint32) netip.AddrPort {
	if int(id) < len(s.links) && s.links[id] != nil && !s.links[id].closing {
		return s.links[id].local
	}
	return netip.AddrPort{}
}

// Post runs t in the next step.
func (s *Sim) Post(t Task) bool {
	s.post.Lock()
	defer s.post.Unlock()
	if s.post.closed {
		return false
	}
	s.post.tasks = append(s.post.tasks, t)
	return true
}

func (s *Sim) posted() bool {
	s.post.Lock()
	defer s.post.Unlock()
	return len(s.post.tasks) > 0
}

func (s *Sim) takePosts() []Task {
	s.post.Lock()
	defer s.post.Unlock()
	tasks := s.post.tasks
	s.post.tasks = nil
	return tasks
}

// closePosts refuses further tasks.
func (s *Sim) closePosts() {
	s.post.Lock()
	defer s.post.Unlock()
	s.post.closed = true
}
