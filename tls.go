package ringwire

import (
	"errors"
	"runtime"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/tls"
)

// protocols is what the server speaks, for ALPN (RFC 7301).
var protocols = []string{"http/1.1"}

// prepareTLS checks what the server was told of TLS. The caller holds mu.
func (s *Server) prepareTLS() (err error) {
	cfg := *s.TLS
	if cfg.Protocols == nil {
		cfg.Protocols = protocols
	}
	s.tls, err = tls.NewEngine(cfg, tls.Server)
	if bad := (*tls.ConfigError)(nil); errors.As(err, &bad) {
		return &ConfigError{"TLS", err.Error()}
	}
	return err
}

// startHandshakers makes what relieves n loops, by default on the processors that these leave but
// one, which is for the rest of the process and of the machine. Where there is none there is no
// relief: a goroutine that takes turns with a loop on one processor takes longer ones than the one
// handshake step that a loop makes in a turn. The caller holds mu.
func (s *Server) startHandshakers(n int) {
	workers := s.HandshakeWorkers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0) - n - 1
	}
	if s.tls == nil || workers <= 0 {
		return
	}
	s.handshakers = conn.NewHandshakers(s.tls, s.shared, workers)
}

// stopHandshakers ends them, once the loops have ended.
func (s *Server) stopHandshakers() {
	if s.handshakers != nil {
		s.handshakers.Close()
	}
}

// logHandshakeFailed reports what every server on the Internet sees all day, and, in other
// words, what is a bug of the application's.
func (s *Server) logHandshakeFailed(c *conn.Conn, err error) {
	var crash *tls.PanicError
	if errors.As(err, &crash) {
		s.Logger.Error("ringwire: a callback of the TLS config panicked", "remote", c.RemoteAddr().String(),
			"panic", crash.Value, "stack", string(crash.Stack))
		return
	}
	s.logDebug("ringwire: TLS handshake failed", "why", err, "remote", c.RemoteAddr().String())
}
