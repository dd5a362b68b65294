package conntest

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// patience is how long a Peer over a real connection waits for a byte before it says
// that there is none.
const patience = 300 * time.Microsecond

// netPeer makes a Peer of a net.Conn.
type netPeer struct{ c net.Conn }

// NewPeer makes a Peer of c.
func NewPeer(c net.Conn) Peer { return netPeer{c} }

func (p netPeer) Write(b []byte) (int, error) {
	_ = p.c.SetWriteDeadline(time.Now().Add(patience))
	n, err := p.c.Write(b)
	return n, ignoreTimeout(err)
}

func (p netPeer) Read(b []byte) (int, error) {
	_ = p.c.SetReadDeadline(time.Now().Add(patience))
	n, err := p.c.Read(b)
	return n, ignoreTimeout(err)
}

func ignoreTimeout(err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return err
}

func (p netPeer) CloseWrite() error {
	if h, ok := p.c.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return errors.ErrUnsupported
}

func (p netPeer) Close() error { return p.c.Close() }

func (p netPeer) Reset() {
	if t, ok := p.c.(*net.TCPConn); ok {
		_ = t.SetLinger(0)
	}
	_ = p.c.Close()
}

func (p netPeer) LocalAddr() netip.AddrPort {
	if t, ok := p.c.LocalAddr().(*net.TCPAddr); ok {
		ap := t.AddrPort()
		return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
	}
	return netip.AddrPort{}
}

// pipeListener accepts the ends of net.Pipe.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once

	mu       sync.Mutex
	failures int
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (ln *pipeListener) fail(n int) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	ln.failures = n
}

func (ln *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-ln.conns:
		ln.mu.Lock()
		defer ln.mu.Unlock()
		if ln.failures > 0 {
			ln.failures--
			go func() { // back to the backlog
				select {
				case ln.conns <- c:
				case <-ln.done:
					_ = c.Close()
				}
			}()
			return nil, &net.OpError{Op: "accept", Net: "pipe", Err: os.NewSyscallError("accept", syscall.EMFILE)}
		}
		return c, nil
	case <-ln.done:
		return nil, net.ErrClosed
	}
}

func (ln *pipeListener) dial() (net.Conn, error) {
	server, client := net.Pipe()
	select {
	case ln.conns <- server:
		return client, nil
	case <-ln.done:
		return nil, syscall.ECONNREFUSED
	case <-time.After(5 * time.Second):
		return nil, os.ErrDeadlineExceeded
	}
}

func (ln *pipeListener) Close() error {
	ln.once.Do(func() { close(ln.done) })
	return nil
}

func (ln *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
