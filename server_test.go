package ringwire

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func itoa(n int) string { return strconv.Itoa(n) }
func hex(n int) string  { return strconv.FormatInt(int64(n), 16) }

// hello answers every request with its path.
func hello(w *ResponseWriter, r *Request) { _, _ = w.WriteString("hello " + r.Path()) }

func TestServeAndClose(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello)
		if a := s.dial().get("/x"); a.StatusCode != 200 || a.body != "hello /x" {
			t.Fatalf("got %d %q", a.StatusCode, a.body)
		}
		if info := s.DriverInfo(); info.Name != driver || info.Reason == "" {
			t.Errorf("DriverInfo says %+v of driver %s: a name and why it was taken were promised", info, driver)
		}
		if text := s.log.String(); !strings.Contains(text, "driver="+driver) || !strings.Contains(text, "why=") {
			t.Errorf("the log does not say which driver serves and why: %q", text)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		if _, err := net.Dial("tcp", s.addr); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("dialling a closed server gave %v, want it refused", err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("a second Close: %v", err)
		}
		if err := s.Shutdown(context.Background()); err != nil {
			t.Errorf("Shutdown after Close: %v", err)
		}
		if err := s.ListenAndServe(); err != ErrServerClosed {
			t.Errorf("a server that was closed serves again: %v, want ErrServerClosed", err)
		}
	})
}

func TestAutoDriver(t *testing.T) {
	s := start(t, DriverAuto, hello)
	info := s.DriverInfo()
	if info.Name != DriverURing && info.Name != DriverNetpoll {
		t.Errorf("auto chose %q", info.Name)
	}
	if info.Name == DriverNetpoll && !strings.Contains(info.Reason, "io_uring") {
		t.Errorf("auto chose netpoll and does not say what is wrong with io_uring: %q", info.Reason)
	}
	s.dial().get("/")
}

// No choice of the caller must make starting hang or panic: it fails and says why.
func TestBadConfig(t *testing.T) {
	for _, tc := range []struct {
		field string
		tune  func(*Server)
	}{
		{"Handler", func(s *Server) { s.Handler = nil }},
		{"Driver", func(s *Server) { s.Driver = "epoll" }},
		{"Loops", func(s *Server) { s.Loops = -1 }},
		{"Loops", func(s *Server) { s.Loops = 1025 }},
		{"Coalesce", func(s *Server) { s.Coalesce = 11 * time.Millisecond }},
		{"MaxHeaderBytes", func(s *Server) { s.MaxHeaderBytes = maxHead + 1 }},
	} {
		s := &Server{Addr: "127.0.0.1:0", Handler: HandlerFunc(hello)}
		tc.tune(s)
		err := s.ListenAndServe()
		if e, ok := as[*ConfigError](err); !ok || e.Field != tc.field {
			t.Errorf("ListenAndServe: %v, want a *ConfigError that names %s", err, tc.field)
		}
		ln := mustListen(t)
		if e, ok := as[*ConfigError](s.Serve(ln)); !ok || e.Field != tc.field {
			t.Errorf("Serve: %v, want a *ConfigError that names %s", err, tc.field)
		}
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Serve failed and did not close the listener it had taken over: %v", err)
		}
	}
}

func mustListen(t testing.TB) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

// Started must return whatever became of the start: its callers wait in other goroutines.
func TestStartedAfterFailure(t *testing.T) {
	for name, s := range map[string]*Server{
		"bad config":     {Addr: "127.0.0.1:0"},
		"bad address":    {Addr: "127.0.0.1:99999", Handler: HandlerFunc(hello), Config: testConfig(DriverNetpoll)},
		"address in use": {Addr: mustListen(t).Addr().String(), Handler: HandlerFunc(hello), Config: testConfig(DriverNetpoll)},
	} {
		ret := make(chan net.Addr, 1)
		go func() { ret <- s.Started() }()
		if err := s.ListenAndServe(); err == nil {
			t.Fatalf("%s: served", name)
		}
		select {
		case addr := <-ret:
			if addr != nil {
				t.Errorf("%s: Started returned %v after a failed start, want nil", name, addr)
			}
		case <-time.After(5 * time.Second):
			t.Errorf("%s: Started still waits after the start has failed", name)
		}
		if err := within(5*time.Second, s.Close); err != nil {
			t.Errorf("%s: Close after a failed start: %v", name, err)
		}
	}
}

var errHangs = errors.New("does not return")

