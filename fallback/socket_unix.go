//go:build unix

package fallback

import (
	"io"
	"net"
	"syscall"
	"time"
)

// maxReads is how many times one connection may fill the loop's buffer before the
// others get their turn.
const maxReads = 4

// socket is the fast path: a TCP or unix stream socket of the net package. Its
// goroutine only waits for readiness; the reading and writing is done by
// whoever is the loop. The descriptor stays valid outside RawConn's calls because nothing but
// that goroutine closes it, last of all.
type socket struct {
	conn
	raw syscall.RawConn
	fd  int

	attached bool   // the goroutine has begun to wait
	quiet    bool   // in the probe list
	lastRead uint32 // the probe list's tick of the last short read

	writer bool     // a goroutine waits for room in the send buffer
	rest   *sending // what is left of the send in flight; nil unless it got stuck

	closed chan struct{} // see lost
}

// sending is a send that did not go out at once.
type sending struct {
	bufs [maxSendBufs][]byte
	left [][]byte // of bufs
	n    int      // bytes out so far
}

// newSocket makes a connection of the fast path, or nil. The type is asked for exactly: a
// type that embeds *net.TCPConn may have a Read of its own.
func newSocket(l *Loop, nc net.Conn) *conn {
	var sc syscall.Conn
	switch t := nc.(type) {
	case *net.TCPConn:
		sc = t
	case *net.UnixConn:
		if t.LocalAddr().Network() != "unix" {
			return nil
		}
		sc = t
	default:
		return nil
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return nil
	}
	s := &socket{raw: raw, fd: -1}
	if raw.Control(func(fd uintptr) { s.fd = int(fd) }) != nil {
		return nil
	}
	s.l, s.nc, s.io = l, nc, s
	return &s.conn
}

func (s *socket) start() { s.l.spawn(s.run) }

// run is the connection's goroutine.
func (s *socket) run() {
	for !s.closing.Load() {
		_ = s.raw.Read(s.readable)
		if !s.closing.Load() {
			s.lost()
		}
	}
	_ = s.nc.Close() // waits for the writer
	s.l.enter()
	s.l.gone.push(&s.conn)
	s.l.leave()
}

// readable is called at the beginning of RawConn.Read and after each edge.
func (s *socket) readable(uintptr) (done bool) {
	s.l.notify(&s.conn)
	return s.closing.Load()
}

// lost handles a poller that refuses to wait for the socket, which it does when an error
// event came alone. It reads, to find the error, and tries again later.
func (s *socket) lost() {
	s.l.enter()
	if s.closed == nil {
		s.closed = make(chan struct{})
	}
	closed := s.closed
	s.woke()
	s.l.leave()
	if s.closing.Load() {
		return
	}
	t := time.NewTimer(10 * time.Millisecond)
	defer t.Stop()
	select {
	case <-closed:
	case <-t.C:
	}
}

func (s *socket) woke() {
	s.attached = true
	s.receive()
}

// receive queues a read. Before the goroutine has begun to wait that would be in vain:
// its beginning forgets the readiness of before, and a read has to follow it anyway.
func (s *socket) receive() {
	if s.attached && s.receiving && !s.todo {
		s.todo = true
		s.l.todo.push(&s.conn)
	}
}

func (s *socket) pause() {}

func (s *socket) work() {
	for range maxReads {
		if !s.receiving || s.closing.Load() {
			return
		}
		n, err := read(s.fd, s.l.buf)
		switch {
		case err == syscall.EAGAIN:
			return
		case err != nil:
			s.end(err)
			return
		case n == 0:
			s.end(io.EOF)
			return
		}
		s.received(s.l.buf[:n])
		if n < len(s.l.buf) {
			s.l.sockets.watch(s)
			return
		}
	}
	s.receive() // there may be more, and no edge will tell
}

func (s *socket) closeWrite() {
	_ = syscall.Shutdown(s.fd, syscall.SHUT_WR)
}

func (s *socket) close() {
	if s.closed != nil {
		close(s.closed)
	}
	if s.rest != nil {
		s.l.sockets.drop(s.rest)
		s.rest = nil
	}
	if s.l.guest != &s.conn {
		_ = s.nc.SetReadDeadline(longAgo) // ends RawConn.Read
	}
}
