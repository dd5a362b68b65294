package fallback

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

const (
	minBackoff = 5 * time.Millisecond
	maxBackoff = time.Second
)

// longAgo as a deadline ends what waits now and whatever is tried next.
var longAgo = time.Unix(1, 0)

// acceptor accepts from one listener on a goroutine of its own.
type acceptor struct {
	l    *Loop
	ln   net.Listener
	done chan struct{} // closed by close

	mu     sync.Mutex
	cond   sync.Cond // paused or closed changed
	paused bool
	closed bool
}

// Listen makes the loop accept from ln. Each loop needs a listener of its own: the loop
// closes it. Any listener will do; *net.TCPListener and *net.UnixListener stop at once on
// PauseAccept, others may bring one connection more.
func (l *Loop) Listen(ln net.Listener) error {
	if ln == nil {
		return errors.New("fallback: listen: the listener is nil")
	}
	if l.deaf {
		return net.ErrClosed
	}
	a := &acceptor{l: l, ln: ln, done: make(chan struct{})}
	a.cond.L = &a.mu
	l.listeners = append(l.listeners, a)
	if l.paused {
		a.pause()
	}
	if l.ev != nil {
		a.start()
	}
	return nil
}

// PauseAccept stops accepting for now. On the loop.
func (l *Loop) PauseAccept() {
	l.paused = true
	for _, a := range l.listeners {
		a.pause()
	}
}

// ResumeAccept undoes PauseAccept. On the loop.
func (l *Loop) ResumeAccept() {
	l.paused = false
	for _, a := range l.listeners {
		a.resume()
	}
}

// StopAccept closes the listeners. On the loop.
func (l *Loop) StopAccept() { l.stopAccept() }

func (l *Loop) stopAccept() {
	l.deaf = true
	for _, a := range l.listeners {
		a.close()
	}
	l.listeners = nil
}

func (a *acceptor) start() { a.l.spawn(a.run) }

func (a *acceptor) run() {
	backoff := time.Duration(0)
	for a.admit() {
		nc, err := a.ln.Accept()
		switch {
		case err == nil:
			backoff = 0
			a.l.open(nc)
		case errors.Is(err, net.ErrClosed):
			return
		case a.interrupted(err):
		default:
			a.l.acceptFailed(err)
			backoff = min(max(2*backoff, minBackoff), maxBackoff)
			a.sleep(backoff)
		}
	}
}

// admit waits while accepting is paused. False means that it is over.
func (a *acceptor) admit() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for a.paused && !a.closed {
		a.cond.Wait()
	}
	return !a.closed
}

// interrupted tells whether err is of our own making: the end of the deadline that pause set.
func (a *acceptor) interrupted(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	_, ok := a.ln.(interface{ SetDeadline(time.Time) error })
	return ok
}

func (a *acceptor) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-a.done:
	}
}

func (a *acceptor) pause() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.paused {
		a.paused = true
		a.setDeadline(longAgo)
	}
}

func (a *acceptor) resume() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.paused {
		a.paused = false
		a.setDeadline(time.Time{})
		a.cond.Broadcast()
	}
}

func (a *acceptor) setDeadline(t time.Time) {
	if d, ok := a.ln.(interface{ SetDeadline(time.Time) error }); ok {
		_ = d.SetDeadline(t)
	}
}

func (a *acceptor) close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true
	a.cond.Broadcast()
	close(a.done)
	_ = a.ln.Close()
}

func (l *Loop) acceptFailed(err error) {
	l.enter()
	if !l.deaf {
		l.failed.push(err)
	}
	l.leave()
}