// within runs f, and gives up on it after d.
func within(d time.Duration, f func() error) error {
	ret := make(chan error, 1)
	go func() { ret <- f() }()
	select {
	case err := <-ret:
		return err
	case <-time.After(d):
		return errHangs
	}
}

func TestEndBeforeStart(t *testing.T) {
	s := &Server{Handler: HandlerFunc(hello)}
	for range 2 {
		if err := within(5*time.Second, s.Close); err != nil {
			t.Fatalf("Close before the start: %v", err)
		}
		if err := within(5*time.Second, func() error { return s.Shutdown(context.Background()) }); err != nil {
			t.Fatalf("Shutdown before the start: %v", err)
		}
	}
	if err := s.ListenAndServe(); err != ErrServerClosed {
		t.Errorf("ListenAndServe after Close: %v, want ErrServerClosed", err)
	}
	if err := within(5*time.Second, func() error { s.Started(); return nil }); err != nil {
		t.Errorf("Started of a server that never serves: %v", err)
	}
}

func TestAddressInUse(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		for _, loops := range []int{1, 3} { // with several the port is shared, but among themselves only
			first := start(t, driver, hello, func(s *Server) { s.Loops = loops })
			second := &Server{Addr: first.addr, Handler: HandlerFunc(hello), Config: testConfig(driver)}
			second.Loops = loops
			err := within(patience, second.ListenAndServe)
			_ = second.Close()
			if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), first.addr) {
				t.Errorf("%d loops: a second server on %s: %v, want EADDRINUSE and the address", loops, first.addr, err)
			}
			first.dial().get("/still-there")
		}
	})
}

func TestServeTwice(t *testing.T) {
	s := start(t, DriverNetpoll, hello)
	if err := s.ListenAndServe(); err == nil || err == ErrServerClosed {
		t.Errorf("a second ListenAndServe returned %v, want an error that says it serves already", err)
	}
	ln := mustListen(t)
	if err := s.Serve(ln); err == nil {
		t.Error("a second Serve returned nil")
	}
	s.dial().get("/") // the first goes on
}

func TestServeListener(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		for _, loops := range []int{1, 3} {
			ln := mustListen(t)
			s := &Server{Handler: HandlerFunc(hello), Config: testConfig(driver)}
			s.Loops = loops
			ret := make(chan error, 1)
			go func() { ret <- s.Serve(ln) }()
			if addr := s.Started(); addr == nil || addr.String() != ln.Addr().String() {
				t.Fatalf("Started returned %v, want the listener's %v: %v", addr, ln.Addr(), <-ret)
			}
			p := dialPeer(t, "tcp", ln.Addr().String())
			if a := p.get("/given"); a.body != "hello /given" {
				t.Errorf("%d loops: got %q", loops, a.body)
			}
			_ = s.Close()
			if err := <-ret; err != ErrServerClosed {
				t.Errorf("Serve returned %v", err)
			}
		}
	})
}

// strange is a listener without a descriptor.
type strange struct{ net.Listener }

func TestServeStrangeListener(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		if driver == DriverNetpoll {
			t.Skip("netpoll accepts from any listener; it is tested in package fallback")
		}
		ln := mustListen(t)
		s := &Server{Handler: HandlerFunc(hello), Config: testConfig(driver)}
		err := s.Serve(strange{ln})
		if !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("got %v, want an error that is errors.ErrUnsupported", err)
		}
		if addr := s.Started(); addr != nil {
			t.Errorf("Started returned %v although the start failed", addr)
		}
		if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("the listener was left open: %v", err)
		}
	})
}

// A unix socket's file goes with the server, so that the next one can listen there.
func TestUnixSocket(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		for _, loops := range []int{1, 2} {
			dir, err := os.MkdirTemp("", "ringwire")
			if err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(dir)
			path := filepath.Join(dir, "sock")
			for round := range 2 {
				s := start(t, driver, func(w *ResponseWriter, r *Request) {
					if r.RemoteAddr().IsValid() || r.LocalAddr().IsValid() {
						t.Errorf("addresses of a unix socket are %v and %v, want the zero AddrPort", r.RemoteAddr(), r.LocalAddr())
					}
					hello(w, r)
				}, func(s *Server) { s.Addr, s.Loops = "unix:"+path, loops }, plain)
				p := dialPeer(t, "unix", path)
				if a := p.get("/u"); a.body != "hello /u" {
					t.Errorf("round %d: got %q", round, a.body)
				}
				_ = s.Close()
				if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
					t.Fatalf("%d loops, round %d: the socket's file is still there: %v", loops, round, err)
				}
			}
		}
	})
}

