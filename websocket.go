package ringwire

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"
	"unsafe"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/ws"
	"github.com/ringwire/ringwire/tls"
)

// WebSocket is one connection that speaks WebSocket (RFC 6455). Upgrade makes it on a server,
// Dial on a client. It belongs to its connection's loop: its methods are for the callbacks of its
// WebSocketConfig, and for functions given to Post, which is the one method for other
// goroutines. It may be kept for as long as one likes; when the connection is gone its
// methods fail with ErrConnClosed.
//
// What is sent in a turn of the loop leaves together, at the turn's end. While the peer does not
// take what was sent, its own messages are not taken either.
type WebSocket struct {
	// Value is the application's.
	Value any

	eng   ws.Engine
	set   *wsSettings
	host  *wsHost
	conn  *conn.Conn // nil before it is open, and when it is gone
	http  *h1Conn    // the server's side of the upgrade
	end   *CloseError
	block *BlockingWebSocket // nil unless it is of the blocking form
	proto string

	topics []topicPlace // what it is subscribed to

	heard  int64 // loop time at which the peer's last bytes came
	pinged int64 // when the ping was sent that is not answered, 0 for none
	begun  int64 // when the message began that is not complete, 0 for none

	refilled int64 // when the peer was last given a fresh allowance of control frames

	agreed ws.Compression
	state  wsState
	client bool
	eof    bool // the peer will send nothing more
	held   bool // input waits for the output to drain
	full   bool // the application is to be told when the output has drained
	paused bool // input waits for the reader
}

// wsState is how far a WebSocket is. Each follows the one before.
type wsState uint8

const (
	wsOpening wsState = iota
	wsOpen
	wsClosing // the peer's Close, or its end, is awaited
	wsLeaving // the connection is being closed
	wsGone
)

// Send sends p, which is copied, as one message. Text must be UTF-8; that is not checked. It
// fails with ErrConnClosed when the connection is closing or gone, and with ErrBufferFull,
// sending nothing, when MaxBuffered bytes wait already.
func (s *WebSocket) Send(kind MessageKind, p []byte) error {
	if err := s.admit(); err != nil {
		return err
	}
	if err := s.eng.AppendMessage(s.conn.Output(), ws.Opcode(kind), p, s.key()); err != nil {
		return err
	}
	s.sent(len(p))
	return nil
}

// SendText is Send of a text.
func (s *WebSocket) SendText(text string) error {
	return s.Send(TextMessage, unsafe.Slice(unsafe.StringData(text), len(text))) // it is only read
}

// SendBinary is Send of bytes.
func (s *WebSocket) SendBinary(p []byte) error { return s.Send(BinaryMessage, p) }

// SendSegments sends the bytes of segs as one message, which is not compressed; on a server
// they are not copied. segs is empty afterwards, also when it fails. The loop must be allowed to
// release its leases: see ResponseWriter.Append.
func (s *WebSocket) SendSegments(kind MessageKind, segs *mem.Segments) error {
	n := segs.Len()
	err := s.admit()
	if err == nil {
		err = s.eng.AppendSegments(s.conn.Output(), ws.Opcode(kind), segs, s.key())
	}
	if err != nil {
		segs.Release()
		return err
	}
	s.sent(n)
	return nil
}

// Echo sends a message back, or on to another connection: as Send of its bytes.
func (s *WebSocket) Echo(m Message) error {
	if m.segs == nil || s.client || s.agreed.Enabled {
		return s.Send(m.Kind, m.View())
	}
	var segs mem.Segments
	m.Clone(&segs)
	return s.SendSegments(m.Kind, &segs)
}

// Ping sends a ping with a payload of up to 125 bytes; OnPong tells of the answer. To find out
// whether the peer is still there is not needed: see WebSocketConfig.PingEvery.
func (s *WebSocket) Ping(payload []byte) error {
	if err := s.admit(); err != nil {
		return err
	}
	if err := s.eng.AppendPing(s.conn.Output(), payload, s.key()); err != nil {
		return err
	}
	s.host.stats.Pings++
	s.conn.Flush()
	return nil
}

// admit checks whether more may be sent.
func (s *WebSocket) admit() error {
	if s.state != wsOpen {
		return ErrConnClosed
	}
	if s.conn.Buffered() >= s.set.maxBuffered {
		s.Congested() // OnDrain is due
		s.host.stats.Full++
		return ErrBufferFull
	}
	return nil
}

// sent notes a message that was appended to the output.
func (s *WebSocket) sent(n int) {
	s.host.stats.MessagesOut++
	s.host.stats.BytesOut += uint64(n)
	s.Congested() // so that OnDrain follows
	s.conn.Flush()
}

// Buffered is the number of bytes that were sent and that the system has not yet taken.
func (s *WebSocket) Buffered() int {
	if s.conn == nil {
		return 0
	}
	return s.conn.Buffered()
}

// Congested reports whether so much waits to be sent (256 KiB) that whoever can send less
// should. OnDrain follows once a quarter is left.
func (s *WebSocket) Congested() bool {
	if s.conn == nil || !s.conn.Congested() {
		return false
	}
	s.full = true
	return true
}

// Open reports whether messages can be sent: not before OnOpen, and not once the end has begun.
func (s *WebSocket) Open() bool { return s.state == wsOpen }

// Subprotocol is what both sides have agreed to speak, "" for nothing in particular.
func (s *WebSocket) Subprotocol() string { return s.proto }

// Compressed reports whether messages may be compressed: both sides have agreed to.
func (s *WebSocket) Compressed() bool { return s.agreed.Enabled }

// RemoteAddr is the peer's address, the zero AddrPort on a unix socket and when the connection
// is gone.
func (s *WebSocket) RemoteAddr() netip.AddrPort {
	if s.conn == nil {
		return netip.AddrPort{}
	}
	return s.conn.RemoteAddr()
}

// TLS is what the connection's handshake has found out, nil without TLS.
func (s *WebSocket) TLS() *tls.Info {
	if s.conn == nil {
		return nil
	}
	return s.conn.TLS()
}

// Post has f called on the connection's loop soon, in the order of the calls of one goroutine. It
// is also called when the connection has closed in the meantime: sending fails then. False means
// that the loop has ended and f is never called. Safe from any goroutine.
func (s *WebSocket) Post(f func(ws *WebSocket)) bool {
	t := s.host.tasks.Get()
	t.ws, t.f = s, f
	if s.host.loop.Post(t) {
		return true
	}
	s.host.tasks.Put(t)
	return false
}

// wsTask is a function given to Post.
type wsTask struct {
	ws *WebSocket
	f  func(ws *WebSocket)
}

func (t *wsTask) RunTask() {
	s, f := t.ws, t.f
	s.host.tasks.Put(t)
	s.protect(&wsPosted, func() { f(s) })
}

// key is a fresh key to mask a client's frame with. It must not be guessed by whoever chooses what is
// sent (RFC 6455 §10.3): the runtime's generator is ChaCha8 with a seed of the system's.
func (s *WebSocket) key() (key [4]byte) {
	if s.client {
		binary.LittleEndian.PutUint32(key[:], rand.Uint32())
	}
	return key
}

// after is the loop time d from now.
func (s *WebSocket) after(d time.Duration) int64 { return s.host.loop.Now() + int64(d) }
