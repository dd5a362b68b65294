package sim

import (
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"
)

// Peer is the other end of a connection: a client. Its methods never block and must not be
// called from callbacks. Bytes move when the simulation is stepped.
type Peer struct {
	c      *link
	closed bool
}

// Dial connects a new client. It lands in the backlog, as with real sockets, also when
// nobody accepts; after StopAccept it finds the connection reset.
func (s *Sim) Dial() *Peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ports++
	return s.dial(s.ports)
}

// DialAs is Dial by somebody with a key of his own: whatever others do, the network treats two that dial
// with the same key alike, in two runs of one seed. Keys must differ.
func (s *Sim) DialAs(key uint64) *Peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dial(key)
}

func (s *Sim) dial(key uint64) *Peer {
	c := s.newLink(key)
	if s.deaf {
		c.up.reset, c.down.reset = true, true
		return &Peer{c: c}
	}
	s.backlog = append(s.backlog, c)
	s.wakeAcceptor(0)
	return &Peer{c: c}
}

// FailAccepts makes the next accepts fail with errs, one after the other.
func (s *Sim) FailAccepts(errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failAccepts = append(s.failAccepts, errs...)
}

// OnChange has f called when there may be something to read, or room to write. It runs in the middle of a
// turn: it may note that, and what time it is, and do nothing else.
func (p *Peer) OnChange(f func()) { p.c.notify = f }

// Way is how long bytes are on their way: see Config.Delay.
func (p *Peer) Way() time.Duration { return time.Duration(p.c.way) }

// LocalAddr is the peer's address: what the driver calls RemoteAddr.
func (p *Peer) LocalAddr() netip.AddrPort { return p.c.remote }

// Write sends as much of b as there is room for: n may be 0.
func (p *Peer) Write(b []byte) (n int, err error) {
	p.c.s.mu.Lock()
	defer p.c.s.mu.Unlock()
	if p.closed {
		return 0, net.ErrClosed
	}
	p.c.near.settle()
	n, err = p.c.up.write(b)
	p.c.wake()
	return n, err
}

// Read reads what has come. n = 0 without an error means nothing so far.
func (p *Peer) Read(b []byte) (n int, err error) {
	p.c.s.mu.Lock()
	defer p.c.s.mu.Unlock()
	if p.closed {
		return 0, net.ErrClosed
	}
	p.c.near.settle()
	n, err = p.c.down.read(b)
	p.c.wake()
	return n, err
}

// CloseWrite half-closes: the driver sees io.EOF after the bytes.
func (p *Peer) CloseWrite() error {
	p.c.s.mu.Lock()
	defer p.c.s.mu.Unlock()
	if p.c.up.reset {
		return syscall.ENOTCONN
	}
	p.c.up.fin = true
	p.c.wake()
	return nil
}

// Close closes altogether. The driver sees io.EOF, and a reset when it sends; a reset at
// once if bytes for the peer were not read.
func (p *Peer) Close() error {
	p.c.s.mu.Lock()
	defer p.c.s.mu.Unlock()
	if p.closed {
		return net.ErrClosed
	}
	p.closed = true
	p.c.peerShut = true
	p.c.up.fin = true
	if len(p.c.down.data) > 0 {
		p.c.breakUp()
	}
	p.c.down.data = nil
	p.c.wake()
	return nil
}

// Reset breaks the connection: the driver sees ECONNRESET.
func (p *Peer) Reset() {
	p.c.s.mu.Lock()
	defer p.c.s.mu.Unlock()
	p.closed = true
	p.c.breakUp()
	p.c.wake()
}

// listener is what servers that want a net.Listener can be given.
type listener struct {
	once sync.Once
	done chan struct{}
}

// NewListener makes a listener to hand to Listen, directly or through a server. Its
// Accept brings nothing and ends on Close.
func (s *Sim) NewListener() net.Listener { return &listener{done: make(chan struct{})} }

func (ln *listener) Accept() (net.Conn, error) {
	<-ln.done
	return nil, net.ErrClosed
}

func (ln *listener) Close() error {
	err := net.ErrClosed
	ln.once.Do(func() { close(ln.done); err = nil })
	return err
}

func (ln *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(serverAddr) }
