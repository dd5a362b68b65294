package ringwire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/coding"
	"github.com/ringwire/ringwire/proto/h1"
	"github.com/ringwire/ringwire/proto/ws"
	"github.com/ringwire/ringwire/tls"
)

// Server serves HTTP/1.1. Addr and Handler are all it needs; the fields of Config are
// promoted (srv.Loops). It is used once: after Shutdown, Close or an error make another.
type Server struct {
	// Addr is "host:port" for TCP, or "unix:/path" for a unix socket. Default ":8080".
	Addr string

	// Handler answers every request.
	Handler Handler

	// TLS makes it HTTPS: certificates and all else are in TLS.System, a crypto/tls
	// Config. What of it cannot be honoured is an error at the start. Nil is HTTP.
	TLS *tls.Config

	Config

	wall func() time.Time // the time of the day, and of tickers; time.Now but in simulations

	mu       sync.Mutex
	state    serverState
	started  chan struct{} // closed when the loops run or starting failed
	addr     net.Addr
	driver   DriverInfo
	why      string // why the driver is not the one of Config.Driver, if so
	services []*service
	tickers  []*Ticker
	done     chan struct{} // closed when the loops have ended

	marks marks         // of Handler
	stuck atomic.Uint64 // times that the watchdog has found a loop stuck
	crash crash

	tls         *tls.Engine // nil without TLS
	handshakers *conn.Handshakers

	shared  *mem.Allocator // for Blocking handlers
	mem     purposes       // of shared
	workers *workers
	jobs    jobPool

	wsTasks *mem.Pool[wsTask] // functions given to WebSocket.Post
	wsUsers users             // goroutines of the blocking form

	// For Body.Decode: what takes codings off, and what bodies may grow to, kept or streamed.
	decoders                  *coding.Decoders
	decodeWhole, decodeStream coding.Limits
}

type serverState uint8

const (
	stateNew serverState = iota
	stateRunning
	stateStopping
)

// ListenAndServe listens on Addr and serves until Shutdown or Close, and then returns
// ErrServerClosed. Any other error says why it could not start or go on: a *ConfigError,
// an address in use, a driver that cannot be had.
func (s *Server) ListenAndServe() error {
	if err := s.prepare(); err != nil {
		return err
	}
	network, address := splitAddr(s.Addr)
	return s.start(func(n int) ([]net.Listener, error) {
		return conn.Listen(context.Background(), network, address, n)
	})
}

// Serve is ListenAndServe on a listener that exists, which it takes over: it is closed when
// Serve returns, whatever it returns. io_uring and several loops need one with a file
// descriptor, a *net.TCPListener or *net.UnixListener; for any other the defaults of Driver
// and Loops are DriverNetpoll and 1.
func (s *Server) Serve(ln net.Listener) error {
	if ln == nil {
		return errors.New("ringwire: Serve: the listener is nil")
	}
	if err := s.prepare(); err != nil {
		_ = ln.Close()
		return err
	}
	if _, ok := ln.(syscall.Conn); !ok {
		s.portable(ln)
	}
	return s.start(func(n int) ([]net.Listener, error) {
		lns, err := conn.ShareListener(ln, n)
		if err != nil {
			_ = ln.Close()
		}
		return lns, err
	})
}

// portable chooses, where that is left to us, what can accept from any listener.
func (s *Server) portable(ln net.Listener) {
	if s.Driver == DriverAuto {
		s.Driver = DriverNetpoll
		s.why = fmt.Sprintf("%T has no file descriptor, as io_uring needs it", ln)
	}
	if s.Loops == 0 && s.Driver == DriverNetpoll {
		s.Loops = 1
	}
}

// splitAddr tells "unix:/path" from "host:port".
func splitAddr(addr string) (network, address string) {
	switch {
	case addr == "":
		return "tcp", ":8080"
	case len(addr) > 5 && addr[:5] == "unix:":
		return "unix", addr[5:]
	}
	return "tcp", addr
}

