//go:build unix

package fallback

import "syscall"

// send writes what the socket takes. The rest goes out when the poller says that there
// is room again.
func (s *socket) send(bufs [][]byte) {
	total := 0
	for _, b := range bufs {
		total += len(b)
	}
	n, err := s.l.sockets.out.write(s.fd, bufs)
	switch {
	case n == total:
		s.complete(n, nil)
	case err != nil && err != syscall.EAGAIN:
		s.complete(n, err)
	default:
		s.rest = s.l.sockets.stuck(bufs, n)
		if !s.writer {
			s.writer = true
			s.l.spawn(s.write)
		}
	}
}

// write is the goroutine that waits for room, as long as a send is stuck.
func (s *socket) write() {
	err := s.raw.Write(s.writable)
	if err == nil || s.closing.Load() {
		return
	}
	s.l.enter()
	s.writer = false
	if s.rest != nil && !s.closing.Load() {
		s.unstick(err)
	}
	s.l.leave()
}

// writable is called at the beginning of RawConn.Write and after each edge.
func (s *socket) writable(uintptr) (done bool) {
	s.l.enter()
	s.flush()
	more := s.l.turns(guestBudget) // may bring the next send
	s.writer = s.rest != nil
	done = !s.writer
	s.l.mu.Unlock()
	s.l.settle(more)
	return done
}

// flush writes more of the send that got stuck.
func (s *socket) flush() {
	if s.rest == nil {
		return
	}
	n, err := s.l.sockets.out.write(s.fd, s.rest.left)
	s.rest.advance(n)
	if len(s.rest.left) == 0 {
		s.unstick(nil)
	} else if err != nil && err != syscall.EAGAIN {
		s.unstick(err)
	}
}

// unstick completes the send that got stuck.
func (s *socket) unstick(err error) {
	r := s.rest
	s.rest = nil
	s.complete(r.n, err)
	s.l.sockets.drop(r)
}

// advance skips n bytes that went out.
func (r *sending) advance(n int) {
	r.n += n
	for len(r.left) > 0 && n >= len(r.left[0]) {
		n -= len(r.left[0])
		r.left = r.left[1:]
	}
	if n > 0 {
		r.left[0] = r.left[0][n:]
	}
}

// socketState is what the sockets of a loop share. Guarded by the loop's mutex.
type socketState struct {
	out   gather
	spare []*sending
	probes
}

// stuck keeps a copy of bufs without the first n bytes.
func (st *socketState) stuck(bufs [][]byte, n int) *sending {
	var r *sending
	if k := len(st.spare); k > 0 {
		r = st.spare[k-1]
		st.spare = st.spare[:k-1]
	} else {
		r = new(sending)
	}
	r.left = r.bufs[:copy(r.bufs[:], bufs)]
	r.advance(n)
	return r
}

func (st *socketState) drop(r *sending) {
	*r = sending{}
	st.spare = append(st.spare, r)
}
