package ringwire

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestShutdownClosesIdle(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello)
		fresh, used := s.dial(), s.dial()
		used.get("/")
		s.eventually("both are accepted", func(svc *service) bool { return svc.loop.Stats().Open == 2 })
		if err := within(5*time.Second, func() error { return s.Shutdown(context.Background()) }); err != nil {
			t.Fatalf("Shutdown with only idle connections: %v", err)
		}
		fresh.expectEnd("it never asked for anything")
		used.expectEnd("its request was answered")
		// Another process may have the port by now, and close it, too: that is a reset.
		if _, err := net.Dial("tcp", s.addr); !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("dialling after Shutdown gave %v, want it refused", err)
		}
	})
}

// Every way in which a request can be in progress is waited for, and its connection closed after it.
func TestShutdownDrains(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		entered, release := make(chan struct{}, 1), make(chan struct{})
		blocked := Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			entered <- struct{}{}
			<-release
			hello(w, r)
		}))
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/blocking" {
				blocked.ServeHTTP(w, r)
				return
			}
			hello(w, r)
		})
		work, body, head := s.dial(), s.dial(), s.dial()
		work.send(get("/blocking"))
		<-entered
		body.send("POST /body HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nab")
		head.send("GET /head HTTP/1.1\r\n")
		s.eventually("three requests are in progress", func(svc *service) bool { return svc.live() == 3 })

		ret := make(chan error, 1)
		go func() { ret <- s.Shutdown(context.Background()) }()
		s.eventually("it shuts down", func(svc *service) bool { return svc.loop.ShuttingDown() })
		// Another process may have the port by now, and close it, too: that is a reset.
		if _, err := net.Dial("tcp", s.addr); !errors.Is(err, syscall.ECONNREFUSED) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("dialling during Shutdown gave %v, want it refused", err)
		}
		body.send("cd")
		if a := body.expect("POST", 200, "hello /body", "the rest of the body came"); !a.Close {
			t.Error("the response does not say that the connection will be closed")
		}
		body.expectEnd("the server shuts down")
		head.send("Host: test\r\n\r\n")
		head.expect("GET", 200, "hello /head", "the rest of the head came")
		head.expectEnd("the server shuts down")
		select {
		case err := <-ret:
			t.Fatalf("Shutdown returned %v while a handler ran", err)
		case <-time.After(50 * time.Millisecond):
		}
		close(release)
		work.expect("GET", 200, "hello /blocking", "its handler was running when the shutdown began")
		work.expectEnd("the server shuts down")
		select {
		case err := <-ret:
			if err != nil {
				t.Errorf("Shutdown: %v", err)
			}
		case <-time.After(5 * time.Second):
			t.Error("Shutdown does not return although all connections are gone")
		}
	})
}

func TestShutdownCuts(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		entered, release := make(chan struct{}), make(chan struct{})
		defer close(release)
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
				close(entered)
				<-release
				hello(w, r)
			})).ServeHTTP(w, r)
		})
		p := s.dial()
		p.send(get("/"))
		<-entered
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		err := within(5*time.Second, func() error { return s.Shutdown(ctx) })
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("Shutdown returned %v, want the context's error", err)
		}
		if rest := p.expectGone("the context has ended"); rest != "" {
			t.Errorf("got %q of a response that was cut", rest)
		}
	})
}

// Close does not wait for handlers: they keep what they use until they return.
func TestCloseUnderWorker(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		entered, release, wrote := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
				close(entered)
				<-release
				if got := r.Path() + r.Header("X-Mark"); got != "/marked" {
					t.Errorf("the handler of a closed server reads %q of its request", got)
				}
				_, _ = w.WriteString("late")
				wrote <- w.Flush()
			})).ServeHTTP(w, r)
		})
		p := s.dial()
		p.send(get("/", "X-Mark: marked"))
		<-entered
		if err := within(5*time.Second, s.Close); err != nil {
			t.Fatalf("Close while a handler runs: %v", err)
		}
		close(release)
		if err := <-wrote; err != ErrConnClosed {
			t.Errorf("writing to a closed connection returned %v, want ErrConnClosed", err)
		}
	})
}

// A handler that blocks its loop cannot be cut, but Shutdown keeps its word about ctx.
func TestShutdownUnderBlockedLoop(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		entered, release := make(chan struct{}), make(chan struct{})
		open := sync.OnceFunc(func() { close(release) })
		s := start(t, driver, func(w *ResponseWriter, r *Request) { close(entered); <-release })
		t.Cleanup(open) // before the server is closed
		p := s.dial()
		p.send(get("/"))
		<-entered
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		err := within(patience, func() error { return s.Shutdown(ctx) })
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "blocks its loop") {
			t.Errorf("Shutdown returned %v, want the context's error and why it was not in order", err)
		}
		open()
		if err := within(patience, s.Close); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// A request that was in progress when Shutdown began may still upgrade; its new protocol is
// asked to end like the others.
func TestShutdownThenUpgrade(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		e := &rawEcho{make(chan string, 10)}
		s := start(t, driver, upgradeTo(e))
		p := s.dial()
		p.send(upgradeRequest[:20])
		s.eventually("the head is in progress", func(svc *service) bool { return svc.live() == 1 })
		ret := make(chan error, 1)
		go func() { ret <- s.Shutdown(context.Background()) }()
		s.eventually("it shuts down", func(svc *service) bool { return svc.loop.ShuttingDown() })
		p.send(upgradeRequest[20:])
		p.expectRaw(switching, "it was in progress")
		e.expect(t, "shutdown", "the new protocol is asked to end")
		e.expect(t, "close", "and did")
		p.expectEnd("")
		if err := within(patience, func() error { return <-ret }); err != nil {
			t.Errorf("Shutdown: %v", err)
		}
	})
}