// prepare checks the configuration and moves the server out of its initial state.
func (s *Server) prepare() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == stateRunning {
		return errors.New("ringwire: server is already serving")
	}
	cfg, err := s.Config.withDefaults()
	if s.Handler == nil {
		err = &ConfigError{"Handler", "is nil: there is nothing to answer requests"}
	}
	if err == nil && s.TLS != nil {
		err = s.prepareTLS()
	}
	if err != nil {
		s.end()
		return err
	}
	if s.state == stateStopping {
		return ErrServerClosed
	}
	s.Config = cfg
	s.state = stateRunning
	if s.wall == nil {
		s.wall = time.Now
	}
	s.ready()
	s.marks = marksOf(s.Handler)
	s.crash.tell = func(w io.Writer) { f := s.flight(); _ = f.write(w, false) }
	shared := cfg.memory()
	shared.Shared = true
	s.shared = mem.NewAllocator(shared)
	s.mem = purposesOf(s.shared, true)
	s.decoders = coding.NewDecoders(coding.Config{Heap: cfg.DisablePooling})
	s.decodeWhole, s.decodeStream = cfg.decodeLimits()
	s.jobs.open(cfg.DisablePooling)
	s.wsTasks = newTasks(cfg.DisablePooling)
	s.workers = newWorkers(cfg.Workers, cfg.WorkQueue)
	return nil
}

// ready makes the channels that other goroutines may wait on before the start. The
// caller holds mu.
func (s *Server) ready() {
	if s.started == nil {
		s.started = make(chan struct{})
		s.done = make(chan struct{})
	}
}

// end moves the server to its last state, and releases who waits for a start that will
// never come. The caller holds mu.
func (s *Server) end() {
	s.ready()
	if s.state == stateNew {
		close(s.started)
		close(s.done)
	}
	s.state = stateStopping
}

// start opens the loops and the listeners, runs them, and cleans up after them.
func (s *Server) start(listen func(n int) ([]net.Listener, error)) error {
	defer close(s.done)
	err := s.open(listen)
	if err != nil {
		s.mu.Lock()
		s.state = stateStopping // it does not serve, and never will
		s.mu.Unlock()
		s.stopHandshakers()
	}
	if err == nil {
		mem.Ballast(s.Ballast)
	}
	if held := s.heldPlaces(); err == nil && held > 0 {
		takePlaces(held)
		defer leavePlaces(held)
	}
	close(s.started)
	if err != nil {
		return err
	}
	s.Logger.Info("ringwire: serving", "addr", s.addr.String(), "driver", s.driver.Name, "why", s.driver.Reason, "loops", len(s.services))
	endWatch := s.watch() // before the loops: who asks one of them whether it runs finds all of the server running
	errs := make(chan error, len(s.services))
	for _, svc := range s.services {
		go func() { errs <- s.crash.run(svc.loop.Run) }()
	}
	for range s.services {
		if e := <-errs; e != nil {
			err = errors.Join(err, fmt.Errorf("ringwire: loop failed: %w", e))
			s.stop() // one loop down: the others cannot take its listener over
		}
	}
	endWatch()
	s.release()
	if err == nil {
		err = ErrServerClosed
	}
	return err
}

