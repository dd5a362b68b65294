//go:build linux

package ring_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/ring"
)

// What a completion is about: the operation, the buffer it holds and the
// connection's descriptor, packed into the user data. Never a pointer.
type tag struct {
	op  uint8
	bid uint16
	fd  int32
}

const (
	accept uint8 = iota
	receive
	send
)

func (t tag) pack() uint64 { return uint64(t.op)<<56 | uint64(t.bid)<<32 | uint64(uint32(t.fd)) }

func unpack(u uint64) tag { return tag{op: uint8(u >> 56), bid: uint16(u >> 32), fd: int32(uint32(u))} }

// echo is a server that sends everything back. A connection has one request in
// flight, a receive or a send, so bytes keep their order; an idle one holds no
// buffer.
type echo struct {
	ring *ring.Ring
	bufs *ring.BufRing
	dry  []int32 // connections that found no buffer
}

// serve runs until n connections have ended.
func (s *echo) serve(listener, n int) (err error) {
	runtime.LockOSThread() // the ring's thread
	defer runtime.UnlockOSThread()
	if s.ring, err = ring.New(ring.Config{Entries: 256}); err != nil {
		return err
	}
	defer s.ring.Close()
	if s.bufs, err = s.ring.NewBufRing(ring.BufRingConfig{Entries: 64, Size: 4096}); err != nil {
		return err
	}
	defer s.bufs.Close()

	s.request(tag{op: accept}, func(e *ring.SQE) { e.PrepareMultishotAccept(listener, 0, 0, unix.SOCK_CLOEXEC) })
	for n > 0 {
		if _, err := s.ring.SubmitAndWait(1); err != nil {
			return err
		}
		ready := s.ring.Ready()
		for i := range ready {
			if s.complete(s.ring.CQEAt(i)) {
				n--
			}
		}
		s.ring.Advance(ready)
		s.bufs.Publish() // once per turn
	}
	return nil
}

// request prepares an entry; the next turn submits it with all the others.
func (s *echo) request(t tag, prepare func(*ring.SQE)) {
	e := s.ring.GetSQE()
	for e == nil { // full: hand over what there is
		if _, err := s.ring.Submit(); err != nil {
			log.Fatal(err)
		}
		e = s.ring.GetSQE()
	}
	prepare(e)
	e.UserData = t.pack()
}

func (s *echo) receive(fd int32) {
	s.request(tag{op: receive, fd: fd}, func(e *ring.SQE) {
		e.PrepareRecv(int(fd), 0, 0, 0)
		e.SetBufferGroup(s.bufs.Group()) // the kernel picks one when data has come
	})
}

// complete reports whether a connection has ended.
func (s *echo) complete(c *ring.CQE) bool {
	t := unpack(c.UserData)
	switch {
	case t.op == accept && c.Res >= 0:
		s.receive(c.Res)
	case t.op == receive && c.Res > 0:
		p := s.bufs.Take(c)
		s.request(tag{send, c.BufferID(), t.fd}, func(e *ring.SQE) {
			e.PrepareSend(int(t.fd), uintptr(unsafe.Pointer(&p[0])), uint32(len(p)), unix.MSG_WAITALL|unix.MSG_NOSIGNAL)
		})
	case t.op == receive && c.Res == -int32(unix.ENOBUFS):
		s.dry = append(s.dry, t.fd)
	case t.op == send:
		s.bufs.Recycle(t.bid)
		for _, fd := range s.dry { // one came home: try again
			s.receive(fd)
		}
		s.dry = s.dry[:0]
		if c.Res > 0 {
			s.receive(t.fd)
			return false
		}
		fallthrough
	case t.op == receive: // the end, or an error
		unix.Close(int(t.fd))
		return true
	}
	return false
}

// A TCP server on one ring: a multishot accept, a group of buffers for all
// connections, and one system call per turn however many of them are busy.
func Example_tcpEcho() {
	if err := ring.Available(); err != nil {
		fmt.Println("hello, hello") // no io_uring here: what it would have said
		return
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer ln.Close()
	file, err := ln.(*net.TCPListener).File()
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	done := make(chan error)
	go func() { done <- new(echo).serve(int(file.Fd()), 1) }()

	conn, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprint(conn, "hello, ")
	fmt.Fprint(conn, "hello\n")
	conn.(*net.TCPConn).CloseWrite()
	answer, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	conn.Close()
	if err := <-done; err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(answer))
	// Output: hello, hello
}
