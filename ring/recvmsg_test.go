//go:build linux

package ring

import (
	"net"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Datagrams come with their sender's address; one that is too long for the buffer is cut
// and says so.
func TestRecvmsg(t *testing.T) {
	needs(t, CanMultishotRecv)
	r := newRing(t, Config{Entries: 4})
	sock, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(sock)
	if err := unix.Bind(sock, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(sock)
	if err != nil {
		t.Fatal(err)
	}
	c, err := net.DialUDP("udp4", nil, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: sa.(*unix.SockaddrInet4).Port})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	bufs, err := r.NewBufRing(BufRingConfig{Entries: 4, Size: 128})
	if err != nil {
		t.Fatal(err)
	}
	defer bufs.Close()
	msg := &syscall.Msghdr{Namelen: unix.SizeofSockaddrInet4}
	armed := false
	for _, size := range []int{5, 0, 128 - 16 - unix.SizeofSockaddrInet4, 500} {
		if !armed { // an empty datagram ends the request, too
			e := r.GetSQE()
			e.PrepareRecvMsgMultishot(sock, msg, unix.MSG_TRUNC)
			e.SetBufferGroup(bufs.Group())
		}
		sent := make([]byte, size)
		for i := range sent {
			sent[i] = byte(i)
		}
		if _, err := c.Write(sent); err != nil {
			t.Fatal(err)
		}
		done := complete(t, r)
		if done.Res < 0 || !done.HasBuffer() {
			t.Fatalf("%d bytes: result %d, flags %#x", size, done.Res, done.Flags)
		}
		armed = done.More()
		m, ok := ParseRecvmsg(bufs.Take(&done), msg)
		if !ok || m.FullPayload != size || string(m.Payload) != string(sent[:min(size, 96)]) {
			t.Errorf("%d bytes: %+v, %v", size, m, ok)
		}
		if cut := m.Flags&unix.MSG_TRUNC != 0; cut != (size > 96) {
			t.Errorf("%d bytes: flags %#x", size, m.Flags)
		}
		port := c.LocalAddr().(*net.UDPAddr).Port
		if len(m.Name) != unix.SizeofSockaddrInet4 || int(m.Name[2])<<8|int(m.Name[3]) != port {
			t.Errorf("the sender is %x, want port %d", m.Name, port)
		}
		bufs.Recycle(done.BufferID())
		bufs.Publish()
	}
	r.GetSQE().PrepareCancelFd(sock, AsyncCancelAll)
	complete(t, r)
	if armed {
		complete(t, r)
	}
}

// Nothing that lies in a buffer makes the parts reach out of it.
func TestParseRecvmsgShort(t *testing.T) {
	msg := &syscall.Msghdr{Namelen: 16}
	msg.SetControllen(24)
	p := make([]byte, 16+16+24+3)
	for i := range p {
		p[i] = 0xFF // absurd lengths
	}
	for n := range p {
		m, ok := ParseRecvmsg(p[:n:n], msg)
		if want := n >= 16+16+24; ok != want {
			t.Errorf("%d bytes: %v", n, ok)
		} else if ok && (len(m.Name) != 16 || len(m.Control) != 24 || len(m.Payload) != n-56) {
			t.Errorf("%d bytes: %d, %d and %d", n, len(m.Name), len(m.Control), len(m.Payload))
		}
	}
}
