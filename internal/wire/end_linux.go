package wire

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// End is one end of a cable: a namespace with a loopback device and the cable's interface.
type End struct {
	// Addr is the address of this end; the other is in the same network of 16 bits.
	Addr string

	tun  *os.File
	work chan func()
	over chan struct{}
}

// device is the name of the cable's interface at each end.
const device = "wire"

// newEnd makes a namespace, and a thread that lives in it.
func newEnd(addr string) (*End, error) {
	e := &End{Addr: addr, work: make(chan func()), over: make(chan struct{})}
	ready := make(chan error)
	go func() {
		defer close(e.over)
		// Never unlocked: the thread ends with the goroutine, and is not used for others.
		runtime.LockOSThread()
		err := e.enter()
		ready <- err
		if err == nil {
			for f := range e.work {
				f()
			}
		}
	}()
	if err := <-ready; err != nil {
		<-e.over
		return nil, err
	}
	return e, nil
}

// enter makes the namespace for the calling thread.
func (e *End) enter() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("wire: a network namespace: %w", err)
	}
	if err := configure("lo", nil, unix.IFF_UP, 0); err != nil {
		return err
	}
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return fmt.Errorf("wire: /dev/net/tun: %w", err)
	}
	req, err := unix.NewIfreq(device)
	if err == nil {
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req)
	}
	if err == nil {
		err = configure(device, net.ParseIP(e.Addr).To4(), unix.IFF_UP, 1500)
	}
	if err != nil {
		_ = unix.Close(fd)
		return fmt.Errorf("wire: a tun device: %w", err)
	}
	e.tun = os.NewFile(uintptr(fd), device)
	return nil
}

// configure sets an interface's address, in a network of 16 bits, its MTU and its flags
// (netdevice(7)).
func configure(name string, addr net.IP, flags uint16, mtu uint32) (err error) {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	set := func(request uint, fill func(*unix.Ifreq) error) {
		req, nerr := unix.NewIfreq(name)
		if nerr == nil {
			nerr = fill(req)
		}
		if nerr == nil {
			nerr = unix.IoctlIfreq(fd, request, req)
		}
		err = errors.Join(err, nerr)
	}
	if addr != nil {
		set(unix.SIOCSIFADDR, func(r *unix.Ifreq) error { return r.SetInet4Addr(addr) })
		set(unix.SIOCSIFNETMASK, func(r *unix.Ifreq) error { return r.SetInet4Addr([]byte{255, 255, 0, 0}) })
	}
	if mtu != 0 {
		set(unix.SIOCSIFMTU, func(r *unix.Ifreq) error { r.SetUint32(mtu); return nil })
	}
	set(unix.SIOCSIFFLAGS, func(r *unix.Ifreq) error { r.SetUint16(flags); return nil })
	return err
}

// Do runs f on this end's thread: sockets that f itself makes are this end's, and what it sees in
// /proc/sys/net is. It must not wait for another Do of the same end.
func (e *End) Do(f func()) {
	done := make(chan struct{})
	e.work <- func() { defer close(done); f() }
	<-done
}

// Listen is net.Listen for TCP at this end, on a port of the system's choice.
func (e *End) Listen() (ln net.Listener, err error) {
	e.Do(func() { ln, err = net.Listen("tcp4", e.Addr+":0") })
	return ln, err
}

// Dial is net.Dial for TCP from this end. The address must be a number.
func (e *End) Dial(addr string) (c net.Conn, err error) {
	e.Do(func() { c, err = net.Dial("tcp4", addr) })
	return c, err
}

// SetMTU sets the MTU of this end's interface.
func (e *End) SetMTU(mtu int) (err error) {
	e.Do(func() { err = configure(device, nil, unix.IFF_UP, uint32(mtu)) })
	return err
}

// SetLink takes this end's interface down, or up.
func (e *End) SetLink(up bool) (err error) {
	flags := uint16(0)
	if up {
		flags = unix.IFF_UP
	}
	e.Do(func() { err = configure(device, nil, flags, 0) })
	return err
}

func (e *End) close() error {
	err := e.tun.Close()
	close(e.work)
	<-e.over
	return err
}
