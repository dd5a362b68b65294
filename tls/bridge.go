package tls

import (
	"io"
	"net"
	"net/netip"
	"time"
)

// bridge is the connection that crypto/tls believes to have.
type bridge struct{ hs *handshake }

var _ net.Conn = bridge{}

// Read hands over what has arrived, but never bytes of two records at once: crypto/tls asks
// for as many as it can get, and keeps what it has no use for. What follows the
// handshake is ours.
func (b bridge) Read(p []byte) (int, error) {
	hs := b.hs
	for {
		if n := min(len(p), len(hs.in)-hs.used, hs.frame.want()); n > 0 {
			copy(p, hs.in[hs.used:hs.used+n])
			hs.frame.advance(hs.in[hs.used : hs.used+n])
			hs.used += n
			return n, nil
		}
		if err := hs.wait(); err != nil {
			return 0, err
		}
	}
}

// Write appends to the output, which takes everything: crypto/tls could not go on after a
// short write. What it writes while it reads waits for Pending.
func (b bridge) Write(p []byte) (int, error) {
	hs := b.hs
	if hs.out == nil {
		hs.s.reply = append(hs.s.reply, p...)
		return len(p), nil
	}
	hs.noteFlight(p)
	return hs.out.Write(p)
}

func (b bridge) Close() error                     { return nil }
func (b bridge) LocalAddr() net.Addr              { return b.addr(false) }
func (b bridge) RemoteAddr() net.Addr             { return b.addr(true) }
func (b bridge) SetDeadline(time.Time) error      { return nil }
func (b bridge) SetReadDeadline(time.Time) error  { return nil }
func (b bridge) SetWriteDeadline(time.Time) error { return nil }

// addr is what callbacks of the Config see as the connection's address.
func (b bridge) addr(remote bool) net.Addr {
	var at netip.AddrPort
	if f := b.hs.s.addrs; f != nil {
		at = f(remote)
	}
	return net.TCPAddrFromAddrPort(at)
}

// framer follows records through a stream of bytes.
type framer struct {
	header [Head]byte
	have   int // bytes of the header
	body   int // bytes of the body still to come
}

// want is how many bytes the header or body at hand still lacks.
func (f *framer) want() int {
	if f.have < Head {
		return Head - f.have
	}
	return f.body
}

// advance takes note of p, which is no longer than want.
func (f *framer) advance(p []byte) {
	if f.have < Head {
		f.have += copy(f.header[f.have:], p)
		if f.have < Head {
			return
		}
		f.body = bodyLen(f.header[:])
	} else {
		f.body -= len(p)
	}
	if f.body == 0 {
		f.have = 0
	}
}

// wouldBlock is what reading gives when there is nothing to read and no coroutine to wait in.
type wouldBlock struct{}

func (wouldBlock) Error() string   { return "tls: no bytes have arrived" }
func (wouldBlock) Timeout() bool   { return true }
func (wouldBlock) Temporary() bool { return true }

var errWouldBlock net.Error = wouldBlock{}

var errAborted = io.ErrUnexpectedEOF
