package tls

// A client's session tickets have to get into crypto/tls's ClientSessionCache, and only
// crypto/tls can put them there: it does not tell the secret from which they are resumed. So it
// is kept for a while after the handshake, and each ticket that we have opened is sealed
// again, under the first key and with the number that crypto/tls waits for, and given to it.
// That record never leaves the process.

// maxFed is how many tickets are passed on. Servers send one to four.
const maxFed = 4

type ticketFeed struct {
	hs  *handshake
	key half // as crypto/tls has it
	fed int
}

// keepForTickets keeps crypto/tls if there is a cache to fill.
func (s *Session) keepForTickets() {
	if !s.client || s.loop.std.ClientSessionCache == nil || s.loop.std.SessionTicketsDisabled {
		return
	}
	f := &ticketFeed{hs: s.hs}
	if f.key.install(s.in.suite, s.in.secret[:secretLen(s.in.suite)]) == nil {
		s.feed = f
	}
}

func secretLen(suite uint16) int {
	_, n := suiteHash(suite)
	return n
}

func (s *Session) dropFeed() {
	if s.feed != nil {
		s.feed.key.wipe()
		s.feed = nil
	}
}

// feedTicket passes one NewSessionTicket message on.
func (s *Session) feedTicket(m []byte) {
	f := s.feed
	if f == nil {
		return
	}
	for len(m) > 0 {
		n := min(len(m), MaxPlaintext)
		rec := make([]byte, Head+n+Tail)
		copy(rec[Head:], m[:n])
		f.hs.in, f.hs.used, f.hs.out = f.key.seal(rec, n, typeHandshake), 0, nil
		var none [1]byte
		_, err := f.hs.conn.Read(none[:])
		f.hs.in, s.reply = nil, nil // it has no answer to a ticket; to a bad one it would be an alert
		m = m[n:]
		if err != errWouldBlock {
			s.dropFeed()
			return
		}
	}
	if f.fed++; f.fed == maxFed {
		s.dropFeed()
	}
}
