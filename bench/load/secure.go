//go:build linux

package main

import (
	stdtls "crypto/tls"
	"errors"
	"fmt"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"

	"github.com/ringwire/ringwire/bench/internal/secret"
)

// secureDialer makes the client's side of TLS for connections of one thread. It is ringwire's, which needs no
// goroutine and fits a loop on epoll; the same for all servers.
type secureDialer struct {
	loop  *tls.Loop
	alloc *mem.Allocator
	cache stdtls.ClientSessionCache // nil: full handshakes
}

func newSecureDialer(resume bool) (*secureDialer, error) {
	d := &secureDialer{alloc: mem.NewAllocator(mem.Config{})}
	cfg := secret.Client()
	cfg.ServerName = serverName
	if resume {
		d.cache = stdtls.NewLRUClientSessionCache(1)
		cfg.ClientSessionCache = d.cache
	}
	engine, err := tls.NewEngine(tls.Config{System: cfg}, tls.Client)
	if err != nil {
		return nil, err
	}
	d.loop = engine.NewLoop(d.alloc)
	return d, nil
}

func (d *secureDialer) hasTicket() bool {
	if d.cache == nil {
		return false
	}
	ticket, ok := d.cache.Get(serverName)
	return ok && ticket != nil
}

// serverName is what the cache finds tickets by.
const serverName = "bench"

// secureClient is one connection's.
type secureClient struct {
	dialer  *secureDialer
	session *tls.Session
	out     mem.Writer
	in      []byte // received and not yet used
	begun   bool
	resumes bool // there was a ticket: it must be taken
}

func (d *secureDialer) dial() *secureClient {
	s := &secureClient{dialer: d, session: d.loop.Dial("")}
	s.out.Init(d.alloc, 0)
	return s
}

// errUnderWay says that the request cannot be sent yet: the handshake comes first.
var errUnderWay = errors.New("load: the handshake is under way")

// send begins the handshake, or sends a request when that is over. It sends nothing, or all.
func (s *secureClient) send(fd int, request []byte) error {
	if !s.session.Ready() {
		if !s.begun {
			s.begun, s.resumes = true, s.dialer.hasTicket()
			if _, _, err := s.session.Step(nil, &s.out); err != nil {
				return err
			}
		}
		if err := s.flush(fd); err != nil {
			return err
		}
		return errUnderWay
	}
	s.seal(request)
	return s.flush(fd)
}

func (s *secureClient) seal(p []byte) {
	buf := s.out.Reserve(tls.Head + len(p) + tls.Tail)
	buf = buf[:tls.Head+len(p)+tls.Tail]
	copy(buf[tls.Head:], p)
	s.out.Commit(len(s.session.Seal(buf, len(p))))
}

// flush sends what there is. It stays when the connection is not there yet.
func (s *secureClient) flush(fd int) error {
	var views [4][]byte
	for s.out.Len() > 0 {
		view := s.out.Segments().Views(views[:0], 1)[0]
		if err := writeAll(fd, view); err != nil {
			return err
		}
		s.out.Segments().Discard(len(view))
	}
	return nil
}

// feed takes received bytes, goes on with the handshake, and reports whether the response is complete.
func (s *secureClient) feed(c *churnClient, p []byte) (done bool, err error) {
	s.in = append(s.in, p...)
	if !s.session.Ready() {
		used, state, err := s.session.Step(s.in, &s.out)
		s.in = s.in[used:]
		if err != nil {
			return false, err
		}
		if state == tls.Ready {
			if err := s.agreed(); err != nil {
				return false, err
			}
		}
		if err := s.flush(c.fd); err != nil {
			return false, err
		}
	}
	for s.session.Ready() {
		n, _ := s.session.Frame(s.in)
		if n == 0 {
			break
		}
		view, err := s.session.Open(s.in[:n])
		if err != nil {
			return false, err
		}
		if view.Kind == tls.Data {
			if done, err = c.response.Feed(view.Data); err != nil {
				return false, err
			}
		}
		s.in = s.in[n:]
	}
	return done, nil
}

// agreed checks that the handshake was the one that is to be measured.
func (s *secureClient) agreed() error {
	info := s.session.Info()
	if info.Resumed != s.resumes {
		return fmt.Errorf("resumed: %v, with a ticket: %v", info.Resumed, s.resumes)
	}
	return secret.Agreed(info.Version, info.CipherSuite)
}

// close says goodbye, as far as the connection is there, and ends the session.
func (s *secureClient) close(fd int) {
	s.session.Close(&s.out)
	_ = s.flush(fd)
	s.out.Release()
	s.session.Abort()
}
