package ringwire

import (
	"errors"
	"log/slog"
	"os"
	"syscall"
	"testing"
)

// Where the log's disk is full, what is logged is lost; nothing else is.
func TestLogDiskFull(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() == "/panic" {
				panic("as planned")
			}
			hello(w, r)
		}, func(s *Server) {
			s.Logger = slog.New(slog.NewTextHandler(full, &slog.HandlerOptions{Level: slog.LevelDebug}))
		})
		for range 3 {
			p := s.dial()
			p.get("/")
			p.send(get("/panic"))
			if a := p.response("GET"); a.StatusCode != 500 {
				t.Errorf("a panic was answered with %d", a.StatusCode)
			}
			bad := s.dial()
			bad.send("no request\r\n\r\n")
			if a := bad.response("GET"); a.StatusCode != 400 {
				t.Errorf("nonsense was answered with %d", a.StatusCode)
			}
		}
		if err := s.WriteFlight(full); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("WriteFlight to a full disk: %v", err)
		}
		s.dial().get("/")
	})
}
