package sim

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"
)

// Conn is this side's end of a connection that nobody has accepted: something for Adopt, and
// for nothing else. Until then it can be closed, from anywhere.
type Conn struct {
	c     *link
	state atomic.Int32
}

const (
	loose int32 = iota
	adopted
	dropped
)

// Connect makes a connection that this side has begun, and its far end.
func (s *Sim) Connect() (*Conn, *Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ports++
	c := s.newLink(s.ports)
	near := &Conn{c: c}
	c.near = near
	return near, &Peer{c: c}
}

// newLink connects the two ends.
func (s *Sim) newLink(key uint64) *link {
	c := &link{s: s, remote: portOf(1024 + key), local: serverAddr, luck: newChances(s.cfg.Seed, key)}
	c.up.limit, c.down.limit = s.cfg.Window, s.cfg.Window
	if d := int(s.cfg.Delay / time.Microsecond); d > 0 {
		c.way = int64(c.luck.intN(d)) * int64(time.Microsecond)
	}
	return c
}

// Adopt takes over what Connect has made. On the loop.
func (s *Sim) Adopt(nc net.Conn) (id uint32, err error) {
	switch near, ok := nc.(*Conn); {
	case s.ev == nil || s.finished:
		return 0, fmt.Errorf("sim: adopt: the loop does not run: %w", net.ErrClosed)
	case !ok || near == nil || near.c.s != s:
		return 0, fmt.Errorf("sim: adopt: %T is not of this simulation: %w", nc, errors.ErrUnsupported)
	case len(s.failAdopts) > 0:
		err, s.failAdopts = s.failAdopts[0], s.failAdopts[1:]
		return 0, err
	case !near.state.CompareAndSwap(loose, adopted):
		return 0, fmt.Errorf("sim: adopt: %w", net.ErrClosed)
	default:
		s.admit(near.c)
		s.trace("%d adopted", near.c.id)
		return near.c.id, nil
	}
}

// FailAdopts makes the next adoptions fail with errs, one after the other.
func (s *Sim) FailAdopts(errs ...error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failAdopts = append(s.failAdopts, errs...)
}

// Close ends a connection that was not adopted. The peer hears of it when it looks: this may be
// called from a callback, which holds the simulation's lock.
func (n *Conn) Close() error {
	if !n.state.CompareAndSwap(loose, dropped) {
		return net.ErrClosed
	}
	return nil
}

// settle does what Close has left undone.
func (n *Conn) settle() {
	if n != nil && n.state.Load() == dropped {
		n.c.shut()
	}
}

// LocalAddr is 192.0.2.2:80, as the driver's.
func (n *Conn) LocalAddr() net.Addr { return tcpAddr(n.c.local) }

// RemoteAddr is the peer's.
func (n *Conn) RemoteAddr() net.Addr { return tcpAddr(n.c.remote) }

func tcpAddr(a netip.AddrPort) net.Addr { return net.TCPAddrFromAddrPort(a) }

// Read and Write are not for simulated connections.
func (n *Conn) Read([]byte) (int, error)  { return 0, syscall.EOPNOTSUPP }
func (n *Conn) Write([]byte) (int, error) { return 0, syscall.EOPNOTSUPP }

// SetDeadline and its kind have nothing to set.
func (n *Conn) SetDeadline(time.Time) error      { return nil }
func (n *Conn) SetReadDeadline(time.Time) error  { return nil }
func (n *Conn) SetWriteDeadline(time.Time) error { return nil }
