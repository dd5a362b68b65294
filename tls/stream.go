package tls

import (
	"errors"
	"io"
	"net"
	"reflect"

	"github.com/ringwire/ringwire/mem"
)

// With RecordStream crypto/tls keeps the records: it is given each as it arrives and asked
// for what was in it.

// openStream is Open with RecordStream.
func (s *Session) openStream(rec []byte) (View, error) {
	hs := s.hs
	hs.in, hs.used = rec, 0
	n, err := hs.conn.Read(s.loop.plain())
	hs.in = nil
	switch {
	case n > 0:
		return View{Data, s.loop.plain()[:n]}, nil
	case errors.Is(err, errWouldBlock) && s.Owes():
		return View{Kind: NeedSend}, nil
	case errors.Is(err, errWouldBlock):
		return View{Kind: Consumed}, nil
	case err == io.EOF:
		s.closedIn = true
		return View{Kind: CloseNotify}, nil
	}
	return View{Kind: Consumed}, s.end(peerAlert(err))
}

// peerAlert is err, or the alert that crypto/tls tells by it.
func peerAlert(err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" {
		if v := reflect.ValueOf(op.Err); v.Kind() == reflect.Uint8 { // of a type that is not exported
			return &PeerError{Alert(v.Uint())}
		}
	}
	return err
}

// encryptStream moves bytes of the first piece of from into records at the end of out.
func (s *Session) encryptStream(out *mem.Writer, from *mem.Segments, limit int) int {
	if s.err != nil || s.closedOut || !s.ready {
		return 0
	}
	p := from.First()
	p = p[:min(len(p), limit)]
	s.hs.out = out
	n, err := s.hs.conn.Write(p)
	s.hs.out = nil
	if err != nil {
		_ = s.end(err)
		return 0
	}
	from.Discard(n)
	return n
}
