package sim

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
)

// adopt posts an adoption and runs it.
func adopt(s *Sim, nc net.Conn) (id uint32, err error) {
	s.Post(task(func() {
		if id, err = s.Adopt(nc); err == nil {
			s.Receive(id)
		}
	}))
	s.RunUntilIdle()
	return id, err
}

// An adopted connection is a connection; one that was not adopted is closed by its owner, on the
// loop as well.
func TestConnect(t *testing.T) {
	s := New(Config{})
	begin(s)
	near, far := s.Connect()
	if near.RemoteAddr().String() != far.LocalAddr().String() {
		t.Errorf("remote address %v, the peer is %v", near.RemoteAddr(), far.LocalAddr())
	}
	_, _ = far.Write([]byte("early"))
	id, err := adopt(s, near)
	if err != nil {
		t.Fatal(err)
	}
	if a := s.RemoteAddr(id); a != far.LocalAddr() {
		t.Errorf("RemoteAddr %v, the peer is %v", a, far.LocalAddr())
	}
	b := make([]byte, 10)
	if n, err := far.Read(b); string(b[:n]) != "early" || err != nil {
		t.Errorf("read %q, %v", b[:n], err)
	}
	if err := near.Close(); err == nil {
		t.Error("Close of what was given away is no error")
	}
	if _, err := adopt(s, near); !errors.Is(err, net.ErrClosed) {
		t.Errorf("adopted again: %v", err)
	}

	near, far = s.Connect()
	s.Post(task(func() { _ = near.Close() }))
	s.RunUntilIdle()
	if _, err := far.Read(b); err != io.EOF {
		t.Errorf("the peer of one that was closed reads %v", err)
	}
	if _, err := far.Write(b); err == nil {
		t.Error("it writes to nobody")
	}
	if _, err := adopt(s, near); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed one was adopted: %v", err)
	}
	if n := s.Open(); n != 1 {
		t.Errorf("%d connections are open, want 1", n)
	}
}

func TestAdoptFails(t *testing.T) {
	s, other := New(Config{}), New(Config{})
	begin(s)
	near, far := s.Connect()
	foreign, _ := other.Connect()
	s.FailAdopts(syscall.EMFILE)
	for _, c := range []struct {
		nc   net.Conn
		want error
	}{
		{foreign, errors.ErrUnsupported},
		{nil, errors.ErrUnsupported},
		{near, syscall.EMFILE},
		{near, nil},
	} {
		if _, err := adopt(s, c.nc); !errors.Is(err, c.want) {
			t.Errorf("Adopt: %v, want %v", err, c.want)
		}
	}
	_ = far.Close()
	s.RunUntilIdle()
	s.Stop()
	s.Step()
	if _, err := s.Adopt(near); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Adopt after the end: %v", err)
	}
	if m := strings.Join(s.Misuse(), "\n"); m != "" {
		t.Errorf("misuse: %s", m)
	}
}
