package ringwire

import (
	"runtime"
	"sync"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/ws"
)

// Prepared is a message that many connections are sent: framed once, compressed at most once, and
// never copied on its way out. It may be used from any goroutine and is freed by the garbage collector.
type Prepared struct {
	kind   MessageKind
	plain  preparedFrame
	length int // of the message

	once  sync.Once
	small preparedFrame // compressed; not valid when that does not make it smaller
}

// preparedFrame is a server's frame, whole.
type preparedFrame struct {
	lease  mem.Lease
	off, n int
}

// preparing is what prepared messages are made with. Their leases are of the Go heap, because nobody
// says when he has no more use for one, and shared, because every loop sends them.
var preparing struct {
	sync.Mutex
	once   sync.Once
	alloc  *mem.Allocator
	from   *mem.Account
	codecs *ws.Codecs
	limits ws.Limits
}

// preparedWindow is what a prepared message is compressed for: each on its own, with the largest
// window. Connections that have agreed on a smaller one get it as it is.
var preparedWindow = ws.Compression{Enabled: true, ServerNoContext: true, ServerWindow: 15, Threshold: -1}

// Prepare makes a message for SendPrepared. p is copied.
func Prepare(kind MessageKind, p []byte) *Prepared {
	m := &Prepared{kind: kind, plain: prepare(kind, p, &ws.Compression{}), length: len(p)}
	runtime.AddCleanup(m, mem.Lease.Release, m.plain.lease)
	return m
}

// prepare frames a message.
func prepare(kind MessageKind, p []byte, c *ws.Compression) (f preparedFrame) {
	b := &preparing
	b.once.Do(func() {
		b.alloc = mem.NewAllocator(mem.Config{Heap: true, Shared: true, Limit: -1})
		b.from, b.codecs, b.limits = b.alloc.Account("prepared"), ws.NewCodecs(), ws.Limits{}.WithDefaults()
	})
	b.Lock()
	defer b.Unlock()
	var e ws.Engine
	e.Init(ws.Server, &b.limits, b.from)
	e.Compress(c, b.codecs)
	defer e.Release()
	var w mem.Writer
	w.InitFor(b.from, 512)
	if err := e.AppendMessage(&w, ws.Opcode(kind), p, [4]byte{}); err != nil {
		panic("ringwire: Prepare: " + err.Error())
	}
	f.lease, f.off, f.n = w.DetachLease()
	return f
}

// Kind is what the message holds.
func (m *Prepared) Kind() MessageKind { return m.kind }

// Len is the message's length in bytes, not compressed.
func (m *Prepared) Len() int { return m.length }

// payload is the message, a view.
func (m *Prepared) payload() []byte { return m.plain.bytes()[m.plain.n-m.length:] }

func (f *preparedFrame) bytes() []byte { return f.lease.Bytes()[f.off : f.off+f.n] }

// deflated is the compressed form, made for the first connection that takes it. It is not valid
// when it would be no smaller.
func (m *Prepared) deflated() *preparedFrame {
	m.once.Do(func() {
		f := prepare(m.kind, m.payload(), &preparedWindow)
		if f.bytes()[0]&rsv1 == 0 {
			f.lease.Release()
			return
		}
		m.small = f
		runtime.AddCleanup(m, mem.Lease.Release, f.lease)
	})
	return &m.small
}

// rsv1 marks a compressed message (RFC 7692 §6).
const rsv1 = 0x40

// SendPrepared sends m, as Send does. A client, which has to mask what it sends, copies it.
func (s *WebSocket) SendPrepared(m *Prepared) error {
	if s.client {
		return s.Send(m.kind, m.payload())
	}
	if err := s.admit(); err != nil {
		return err
	}
	f := &m.plain
	if c := &s.agreed; c.Enabled && m.length >= c.Threshold && (c.ServerWindow == 0 || c.ServerWindow == preparedWindow.ServerWindow) {
		if small := m.deflated(); small.lease.Valid() {
			f = small
		}
	}
	if err := s.eng.AdmitFrame(f == &m.small); err != nil {
		return err
	}
	s.conn.Output().Append(f.lease.Clone(), f.off, f.n)
	runtime.KeepAlive(m)
	s.sent(m.length)
	return nil
}
