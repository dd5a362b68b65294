package conn

import (
	"crypto"
	stdtls "crypto/tls"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"
)

// crew is a rig with workers, whose posts the test runs.
type crew struct {
	*rig
	all    *Handshakers
	shared *mem.Allocator

	mu      sync.Mutex
	posted  []Task
	stopped bool
}

func newCrew(t *testing.T, std *stdtls.Config, tune ...func(*Config)) *crew {
	t.Helper()
	w := &crew{shared: mem.NewAllocator(mem.Config{Shared: true})}
	if std.Certificates == nil {
		std.Certificates = []stdtls.Certificate{testCertificate()}
	}
	t.Cleanup(func() { // last: the rig has closed its connections
		if err := w.shared.Close(); err != nil {
			t.Error(err)
		}
	})
	w.rig = rigWith(t, std, append([]func(*Config){func(c *Config) {
		w.all = NewHandshakers(c.TLS, w.shared, 1)
		c.Handshakers = w.all
	}}, tune...)...)
	w.post = func(task Task) bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.stopped {
			return false
		}
		w.posted = append(w.posted, task)
		return true
	}
	t.Cleanup(func() { // first
		w.stop()
		w.all.Close()
		w.run()
	})
	return w
}

// stop closes all connections, as a driver does that ends, and takes no more posts.
func (w *crew) stop() {
	for id, c := range w.links {
		if c.open {
			c.closing = true
			w.closed(uint32(id))
		}
	}
	w.run() // at the latest while Run ends
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.run()
}

// run does what was posted, and reports whether there was anything.
func (w *crew) run() (any bool) {
	for {
		w.mu.Lock()
		if len(w.posted) == 0 {
			w.mu.Unlock()
			return any
		}
		task := w.posted[0]
		w.posted = w.posted[1:]
		w.mu.Unlock()
		task.RunTask()
		any = true
	}
}

// await waits for posts.
func (w *crew) await() {
	w.t.Helper()
	for end := time.Now().Add(10 * time.Second); !w.pending(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			w.t.Fatal("nothing was posted")
		}
	}
}

func (w *crew) pending() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.posted) > 0
}

// handOver has a client whose hello is with the worker: another one takes the loop's own step.
func (w *crew) handOver(version uint16) *client {
	w.t.Helper()
	before := w.loop.Stats().HandedOver
	first, c := w.connect(version), w.connect(version)
	for _, c := range []*client{first, c} {
		c.hear()
		w.recv(c.id, c.take())
	}
	w.turn()
	if w.loop.Stats().HandedOver != before+1 {
		w.t.Fatal("nothing was handed over")
	}
	return c
}

// step takes the worker's outcome, and gives it what the client says to that.
func (w *crew) step(c *client) {
	w.t.Helper()
	w.await()
	w.run()
	w.settle()
	c.hear()
	if p := c.take(); p != "" {
		w.recv(c.id, p)
	}
}

// A handshake that a worker made is the loop's afterwards.
func TestHandOver(t *testing.T) {
	for name, version := range bothVersions {
		t.Run(name, func(t *testing.T) {
			var addr string
			w := newCrew(t, &stdtls.Config{GetConfigForClient: func(h *stdtls.ClientHelloInfo) (*stdtls.Config, error) {
				addr = h.Conn.RemoteAddr().String()
				return nil, nil
			}})
			c := w.handOver(version)
			for range 4 {
				if len(w.conns) > 0 {
					break
				}
				w.step(c)
			}
			w.settle()
			c.hear()
			if len(w.conns) != 1 || w.loop.conn(c.id).sec.job != nil {
				t.Fatalf("%d connections are served", len(w.conns))
			}
			if addr != "192.0.2.1:1" {
				t.Errorf("the callback sees %s", addr)
			}
			s := w.conns[0]
			w.recv(c.id, c.seal("hello"))
			want(t, s.took(), "data hello", "the loop has it")
			s.write("answer")
			w.settle()
			if c.hear(); c.text != "answer" {
				t.Errorf("the peer got %q", c.text)
			}
		})
	}
}

