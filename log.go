package ringwire

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
)

// stackOf is the stack of a panic, nil for one that asks not to be logged.
func stackOf(v any) []byte {
	if v == ErrAbortHandler {
		return nil
	}
	return debug.Stack()
}

// logPanic reports a handler's panic. The target is cut short: it comes from outside.
func (s *Server) logPanic(ex *exchange, v any, stack []byte) {
	if v == ErrAbortHandler {
		return
	}
	s.Logger.Error("ringwire: handler panicked", append(about(ex), "panic", fmt.Sprint(v), "stack", string(stack))...)
}

// logTickPanic reports a panic of a tick's function, the first since the last report.
func (s *Server) logTickPanic(t *Tick, v any, stack []byte, n int) {
	s.Logger.Error("ringwire: tick panicked", "tick", t.N(), "every", t.part.ticker.cfg.Every, "loop", t.loop,
		"times", n, "panic", fmt.Sprint(v), "stack", string(stack))
}

// logFailure reports a response that could not be completed.
func (s *Server) logFailure(ex *exchange, err error) {
	s.Logger.Warn("ringwire: response cut", append(about(ex), "err", err)...)
}

func (s *Server) logAcceptFailed(err error) {
	s.Logger.Warn("ringwire: accept failed, will try again", "err", err,
		"remedy", "for 'too many open files' raise ulimit -n or set MaxConns below it")
}

// logLeak reports memory that did not come home: a bug of this module.
func (s *Server) logLeak(err error) {
	if err != nil {
		s.Logger.Error("ringwire: memory was not given back", "err", err)
	}
}

// logDebug is for what every server on the Internet sees all day.
func (s *Server) logDebug(msg string, args ...any) {
	if s.Logger.Enabled(context.Background(), slog.LevelDebug) {
		s.Logger.Debug(msg, args...)
	}
}

// maxLogged is how much of a request target is logged.
const maxLogged = 256

func about(ex *exchange) []any {
	if ex == nil {
		return nil
	}
	target := ex.head.Target()
	return []any{"method", string(ex.head.Method()), "target", string(target[:min(len(target), maxLogged)]),
		"remote", ex.addr(true).String()}
}
