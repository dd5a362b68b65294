//go:build linux

package main

import (
	"net"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// sources spreads the client's end of connections to a loopback server over many addresses of 127.0.0.0/8: a closed
// connection keeps its port in TIME_WAIT for a minute, and one address has 28 000 ports only.
type sources struct {
	spread bool
	next   int
}

const sourceAddrs = 64

func newSources(target netip.AddrPort) *sources {
	return &sources{spread: target.Addr().Is4() && target.Addr().IsLoopback()}
}

// addr is the next address to connect from; the zero Addr leaves it to the kernel.
func (s *sources) addr() netip.Addr {
	if !s.spread {
		return netip.Addr{}
	}
	s.next = (s.next + 1) % sourceAddrs
	return netip.AddrFrom4([4]byte{127, 77, byte(s.next), 1})
}

// dialer returns a dialer for the next address.
func (s *sources) dialer() *net.Dialer {
	d := &net.Dialer{Control: func(_, _ string, c syscall.RawConn) error {
		// The port is chosen at connect, so that it need be free for this target only.
		return c.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1) })
	}}
	if a := s.addr(); a.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(a, 0))
	}
	return d
}