// open makes the loops and gives each its listener. On an error nothing stays open.
func (s *Server) open(listen func(n int) ([]net.Listener, error)) error {
	drivers, info, err := openDrivers(&s.Config, s.crash.panicked)
	if err != nil {
		return err
	}
	if s.why != "" {
		info.Reason = s.why
	}
	lns, err := listen(len(drivers))
	if err != nil {
		closeDrivers(drivers)
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	addr := lns[0].Addr()
	s.startHandshakers(len(drivers))
	for i, drv := range drivers {
		s.services = append(s.services, s.newService(drv, len(drivers)))
		if e := drv.Listen(lns[i]); e != nil {
			for _, ln := range lns[i:] {
				_ = ln.Close()
			}
			closeDrivers(drivers)
			return fmt.Errorf("ringwire: driver %s cannot accept from %v: %w", drv.Name(), lns[i].Addr(), e)
		}
	}
	s.addr, s.driver = addr, info
	s.startTickers()
	if s.state == stateStopping {
		s.stopAll() // Close came while we were starting
	}
	return nil
}

// newService makes what the server has on the next of n loops.
func (s *Server) newService(drv conn.Driver, n int) *service {
	cfg := &s.Config
	svc := &service{srv: s, cfg: cfg, alloc: mem.NewAllocator(cfg.memory())}
	svc.mem = purposesOf(svc.alloc, false)
	svc.limits = h1.Limits{RequestLine: cfg.MaxRequestLine, Head: cfg.MaxHeaderBytes, Headers: cfg.MaxHeaders}.WithDefaults()
	maxConns := cfg.MaxConns / n // at least 1: see Config.loops
	if len(s.services) < cfg.MaxConns%n {
		maxConns++
	}
	svc.pools()
	svc.loop = conn.NewLoop(conn.Config{
		Driver:       drv,
		Alloc:        svc.alloc,
		Accept:       svc.accept,
		AcceptFailed: s.logAcceptFailed,
		MaxConns:     maxConns,
		WriteTimeout: cfg.WriteTimeout,

		TLS:              s.tls,
		Handshakers:      s.handshakers,
		HandshakeTimeout: cfg.HandshakeTimeout,
		HandshakeFailed:  s.logHandshakeFailed,
	})
	svc.ws = wsHost{
		loop: svc.loop, log: cfg.Logger, account: svc.mem.message, shared: s.mem.message,
		codecs: ws.NewCodecs(), tasks: s.wsTasks, users: &s.wsUsers,
	}
	return svc
}

// Started waits until the server serves, or has failed to, and returns its address: nil
// if it failed. It is for programs and tests that let the system choose the port. Somebody
// else must call ListenAndServe or Serve, or end the server: until then it waits.
func (s *Server) Started() net.Addr {
	s.mu.Lock()
	s.ready()
	started := s.started
	s.mu.Unlock()
	<-started
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

// DriverInfo says which driver the server runs on and why, once it has started.
func (s *Server) DriverInfo() DriverInfo {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.driver
}

// Shutdown ends the server in order: it stops accepting, lets requests in progress finish,
// closes each connection as it becomes idle, and returns when all are gone. When ctx ends
// first, the rest is cut and ctx's error returned; a loop that hangs in a handler cannot be
// cut and is waited for no longer than a second.
//
// A handler must not wait for it: it is one of those that are waited for. Start it in a
// goroutine there.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping()
	s.mu.Lock()
	for _, svc := range s.services {
		svc.loop.Post((*shutdownTask)(svc))
	}
	s.mu.Unlock()
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		s.stop()
	}
	hung := time.NewTimer(cutGrace)
	defer hung.Stop()
	select {
	case <-s.done:
		return ctx.Err()
	case <-hung.C:
		return fmt.Errorf("ringwire: a handler blocks its loop: %w", ctx.Err())
	}
}

// cutGrace is how long Shutdown waits for loops that were told to stop at once.
const cutGrace = time.Second

// Close ends the server at once; requests in progress are cut. Blocking handlers are not
// waited for, handlers on loops are: one that calls Close, or Shutdown, waits for itself.
func (s *Server) Close() error {
	s.stopping()
	s.stop()
	<-s.done
	return nil
}

// stopping notes that the end was asked for, and waits for a start that is under way.
func (s *Server) stopping() {
	s.mu.Lock()
	s.end()
	s.mu.Unlock()
	<-s.started
}

func (s *Server) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopAll()
}

func (s *Server) stopAll() {
	for _, svc := range s.services {
		svc.loop.Stop()
	}
}

// release gives the memory back when the loops have ended. Handlers that still run on
// workers use theirs: then the last of them sees to it.
func (s *Server) release() {
	s.workers.close()
	s.stopHandshakers()
	s.wsUsers.wait(func() { s.jobs.wait(s.releaseMemory) })
}

// releaseMemory is the end of what loops and workers have shared.
func (s *Server) releaseMemory() {
	for _, svc := range s.services {
		s.logLeak(svc.loop.Leaks())
		s.logLeak(svc.ws.codecs.Close())
		s.logLeak(svc.ws.topics.Close())
		s.logLeak(svc.alloc.Close())
		s.logLeak(svc.exchanges.Close())
		s.logLeak(svc.conns.Close())
	}
	s.logLeak(s.wsTasks.Close())
	s.logLeak(s.decoders.Close())
	s.logLeak(s.shared.Close())
}

// shutdownTask is a service's part of Shutdown, run on its loop.
type shutdownTask service

func (t *shutdownTask) RunTask() { t.loop.Shutdown() }
