package tls

import (
	stdtls "crypto/tls"
	"net/netip"

	"github.com/ringwire/ringwire/mem"
)

// State is how far a handshake has come.
type State uint8

const (
	NeedInput State = iota // more bytes of the peer's
	Waiting                // an AsyncSigner's answer: Step is called again when it is there
	Ready                  // nothing: records can be opened and sealed
)

// Kind says what a record brought.
type Kind uint8

const (
	Data        Kind = iota // plaintext
	Consumed                // nothing for the application
	NeedSend                // nothing for the application, but something to send: Pending
	CloseNotify             // the peer will send nothing more
)

// View is an opened record's content.
type View struct {
	Kind Kind
	Data []byte // of Kind Data: within the record, or valid until the next Open on this loop
}

// Session is the TLS side of one connection. It belongs to its loop: see the package comment.
//
// Its first fatal error stays: nothing is opened, sealed or sent afterwards, but for one
// alert, which Pending appends.
type Session struct {
	loop   *Loop
	hs     *handshake // while it lasts; with RecordStream for ever
	in     half
	out    half
	post   []byte // the part that has come of a post-handshake message
	reply  []byte // sealed by crypto/tls, to be sent
	feed   *ticketFeed
	err    error
	info   *Info
	addrs  func(remote bool) netip.AddrPort
	wake   func()
	alert  Alert // to be sent
	client bool
	ready  bool
	stream bool // RecordStream

	alertDue  bool
	updateDue bool  // a KeyUpdate is to be sent
	closedIn  bool  // the peer's close_notify has come
	closedOut bool  // ours has gone
	useless   uint8 // records in a row without data
}

// Move binds the session to another loop of its engine, which has it from then on: after the
// handshake, when that was made elsewhere.
func (s *Session) Move(to *Loop) { s.loop = to }

// SetAddrs gives callbacks of the Config a way to ask for the connection's addresses.
func (s *Session) SetAddrs(f func(remote bool) netip.AddrPort) { s.addrs = f }

// SetWake has f called, on any goroutine, when a Waiting session should be stepped again.
func (s *Session) SetWake(f func()) { s.wake = f }

// Rest lets go of what an idle session can make again: three quarters of its memory. The
// next record in either direction does so, in less than 1 µs, and allocates. Nothing changes
// with RecordStream, or before the handshake is over.
func (s *Session) Rest() {
	s.in.rest()
	s.out.rest()
}

// Ready reports whether the handshake has succeeded.
func (s *Session) Ready() bool { return s.ready }

// Err is the error that ended the session, nil while it lives.
func (s *Session) Err() error { return s.err }

// Info is what the handshake has found out, nil before its end.
func (s *Session) Info() *Info { return s.info }

// Step goes on with the handshake: it is given received bytes and returns how many it used,
// and appends what is to be sent to out, also when it fails: the alert. Bytes that are left
// when it is Ready are records for Open. A client's first Step needs no bytes.
func (s *Session) Step(in []byte, out *mem.Writer) (used int, state State, err error) {
	switch {
	case s.err != nil:
		return 0, NeedInput, ErrClosed
	case s.ready:
		return 0, Ready, nil
	}
	hs := s.hs
	if hs.next == nil {
		if !s.client {
			if len(in) == 0 {
				return 0, NeedInput, nil
			}
			if in[0] != typeHandshake && in[0] != typeAlert {
				return 0, NeedInput, s.refusePlaintext(out)
			}
		}
		hs.begin()
	}
	hs.wanted = false
	used = hs.resume(in, out)
	switch {
	case !hs.done && hs.wanted:
		return used, Waiting, nil
	case !hs.done:
		return used, NeedInput, nil
	case hs.err != nil:
		return used, NeedInput, s.end(peerAlert(hs.err))
	}
	if err := s.finish(); err != nil {
		return used, NeedInput, s.end(err)
	}
	return used, Ready, nil
}

// refusePlaintext answers who does not speak TLS with an alert, the only answer that is not
// an invention.
func (s *Session) refusePlaintext(out *mem.Writer) error {
	_, _ = out.Write([]byte{typeAlert, 3, 1, 0, 2, 2, byte(AlertUnexpectedMessage)})
	return s.end(ErrPlaintext)
}