// What comes while a worker has the end of the handshake is kept, however long, and so is
// the end of the input.
func TestHandOverEarlyRequest(t *testing.T) {
	w := newCrew(t, new(stdtls.Config), func(c *Config) { c.MaxPending = 4000 })
	c := w.handOver(0)
	w.step(c) // the client has finished, the worker has it
	w.await()
	w.took()
	long := strings.Repeat("long request ", 1000)
	w.recv(c.id, c.seal(long[:6000]))
	want(t, w.took(), "pause 1", "more than MaxPending is kept")
	w.recv(c.id, c.seal(long[6000:])) // was on its way
	w.recv(c.id, c.bye())
	w.end(c.id, io.EOF)
	w.run()
	w.settle()
	if len(w.conns) != 1 || w.loop.Stats().HandshakeErrors != 0 {
		t.Fatalf("%d connections, %+v", len(w.conns), w.loop.Stats())
	}
	s := w.conns[0]
	if string(s.data) != long || s.closed != 1 || s.err != nil {
		t.Errorf("%d bytes came, closed %d times for %v", len(s.data), s.closed, s.err)
	}
}

// Receiving goes on when the worker has done.
func TestHandOverHoldsBack(t *testing.T) {
	w := newCrew(t, new(stdtls.Config), func(c *Config) { c.MaxPending = 4000 })
	c := w.handOver(0)
	w.step(c)
	w.await()
	w.recv(c.id, c.seal(strings.Repeat("x", 5000)))
	if w.links[c.id].receiving {
		t.Error("the peer is not held back")
	}
	w.run()
	if !w.links[c.id].receiving {
		t.Error("the peer is held back for ever")
	}
}

// FIN behind the handshake, without close_notify, is a truncation; within it is a failure.
func TestHandOverFIN(t *testing.T) {
	w := newCrew(t, new(stdtls.Config))
	c := w.handOver(0)
	w.step(c)
	w.await()
	w.recv(c.id, c.seal("half"))
	w.end(c.id, io.EOF)
	w.run()
	w.settle()
	if len(w.conns) != 1 || w.conns[0].took() != "data half, end "+tls.ErrTruncated.Error()+", close <nil>" {
		t.Errorf("%d connections, %+v", len(w.conns), w.loop.Stats())
	}

	var errs []error
	w = newCrew(t, new(stdtls.Config), failures(&errs))
	c = w.handOver(0)
	w.await()
	w.end(c.id, io.EOF)
	w.run()
	w.settle()
	if w.links[c.id].open || len(errs) != 1 || !errors.Is(errs[0], io.EOF) {
		t.Errorf("open %v, %v", w.links[c.id].open, errs)
	}
}

// blocked is a Config whose handshakes stand still until released is closed.
func blocked() (std *stdtls.Config, entered, release chan struct{}) {
	entered, release = make(chan struct{}, 1000), make(chan struct{})
	first := true
	var mu sync.Mutex
	return &stdtls.Config{GetConfigForClient: func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) {
		mu.Lock()
		here := first // the loop's own step goes through
		first = false
		mu.Unlock()
		if !here {
			entered <- struct{}{}
			<-release
		}
		return nil, nil
	}}, entered, release
}

// A connection may die while a worker has it, and its slot be taken by another.
func TestHandOverDies(t *testing.T) {
	std, entered, release := blocked()
	w := newCrew(t, std)
	c := w.handOver(0)
	<-entered
	w.end(c.id, errors.New("reset"))
	w.settle()
	if w.links[c.id].open || w.loop.shakings != 1 {
		t.Errorf("open %v, %d handshakes", w.links[c.id].open, w.loop.shakings)
	}
	next := w.accept()
	if next != c.id {
		t.Fatalf("slot %d, want %d", next, c.id)
	}
	close(release)
	w.await()
	w.run()
	w.settle()
	if w.links[next].sends != 0 || !w.links[next].open || len(w.conns) != 0 {
		t.Error("the outcome went to the next connection of the slot")
	}
}

// It may die between its steps, and while it is closing its outcome comes for nothing.
func TestHandOverDiesBetween(t *testing.T) {
	w := newCrew(t, new(stdtls.Config))
	c := w.handOver(0)
	w.await()
	w.run()
	w.settle()
	w.end(c.id, errors.New("reset"))
	w.settle()
	if w.links[c.id].open {
		t.Error("it is there still")
	}

	w = newCrew(t, new(stdtls.Config))
	c = w.handOver(0)
	w.step(c)
	w.await() // the worker says Ready …
	w.end(c.id, errors.New("reset"))
	w.run() // … to a connection that the driver is closing
	w.settle()
	if n := w.loop.Stats().Handshakes; n != 0 || len(w.conns) != 0 || w.links[c.id].open {
		t.Errorf("%d handshakes, %d served, open %v", n, len(w.conns), w.links[c.id].open)
	}
}

