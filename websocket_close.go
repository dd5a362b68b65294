package ringwire

import (
	"fmt"

	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/proto/ws"
)

// Status codes of a WebSocket's end (RFC 6455 §7.4.1 and IANA's registry). An application has those
// from 4000 to 4999 for itself, a library those from 3000 on.
const (
	CloseNormal             = int(ws.NormalClosure)
	CloseGoingAway          = int(ws.GoingAway)
	CloseProtocolError      = int(ws.ProtocolError)
	CloseUnsupportedData    = int(ws.UnsupportedData)
	CloseNoStatus           = int(ws.NoStatus) // none was given
	CloseAbnormal           = int(ws.Abnormal) // the connection ended without a Close
	CloseInvalidPayload     = int(ws.InvalidPayload)
	ClosePolicyViolation    = int(ws.PolicyViolation)
	CloseMessageTooBig      = int(ws.TooLarge)
	CloseMandatoryExtension = int(ws.MandatoryExtension)
	CloseInternalError      = int(ws.InternalError)
	CloseServiceRestart     = int(ws.ServiceRestart)
	CloseTryAgainLater      = int(ws.TryAgainLater)
	CloseBadGateway         = int(ws.BadGateway)
)

// CloseError says how a WebSocket ended. It may be kept.
type CloseError struct {
	Code   int    // the peer's if Remote, else this side's; CloseAbnormal if neither has closed
	Reason string // likewise
	Remote bool   // the peer has closed first
	Clean  bool   // each side has sent its Close (RFC 6455 §7.1.4)

	// Err is what broke the connection, or which rule the peer has broken; nil when it was closed
	// by one side's wish.
	Err error
}

func (e *CloseError) Error() string {
	who := "closed"
	if e.Remote {
		who = "closed by the peer"
	}
	text := fmt.Sprintf("ringwire: websocket %s with %d", who, e.Code)
	if e.Reason != "" {
		text += fmt.Sprintf(" %q", e.Reason)
	}
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns Err.
func (e *CloseError) Unwrap() error { return e.Err }

// Close begins the end: code and reason are sent behind all that was written, and the peer answers with its own
// Close, for which CloseTimeout is waited. Nothing can be sent afterwards, and no message is
// handed out any more; OnClose follows. It fails with ErrConnClosed when the end has begun already,
// and with what is wrong about a code that must not be sent, or a reason of more than 123
// bytes or that is not UTF-8. CloseNoStatus sends neither.
func (s *WebSocket) Close(code int, reason string) error {
	if s.state != wsOpen {
		return ErrConnClosed
	}
	if code < 0 || code > 0xffff {
		return ws.ErrBadCode
	}
	if s.late() != nil { // only answers were waited for
		s.block.conclude(s)
		return ErrConnClosed
	}
	if err := s.eng.AppendClose(s.conn.Output(), uint16(code), reason, s.key()); err != nil {
		return err
	}
	s.end = &CloseError{Code: code, Reason: reason}
	s.state = wsClosing
	s.conn.Flush()
	if !plant.On(plant.CloseNotTimed) {
		s.conn.SetDeadline(s.after(s.set.closeTimeout))
	}
	s.proceed()
	return nil
}

// peerClosed takes the peer's Close. A server ends the connection then; a client waits for that, so that
// it is the server's side which keeps the port in TIME_WAIT (RFC 6455 §7.1.1).
func (s *WebSocket) peerClosed(code uint16, reason []byte) {
	end := &CloseError{Code: int(code), Reason: string(reason), Remote: true}
	if s.block == nil || !s.block.hold(s, end) {
		s.answerClose(end)
	}
}

// answerClose gives a Close back, or notes that it is the answer to this side's.
func (s *WebSocket) answerClose(end *CloseError) {
	if s.end == nil {
		s.end = end
		_ = s.eng.AppendClose(s.conn.Output(), uint16(end.Code), "", s.key())
		s.conn.Flush()
	}
	s.end.Clean = true
	if s.client && !s.eof {
		s.state = wsClosing
		s.conn.SetDeadline(s.after(s.set.closeTimeout))
		return
	}
	s.leave(false)
}

// broken ends a connection whose peer has broken the rules (RFC 6455 §7.1.7).
func (s *WebSocket) broken(err *ws.Error) {
	end := &CloseError{Code: int(err.Code), Reason: err.Text, Err: err}
	if s.block == nil || !s.block.hold(s, end) {
		s.fail(end.Code, end.Reason, end.Err)
	}
}

// fail ends the connection for a reason of this side's.
func (s *WebSocket) fail(code int, reason string, err error) {
	if s.end == nil {
		s.end = &CloseError{Code: code, Reason: reason, Err: err}
		_ = s.eng.AppendClose(s.conn.Output(), uint16(code), reason, s.key()) // it was not sent before
		s.conn.Flush()
	}
	s.leave(true)
}

// abandon ends a connection of which nothing is to be hoped any more.
func (s *WebSocket) abandon(err error) {
	switch {
	case s.end == nil:
		s.end = &CloseError{Code: CloseAbnormal, Err: err}
	case !s.end.Clean && s.end.Err == nil:
		s.end.Err = err
	}
	s.state = wsLeaving
	s.conn.Abort(err)
}

// leave closes the connection once its output has gone out. With linger the peer may still be
// sending.
func (s *WebSocket) leave(linger bool) {
	s.state = wsLeaving
	if linger && !s.eof {
		s.conn.CloseLinger()
	} else {
		s.conn.Close()
	}
}
