package ringwire

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn/conntest/sim"
)

// A pipeline whose answers the client is slow to take is not idle: every request is answered, and only then
// does the idle timeout count.
func TestIdleTimeoutWaitsForPipeline(t *testing.T) {
	s := sim.New(sim.Config{Window: 64 << 10})
	srv := &Server{Config: testConfig(DriverNetpoll), Handler: HandlerFunc(func(w *ResponseWriter, r *Request) {
		_, _ = w.WriteString(strings.Repeat("x", 8000))
	})}
	srv.IdleTimeout, srv.WriteTimeout = time.Second, 10*time.Second
	if err := srv.prepare(); err != nil {
		t.Fatal(err)
	}
	svc := srv.newService(s, 1)
	srv.services = []*service{svc}
	_ = s.Listen(s.NewListener())
	s.Begin(svc.loop)
	p := s.Dial()
	_, _ = p.Write(bytes.Repeat([]byte("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 60)) // twice what makes it congested
	s.Advance(3 * time.Second)
	got, b := 0, make([]byte, 64<<10)
	for range 1000 {
		n, err := p.Read(b)
		if err != nil {
			t.Fatalf("%v after %d answers", err, got)
		}
		if got += bytes.Count(b[:n], []byte("HTTP/1.1 200 OK")); got >= 59 {
			break // the last head may be split
		}
		s.Advance(time.Millisecond)
	}
	if got < 59 {
		t.Fatalf("%d answers to 60 requests", got)
	}
	for range 20 {
		_, _ = p.Read(b)
		s.Advance(time.Millisecond)
	}
	s.Advance(900 * time.Millisecond)
	if n := s.Open(); n != 1 {
		t.Error("it is closed before it has been idle for a second")
	}
	s.Advance(1200 * time.Millisecond)
	_ = p.Close()
	s.Advance(time.Second)
	if n := s.Open(); n != 0 {
		t.Error("it is open after two idle seconds")
	}
	s.Stop()
	s.Step()
	if held := holdings(srv); held != "" {
		t.Error(held)
	}
}