func TestManyLoops(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, func(s *Server) { s.Loops = 4 })
		for range 100 {
			p := s.dial()
			if a := p.get("/x"); a.body != "hello /x" {
				t.Fatalf("got %q", a.body)
			}
			_ = p.Close()
		}
		_ = s.Close()
		served := 0
		for _, svc := range s.services {
			if svc.loop.Stats().Accepted > 0 {
				served++
			}
		}
		if served < 2 {
			t.Errorf("%d of 4 loops served 100 connections: they are not spread", served)
		}
	})
}

// A listener without a descriptor is served by what can, unless something else was asked for.
func TestServeAnyListener(t *testing.T) {
	for _, driver := range []string{"", DriverNetpoll} {
		ln := mustListen(t)
		s := &Server{Handler: HandlerFunc(hello), Config: testConfig(driver)}
		s.Loops = 0
		ret := make(chan error, 1)
		go func() { ret <- s.Serve(strange{ln}) }()
		if s.Started() == nil {
			t.Fatalf("driver %q: %v", driver, <-ret)
		}
		if info := s.DriverInfo(); info.Name != DriverNetpoll || driver == "" && !strings.Contains(info.Reason, "strange") {
			t.Errorf("driver %q: got %+v, want netpoll and why", driver, info)
		}
		if a := dialPeer(t, "tcp", ln.Addr().String()).get("/any"); a.body != "hello /any" {
			t.Errorf("got %q", a.body)
		}
		_ = s.Close()
		if err := <-ret; err != ErrServerClosed {
			t.Errorf("Serve returned %v", err)
		}
	}
	if err := (&Server{Handler: HandlerFunc(hello)}).Serve(nil); err == nil {
		t.Error("Serve(nil) returned nil")
	}
}

// After a start that failed the server is over, and does not claim to serve.
func TestStartAfterFailure(t *testing.T) {
	s := &Server{Addr: mustListen(t).Addr().String(), Handler: HandlerFunc(hello), Config: testConfig(DriverNetpoll)}
	if err := s.ListenAndServe(); !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("got %v, want the address in use", err)
	}
	if err := s.ListenAndServe(); err != ErrServerClosed {
		t.Errorf("a second start: %v, want ErrServerClosed", err)
	}
	if err := within(5*time.Second, s.Close); err != nil {
		t.Error(err)
	}
}

// The shares of the loops add up to MaxConns.
func TestMaxConnsShares(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		for _, tc := range []struct{ loops, conns, want int }{{3, 7, 3}, {4, 2, 2}, {0, 1, 1}, {2, math.MaxInt, 2}} {
			s := start(t, driver, hello, func(s *Server) { s.Loops, s.MaxConns = tc.loops, tc.conns }, plain)
			if n := len(s.services); n != tc.want {
				t.Errorf("Loops %d, MaxConns %d: %d loops, want %d", tc.loops, tc.conns, n, tc.want)
			}
			if tc.conns < 10 { // as many as are allowed can be served, and not one more
				served := serveable(t, s, 4*tc.conns+8)
				if served > tc.conns {
					t.Errorf("Loops %d, MaxConns %d: %d connections are served at once", tc.loops, tc.conns, served)
				}
			} else {
				var peers []*peer
				for range 10 {
					p := s.dial()
					p.get("/")
					peers = append(peers, p)
				}
				_ = peers
			}
			_ = s.Close()
		}
	})
}

// serveable opens n connections and returns how many of them are served at once.
func serveable(t *testing.T, s *testServer, n int) (served int) {
	t.Helper()
	for range n {
		p := s.dial()
		p.send(get("/"))
		_ = p.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		if _, err := p.r.Peek(1); err == nil {
			served++
		}
	}
	return served
}

// Stats can be asked for at any time, by anybody but a loop.
func TestStatsAnytime(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		s := &Server{Addr: "127.0.0.1:0", Handler: HandlerFunc(hello), Config: testConfig(driver)}
		over, asked := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(asked)
			for {
				select {
				case <-over:
					return
				default:
					s.Stats()
				}
			}
		}()
		ret := make(chan error, 1)
		go func() { ret <- s.ListenAndServe() }()
		p := dialPeer(t, "tcp", s.Started().String())
		p.get("/")
		if st := s.Stats(); st.Open != 1 || st.Accepted != 1 {
			t.Errorf("one connection: %+v", st)
		}
		_ = s.Close()
		<-ret
		close(over)
		<-asked
		if st := s.Stats(); st.Open != 0 || st.Leased != 0 {
			t.Errorf("after the end: %+v", st)
		}
	})
}
