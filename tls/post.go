package tls

import "github.com/ringwire/ringwire/internal/plant"

// Messages that come after the handshake (RFC 8446 §4.6).
const (
	msgNewSessionTicket = 4
	msgKeyUpdate        = 24
)

// maxPost bounds a post-handshake message with its header. A client gets tickets, which hold
// what the server wants to remember; a server gets nothing but KeyUpdates.
const (
	maxPostClient = 4 + 64<<10
	maxPostServer = 4 + 1
)

// postHandshake takes the bytes of one record, in which messages are whole, or parts.
func (s *Session) postHandshake(p []byte) (View, error) {
	if len(p) == 0 {
		return View{Kind: Consumed}, s.fail(errEmptyHandshake)
	}
	if len(s.post) > 0 {
		s.post = append(s.post, p...)
		p = s.post
	}
	for len(p) >= 4 {
		n := 4 + int(p[1])<<16 + int(p[2])<<8 + int(p[3])
		if failed := s.admitPost(p[0], n); failed != nil {
			return View{Kind: Consumed}, s.fail(failed)
		}
		if len(p) < n {
			break
		}
		if failed := s.takePost(p[:n], len(p) > n); failed != nil {
			return View{Kind: Consumed}, s.fail(failed)
		}
		p = p[n:]
	}
	if rest := append(s.post[:0], p...); len(rest) > 0 {
		s.post = rest
	} else {
		s.post = nil
	}
	if s.Owes() {
		return View{Kind: NeedSend}, nil
	}
	return View{Kind: Consumed}, nil
}

// admitPost judges a message by its header, before any of it is kept.
func (s *Session) admitPost(kind byte, n int) *ProtocolError {
	limit := maxPostServer
	if s.client {
		limit = maxPostClient
	}
	switch {
	case kind != msgKeyUpdate && (kind != msgNewSessionTicket || !s.client):
		return errPostType
	case kind == msgKeyUpdate && n != maxPostServer:
		return errUpdateLength
	case n > limit:
		return errPostLength
	}
	return nil
}

// takePost takes one whole message; more says that others follow in the same record.
func (s *Session) takePost(m []byte, more bool) *ProtocolError {
	if s.useless++; s.useless > maxUseless { // parts of messages are bounded by their length
		return errUseless
	}
	if m[0] == msgNewSessionTicket {
		if !validTicket(m[4:]) {
			return errTicket
		}
		s.feedTicket(m)
		return nil
	}
	switch {
	case m[4] > 1:
		return errUpdateValue
	case more:
		return errUpdateLast
	}
	if err := s.in.update(); err != nil {
		return errExhausted
	}
	s.dropFeed() // crypto/tls does not know of the new key
	if m[4] == 1 && !s.closedOut && !plant.On(plant.UpdateNotAnswered) {
		s.updateDue = true
	}
	return nil
}

// validTicket reports whether p is the body of a NewSessionTicket (RFC 8446 §4.6.1): lifetime and
// age, a nonce, a ticket that is not empty, extensions.
func validTicket(p []byte) bool {
	if len(p) < 9 || len(p) < 9+int(p[8]) {
		return false
	}
	ticket, p := vector16(p[9+int(p[8]):])
	if len(ticket) == 0 {
		return false
	}
	_, rest := vector16(p)
	return rest != nil && len(rest) == 0
}

// vector16 splits p behind a vector with a length of two bytes; rest is nil if it is cut.
func vector16(p []byte) (v, rest []byte) {
	if len(p) < 2 {
		return nil, nil
	}
	n := 2 + int(p[0])<<8 + int(p[1])
	if len(p) < n {
		return nil, nil
	}
	return p[2:n], p[n:]
}
