package ringwire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/ws"
	"github.com/ringwire/ringwire/tls"
)

// WebSocketDialer opens WebSockets to servers. Their callbacks run on loops of the dialer's own, which
// begin with the first Dial and end with Shutdown or Close. The zero value is ready. Its
// fields must not be changed after the first Dial.
type WebSocketDialer struct {
	Driver string       // as Config.Driver
	Loops  int          // event loops; default 1
	Logger *slog.Logger // default slog.Default()

	KeepProcs      bool // as in Config
	DisablePooling bool // likewise

	// TLS is for wss URLs. Nil: the system's roots.
	TLS *tls.Config

	// Header fields of each request, as for authorization or cookies.
	Header []HeaderField

	Origin string      // of the page that the client stands for, if it does
	Dialer *net.Dialer // connects; nil is the zero one

	HandshakeTimeout time.Duration // of TLS, and again of WebSocket; default 10 s
	WriteTimeout     time.Duration // as in Config; default 30 s

	next atomic.Uint32 // which loop is next

	crash crash

	mu     sync.Mutex
	loops  []*clientLoop
	driver DriverInfo
	tls    *tls.Engine
	shared *mem.Allocator
	tasks  *mem.Pool[wsTask]
	users  users
	closed bool
	done   chan struct{} // closed when the loops have ended
}

// HeaderField is a field of a request's header.
type HeaderField struct{ Name, Value string }

// clientLoop is what a dialer has on each loop.
type clientLoop struct {
	loop  *conn.Loop
	alloc *mem.Allocator
	ws    wsHost
}

// DefaultWebSocketDialer is what Dial and DialBlocking use.
var DefaultWebSocketDialer = new(WebSocketDialer)

// ErrDialerClosed is returned by Dial after Shutdown or Close.
var ErrDialerClosed = errors.New("ringwire: dialer closed")

// start begins the loops, once, and returns the one for the next connection.
func (d *WebSocketDialer) start() (*clientLoop, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil, ErrDialerClosed
	}
	if d.loops == nil {
		if err := d.open(); err != nil {
			return nil, err
		}
	}
	return d.loops[int(d.next.Add(1))%len(d.loops)], nil
}

// open makes the loops and runs them. The caller holds mu.
func (d *WebSocketDialer) open() error {
	cfg, err := Config{Driver: d.Driver, Loops: max(d.Loops, 1), Logger: d.Logger, DisablePooling: d.DisablePooling, WriteTimeout: d.WriteTimeout}.withDefaults()
	if err != nil {
		return err
	}
	if err := d.openTLS(); err != nil {
		return err
	}
	drivers, info, err := openDrivers(&cfg, d.crash.panicked)
	if err != nil {
		return err
	}
	d.driver = info
	d.crash.tell = func(w io.Writer) { f := d.flight(); _ = f.write(w, false) }
	memory := cfg.memory()
	memory.Shared = true
	d.shared = mem.NewAllocator(memory)
	d.tasks = newTasks(cfg.DisablePooling)
	d.done = make(chan struct{})
	from := purposesOf(d.shared, true).message
	var running sync.WaitGroup
	for _, drv := range drivers {
		l := d.newLoop(drv, &cfg, from)
		d.loops = append(d.loops, l)
		running.Go(func() {
			if err := d.crash.run(l.loop.Run); err != nil {
				cfg.Logger.Error("ringwire: dialer's loop failed", "err", err)
			}
		})
	}
	held := 0
	if info.Name == DriverURing && !d.KeepProcs {
		held = len(drivers)
		takePlaces(held)
	}
	go func() {
		running.Wait()
		if held > 0 {
			leavePlaces(held)
		}
		close(d.done)
		d.users.wait(func() { d.release(&cfg) })
	}()
	return nil
}

// openTLS makes the engine that wss URLs need.
func (d *WebSocketDialer) openTLS() (err error) {
	cfg := tls.Config{}
	if d.TLS != nil {
		cfg = *d.TLS
	}
	if cfg.Protocols == nil {
		cfg.Protocols = protocols
	}
	d.tls, err = tls.NewEngine(cfg, tls.Client)
	return err
}

func (d *WebSocketDialer) newLoop(drv conn.Driver, cfg *Config, shared *mem.Account) *clientLoop {
	l := &clientLoop{alloc: mem.NewAllocator(cfg.memory())}
	l.loop = conn.NewLoop(conn.Config{
		Driver: drv, Alloc: l.alloc, WriteTimeout: cfg.WriteTimeout, HandshakeTimeout: d.HandshakeTimeout,
	})
	l.ws = wsHost{
		loop: l.loop, log: cfg.Logger, account: purposesOf(l.alloc, false).message, shared: shared,
		codecs: ws.NewCodecs(), tasks: d.tasks, users: &d.users,
	}
	return l
}

// release gives the memory back, when nobody has a BlockingWebSocket any more.
func (d *WebSocketDialer) release(cfg *Config) {
	var err error
	for _, l := range d.loops {
		err = errors.Join(err, l.loop.Leaks(), l.ws.codecs.Close(), l.ws.topics.Close(), l.alloc.Close())
	}
	if err = errors.Join(err, d.tasks.Close(), d.shared.Close()); err != nil {
		cfg.Logger.Error("ringwire: memory was not given back", "err", err)
	}
}

// Shutdown closes all WebSockets with CloseGoingAway, waits for their ends, and ends the loops. When
// ctx ends first the rest is cut and ctx's error returned.
func (d *WebSocketDialer) Shutdown(ctx context.Context) error {
	return d.end(ctx, func(l *clientLoop) { l.loop.Post((*dialerShutdown)(l)) })
}

// Close cuts all WebSockets and ends the loops.
func (d *WebSocketDialer) Close() error {
	return d.end(context.Background(), func(l *clientLoop) { l.loop.Stop() })
}

func (d *WebSocketDialer) end(ctx context.Context, each func(l *clientLoop)) error {
	d.mu.Lock()
	d.closed = true
	loops := d.loops
	d.mu.Unlock()
	if loops == nil {
		return nil
	}
	for _, l := range loops {
		each(l)
	}
	select {
	case <-d.done:
		return nil
	case <-ctx.Done():
	}
	for _, l := range loops {
		l.loop.Stop()
	}
	<-d.done
	return fmt.Errorf("ringwire: WebSockets were cut: %w", ctx.Err())
}

// dialerShutdown is a loop's part of Shutdown.
type dialerShutdown clientLoop

func (t *dialerShutdown) RunTask() { t.loop.Shutdown() }

// Stats asks every loop for its account of WebSockets, and adds them up. It must not be called on
// one of the loops.
func (d *WebSocketDialer) Stats() (sum WebSocketStats) {
	d.mu.Lock()
	loops := d.loops
	d.mu.Unlock()
	for _, l := range loops {
		ask := &statsTask{l: l, done: make(chan struct{})}
		if !l.loop.Post(ask) {
			continue
		}
		<-ask.done // a task that was taken runs, at the latest when the loop ends
		sum.add(&ask.stats)
	}
	return sum
}

type statsTask struct {
	l     *clientLoop
	stats WebSocketStats
	done  chan struct{}
}

func (t *statsTask) RunTask() {
	t.stats = t.l.ws.stats
	close(t.done)
}