// The loop may stop while a worker has a connection.
func TestHandOverLoopStops(t *testing.T) {
	for _, posted := range []bool{false, true} {
		std, entered, release := blocked()
		w := newCrew(t, std)
		w.handOver(0)
		<-entered
		if posted { // the outcome is there, and run while the loop ends
			close(release)
			w.await()
			w.stop()
		} else { // it comes too late
			w.stop()
			close(release)
		}
		w.all.Close()
		if n := len(w.all.orphans); n != 0 {
			t.Errorf("%d orphans are left", n)
		}
	}
}

// A slow key of a worker's wakes that worker, by way of the loop.
func TestHandOverAsyncSignature(t *testing.T) {
	cert := testCertificate()
	key := &asyncKey{cert.PrivateKey.(crypto.Signer), make(chan func(), 4)}
	cert.PrivateKey = key
	w := newCrew(t, &stdtls.Config{Certificates: []stdtls.Certificate{cert}})
	c := w.handOver(0)
	a, b := <-key.answer, <-key.answer
	early := w.loop.conn(c.id).sec.phase == shaking // its step is not over, as far as the loop knows
	a()
	b()
	w.await()
	for range 20 {
		w.run()
		w.settle()
		if w.links[c.id].sends > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	c.hear()
	w.recv(c.id, c.take())
	w.await()
	w.run()
	w.settle()
	if !c.s.Ready() || len(w.conns) != 1 || !early {
		t.Errorf("ready %v, %d served", c.s.Ready(), len(w.conns))
	}
}

// When all workers have enough to do the others wait for the loop.
func TestHandOverIsBounded(t *testing.T) {
	std, entered, release := blocked()
	w := newCrew(t, std)
	const n = handshakeQueue + 10
	for range n {
		c := w.connect(0)
		c.hear()
		w.recv(c.id, c.take())
	}
	w.turn()
	<-entered
	if got := w.loop.Stats().HandedOver; got < handshakeQueue || got > handshakeQueue+1 {
		t.Errorf("%d were handed over, the queue is %d long", got, handshakeQueue)
	}
	if len(w.loop.hellos) != n-1-int(w.loop.Stats().HandedOver) {
		t.Errorf("%d wait", len(w.loop.hellos))
	}
	close(release)
}

// While workers are busy a loop leaves hellos to them, unless one has waited for long.
func TestBurstIsForWorkers(t *testing.T) {
	entered, release := make(chan struct{}), make(chan struct{})
	var calls atomic.Int32
	w := newCrew(t, &stdtls.Config{GetConfigForClient: func(*stdtls.ClientHelloInfo) (*stdtls.Config, error) {
		if calls.Add(1) == 2 {
			entered <- struct{}{}
			<-release
		}
		return nil, nil
	}})
	w.handOver(0)
	<-entered // the worker is in a step, and the loop's own has been made
	var late []*client
	for range handshakeQueue + 3 {
		c := w.connect(0)
		c.hear()
		w.recv(c.id, c.take())
		late = append(late, c)
	}
	for range 2 { // some in a turn
		w.turn()
	}
	if got := w.loop.Stats().HandedOver; got != 1+handshakeQueue {
		t.Errorf("%d were handed over, want the one before and as many as may wait", got)
	}
	last := late[len(late)-1]
	if len(w.loop.hellos) != 3 || last.take() != "" {
		t.Errorf("%d hellos wait: the loop took one, and was late for that long", len(w.loop.hellos))
	}
	if want := w.now + int64(reliefPatience); w.wake != want {
		t.Errorf("the loop wakes at %d, want %d, when patience ends", w.wake, want)
	}
	w.now = w.wake
	for range 3 { // one in each turn
		w.turn()
	}
	if len(w.loop.hellos) != 0 {
		t.Errorf("%d hellos wait still", len(w.loop.hellos))
	}
	close(release)
}
