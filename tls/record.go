package tls

import (
	"github.com/ringwire/ringwire/internal/plant"
	"github.com/ringwire/ringwire/mem"
)

// maxUseless is how many records in a row may carry no data: empty ones, KeyUpdates, warnings.
const maxUseless = 16

// Frame looks at the beginning of received bytes. It returns the length n of the record to be
// given to Open, or, when n is 0, how many bytes are missing at least before that can be said.
// A record that Open will refuse for its header is not waited for.
func (s *Session) Frame(p []byte) (n, missing int) {
	if len(p) < Head {
		return 0, Head - len(p)
	}
	n = Head + bodyLen(p)
	switch {
	case s.stream && n > Head+maxRecord12, !s.stream && badHeader(p) != nil:
		return min(n, len(p)), 0
	case n > len(p):
		return 0, n - len(p)
	}
	return n, 0
}

// Open decrypts one whole record, in place, and returns what it held. An error is fatal to
// the session; Pending has the alert.
func (s *Session) Open(rec []byte) (View, error) {
	switch {
	case s.err != nil, !s.ready:
		return View{Kind: Consumed}, ErrClosed
	case s.closedIn:
		return View{Kind: Consumed}, nil // what follows is ignored (RFC 8446 §6.1)
	case s.stream:
		return s.openStream(rec)
	}
	content, contentType, failed := s.in.open(rec)
	if failed != nil {
		if plant.On(plant.ForgeryIgnored) {
			return View{Kind: Consumed}, nil
		}
		return View{Kind: Consumed}, s.fail(failed)
	}
	if len(s.post) > 0 && contentType != typeHandshake {
		return View{Kind: Consumed}, s.fail(errInterleaved)
	}
	switch contentType {
	case typeData:
		if len(content) > 0 {
			s.useless = 0
			return View{Data, content}, nil
		}
		return s.countUseless()
	case typeHandshake:
		return s.postHandshake(content)
	case typeAlert:
		return s.takeAlert(content)
	}
	return View{Kind: Consumed}, s.fail(errInnerType)
}

func (s *Session) takeAlert(p []byte) (View, error) {
	if len(p) != 2 {
		return View{Kind: Consumed}, s.fail(errAlertLength)
	}
	switch a := Alert(p[1]); a { // the level says nothing any more (RFC 8446 §6)
	case AlertCloseNotify:
		s.closedIn = true
		s.in.wipe()
		return View{Kind: CloseNotify}, nil
	case AlertUserCanceled:
		return s.countUseless()
	default:
		return View{Kind: Consumed}, s.end(&PeerError{a})
	}
}

func (s *Session) countUseless() (View, error) {
	if s.useless++; s.useless > maxUseless {
		return View{Kind: Consumed}, s.fail(errUseless)
	}
	return View{Kind: Consumed}, nil
}

// Seal makes a record of the n bytes at buf[Head:Head+n], in place, and returns it: a slice of
// buf, which must have Tail bytes more. n is at most MaxPlaintext. It returns nil when the
// session is over. A sealed record is sent as it is, or never: sealing again would use up another
// number. With RecordStream use Encrypt.
func (s *Session) Seal(buf []byte, n int) []byte {
	if s.err != nil || s.closedOut || s.stream || !s.ready {
		return nil
	}
	if s.out.seq >= refuseAfter {
		_ = s.fail(errExhausted)
		return nil
	}
	rec := s.out.seal(buf, n, typeData)
	if s.out.seq >= updateAfter {
		s.updateDue = true
	}
	return rec
}

// recordPayload is what one record carries of a long output: the record then fills a
// lease of 16 KiB.
const recordPayload = MaxPlaintext - Head - Tail

// Encrypt moves up to limit bytes from the front of from into records at the end of out, after
// what is Pending, and returns how many. When the session is over it moves nothing.
func (s *Session) Encrypt(out *mem.Writer, from *mem.Segments, limit int) (moved int) {
	for from.Len() > 0 && moved < limit {
		if s.Owes() {
			s.Pending(out)
		}
		n := min(from.Len(), recordPayload, limit-moved)
		if s.stream {
			if n = s.encryptStream(out, from, n); n == 0 {
				break
			}
			moved += n
			continue
		}
		if s.err != nil || s.closedOut || !s.ready {
			break
		}
		buf := out.Reserve(Head + n + Tail)
		buf = buf[:Head+n+Tail]
		_, _ = from.Read(buf[Head : Head+n])
		out.Commit(len(s.Seal(buf, n)))
		moved += n
	}
	return moved
}
