package ringwire

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
)

// Many requests at once on few connections and few workers, each with its own answer.
func TestBlockingMany(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		var running, most atomic.Int32
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			body, _ := r.Body.View()
			time.Sleep(100 * time.Microsecond)
			fmt.Fprintf(w, "%s %s", r.Path(), body)
		})).ServeHTTP, func(s *Server) { s.Workers, s.WorkQueue = 4, -1 })
		var wg sync.WaitGroup
		for client := range 16 {
			wg.Go(func() {
				p := s.dial()
				for i := range 50 {
					path := fmt.Sprintf("/%d/%d", client, i)
					p.send(post(path, path+path))
					if a, err := p.tryResponse("POST"); err != nil || a.body != path+" "+path+path {
						t.Errorf("%s: got %q, %v", path, a.body, err)
					}
				}
			})
		}
		wg.Wait()
		if n := most.Load(); n > 4 || n < 2 {
			t.Errorf("at most %d handlers ran at once, want up to Workers: 4", n)
		}
	})
}

// When the handler has returned its last task is counted already. Were there a moment in
// between, an earlier task could find the job finished with nothing on its way, and free it.
func TestJobEndsInOneStep(t *testing.T) {
	loop := conn.NewLoop(conn.Config{Driver: deaf{}, Alloc: mem.NewAllocator(mem.Config{})})
	for range 2000 {
		ex := &exchange{svc: &service{srv: &Server{}, loop: loop}}
		watching := make(chan struct{})
		j := &job{ex: ex, h: HandlerFunc(func(*ResponseWriter, *Request) { <-watching })}
		j.cond.L = &j.mu
		watched := make(chan bool)
		go func() {
			close(watching)
			for {
				j.mu.Lock()
				finished, posted := j.finished, j.posted
				j.mu.Unlock()
				if finished {
					watched <- posted == 1
					return
				}
			}
		}()
		j.run()
		if !<-watched {
			t.Fatal("the job was finished before its last task was counted")
		}
	}
}

// deaf is a driver that takes tasks and does nothing.
type deaf struct{ conn.Driver }

func (deaf) Now() int64          { return 0 }
func (deaf) Clock() int64        { return 0 }
func (deaf) Post(conn.Task) bool { return true }

func TestBlockingInBlocking(t *testing.T) {
	s := start(t, DriverNetpoll, Blocking(Blocking(HandlerFunc(hello))).ServeHTTP)
	if a := s.dial().get("/x"); a.body != "hello /x" {
		t.Errorf("got %q", a.body)
	}
}

// Flush in a Blocking handler brings what was written to the client before it returns.
func TestBlockingFlush(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		more := make(chan struct{})
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			for i := range 3 {
				fmt.Fprintf(w, "event %d", i)
				if err := w.Flush(); err != nil {
					t.Error(err)
				}
				<-more
			}
		})).ServeHTTP)
		p := s.dial()
		p.send(get("/"))
		p.expectRaw("HTTP/1.1 200 OK\r\nDate: …\r\n"+textType+"Transfer-Encoding: chunked\r\n\r\n", "the head goes with the first Flush")
		for i := range 3 {
			p.expectRaw(chunk(fmt.Sprintf("event %d", i)), "the handler waits for us now")
			more <- struct{}{}
		}
		p.expectRaw("0\r\n\r\n", "the handler has returned")
	})
}

// A handler whose client has gone learns of it when it writes.
func TestBlockingClientGone(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		ended := make(chan error, 1)
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			for {
				if _, err := w.Write(make([]byte, flushAt)); err != nil {
					ended <- err
					return
				}
			}
		})).ServeHTTP)
		p := s.dial()
		p.send(get("/"))
		_, _ = io.ReadFull(p.r, make([]byte, 100_000))
		p.reset()
		select {
		case err := <-ended:
			if err != ErrConnClosed {
				t.Errorf("Write returned %v, want ErrConnClosed", err)
			}
		case <-time.After(patience):
			t.Error("the handler still writes to a client that has gone")
		}
		s.eventually("its exchange is freed", func(svc *service) bool { return svc.live() == 0 })
	})
}

// The server and net/http's client understand each other: bodies with and without a
// length, 100-continue, trailers, keep-alive, in both kinds of handlers.
func TestNetHTTPClient(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"echo": func(w *ResponseWriter, r *Request) {
			_ = w.Flush() // so that there are trailers
			_, _ = io.Copy(w, r.Body)
			_ = w.Trailer().Set("X-Got", r.Header("X-Sent"))
		}}), plain)
		tr := &http.Transport{ExpectContinueTimeout: patience, MaxIdleConnsPerHost: 8}
		defer tr.CloseIdleConnections()
		client := &http.Client{Transport: tr, Timeout: 2 * patience}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				for round := range 20 {
					body := pattern(i * 10_000)
					req, err := http.NewRequest("POST", "http://"+s.addr+[]string{"/echo", "/b/echo"}[round%2], strings.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					if round%3 == 0 {
						req.Body, req.ContentLength = io.NopCloser(onlyReader{strings.NewReader(body)}), -1
					}
					if round%5 == 0 {
						req.Header.Set("Expect", "100-continue")
					}
					req.Header.Set("X-Sent", itoa(round))
					res, err := client.Do(req)
					if err != nil {
						t.Error(err)
						return
					}
					got, err := io.ReadAll(res.Body)
					_ = res.Body.Close()
					if err != nil || !bytes.Equal(got, []byte(body)) || res.Trailer.Get("X-Got") != itoa(round) {
						t.Errorf("got %d of %d bytes, %v, trailer %v", len(got), len(body), err, res.Trailer)
					}
				}
			})
		}
		wg.Wait()
	})
}
