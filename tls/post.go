package tls

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
	if s.useless++; s.useless > maxUseless {
		return View{Kind: Consumed}, s.fail(errUseless)
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
	if m[0] == msgNewSessionTicket {
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
	if m[4] == 1 && !s.closedOut {
		s.updateDue = true
	}
	return nil
}
