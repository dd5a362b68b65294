package fallback

import (
	"net"
	"sync"
)

const (
	smallBuffer = 4 << 10  // what an idle connection of the portable path holds
	largeBuffer = 64 << 10 // what one with much to receive borrows
)

// stream is the portable path: any net.Conn, by blocking calls on goroutines of its own.
type stream struct {
	conn
	wg sync.WaitGroup // reader and writer

	mu       sync.Mutex
	cond     sync.Cond // one of these changed:
	wantRead bool
	job      [][]byte // to be written; nil = nothing
	over     bool

	writer bool                // the writer runs; guarded by the loop's mutex
	bufs   [maxSendBufs][]byte // of job
}

func newStream(l *Loop, nc net.Conn) *conn {
	s := new(stream)
	s.l, s.nc, s.io = l, nc, s
	s.cond.L = &s.mu
	return &s.conn
}

func (s *stream) start() { s.launch(s.read) }

func (s *stream) launch(f func()) {
	s.wg.Add(1)
	s.l.spawn(func() {
		defer s.wg.Done()
		f()
	})
}

func (s *stream) receive() { s.want(true) }
func (s *stream) pause()   { s.want(false) }
func (s *stream) woke()    {}
func (s *stream) work()    {}

func (s *stream) want(read bool) {
	s.mu.Lock()
	s.wantRead = read
	s.mu.Unlock()
	s.cond.Broadcast()
}

// read is the goroutine that receives.
func (s *stream) read() {
	small := make([]byte, smallBuffer)
	buf := small
	for s.awaitReceive() {
		n, err := s.nc.Read(buf)
		s.l.enter()
		s.l.force = true // so that Turn follows
		if n > 0 && !s.closing.Load() {
			s.received(buf[:n])
		}
		if err != nil && !s.closing.Load() {
			s.end(err)
		}
		s.l.leave()
		if err != nil {
			return
		}
		switch {
		case n < smallBuffer:
			buf = small
		case n == len(buf) && len(buf) == smallBuffer:
			buf = make([]byte, largeBuffer)
		}
	}
}

// awaitReceive waits while receiving is paused. False means that it is over.
func (s *stream) awaitReceive() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for !s.wantRead && !s.over {
		s.cond.Wait()
	}
	return !s.over
}

func (s *stream) send(bufs [][]byte) {
	if !s.writer {
		s.writer = true
		s.launch(s.write)
	}
	s.mu.Lock()
	s.job = s.bufs[:0]
	for _, b := range bufs {
		if len(b) > 0 { // an empty write may block: net.Pipe's does
			s.job = append(s.job, b)
		}
	}
	s.mu.Unlock()
	s.cond.Broadcast()
}

// write is the goroutine that sends.
func (s *stream) write() {
	for {
		bufs := s.awaitJob()
		if bufs == nil {
			return
		}
		n, err := bufs.WriteTo(s.nc)
		clear(s.bufs[:])
		s.l.enter()
		if !s.closing.Load() {
			s.complete(int(n), err)
		}
		s.l.leave()
	}
}

// awaitJob waits for something to write. Nil means that it is over.
func (s *stream) awaitJob() net.Buffers {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.job == nil && !s.over {
		s.cond.Wait()
	}
	if s.over {
		return nil
	}
	job := s.job
	s.job = nil
	return job
}

// closeWrite does nothing for a connection that cannot: the peer learns of the end on Close.
func (s *stream) closeWrite() {
	if h, ok := s.nc.(interface{ CloseWrite() error }); ok {
		_ = h.CloseWrite()
	}
}

func (s *stream) close() {
	s.mu.Lock()
	s.over = true
	s.mu.Unlock()
	s.cond.Broadcast()
	s.l.spawn(s.teardown)
}

// teardown closes the connection on a goroutine of its own, because Close may block.
func (s *stream) teardown() {
	_ = s.nc.Close()
	s.wg.Wait()
	s.l.enter()
	s.l.gone.push(&s.conn)
	s.l.leave()
}