// finish chooses the record plane, which is the connection's for life.
func (s *Session) finish() error {
	hs := s.hs
	state := hs.conn.ConnectionState()
	s.info = newInfo(&state)
	s.addrs, s.wake = nil, nil // nobody asks any more
	s.ready = true
	if state.Version != stdtls.VersionTLS13 || !s.loop.engine.inPlace {
		hs.wipe()
		s.stream = true
		s.info.Plane = RecordStream
		return nil
	}
	if err := s.takeOver(state.CipherSuite); err != nil {
		return err
	}
	s.info.Plane = RecordInPlace
	s.keepForTickets()
	s.hs = nil
	return nil
}

// end latches the first fatal error, and forgets the keys but what an alert needs.
func (s *Session) end(err error) error {
	if s.err == nil {
		s.err = err
	}
	s.in.wipe()
	s.dropFeed()
	clear(s.post)
	s.post, s.updateDue = nil, false
	if s.hs != nil {
		s.hs.wipe()
	}
	if !s.alertDue {
		s.out.wipe()
	}
	return s.err
}

// fail is end for the peer's violations, which are answered by an alert.
func (s *Session) fail(e *ProtocolError) error {
	if s.err == nil && !s.closedOut {
		s.alert, s.alertDue = e.Alert, true
	}
	return s.end(e)
}

// Pending appends what the session itself has to send: a KeyUpdate, an alert. It comes
// after what was sealed before and before what is sealed next.
func (s *Session) Pending(out *mem.Writer) {
	if len(s.reply) > 0 {
		_, _ = out.Write(s.reply)
		s.reply = nil
	}
	if s.updateDue {
		s.updateDue = false
		s.sealControl(out, typeHandshake, []byte{msgKeyUpdate, 0, 0, 1, 0})
		if err := s.out.update(); err != nil {
			_ = s.end(err)
		}
	}
	if s.alertDue {
		s.alertDue = false
		s.sealControl(out, typeAlert, []byte{2, byte(s.alert)})
		s.out.wipe()
	}
}

// Owes reports whether Pending has something to append.
func (s *Session) Owes() bool { return s.alertDue || s.updateDue || len(s.reply) > 0 }

func (s *Session) sealControl(out *mem.Writer, contentType byte, p []byte) {
	buf := out.Reserve(Head + len(p) + Tail)
	buf = buf[:Head+len(p)]
	copy(buf[Head:], p)
	out.Commit(len(s.out.seal(buf[:cap(buf)], len(p), contentType)))
}

// Close appends close_notify. Nothing can be sealed afterwards; records are opened still.
func (s *Session) Close(out *mem.Writer) {
	if s.err != nil || !s.ready || s.closedOut {
		return
	}
	s.Pending(out)
	s.closedOut = true
	if s.stream {
		s.hs.out = out
		_ = s.hs.conn.CloseWrite()
		s.hs.out = nil
		return
	}
	s.sealControl(out, typeAlert, []byte{1, byte(AlertCloseNotify)})
	s.out.wipe()
}

// End says that the transport has ended. It returns nil if the peer had said so before by
// close_notify, and ErrTruncated if not.
func (s *Session) End() error {
	if s.closedIn {
		return nil
	}
	return ErrTruncated
}

// Abort ends the session at once and forgets its keys. It is always the last call, and made
// where Step is.
func (s *Session) Abort() {
	_ = s.end(ErrClosed)
	s.alertDue = false
	s.out.wipe()
	if s.hs != nil {
		s.hs.abort()
		s.hs = nil
	}
	s.ready, s.reply = false, nil // crypto/tls may have said something while it was unwound
}

// Greeted reports whether p, the first bytes of a client, hold its first record, or show
// that there will be none. Before that a server need not have a session.
func Greeted(p []byte) bool {
	if len(p) > 0 && p[0] != typeHandshake {
		return true
	}
	if len(p) < Head {
		return false
	}
	n := bodyLen(p)
	return len(p) >= Head+n || n > maxRecord12 // which no handshake waits for
}
