package ringwire

import (
	"errors"
	"sync"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/ws"
)

// topicMessage is one published message. Its memory is shared: each copy of it that clone has made is released.
type topicMessage struct {
	plain preparedFrame
	small preparedFrame // compressed; not valid when nobody takes it, or when it would be no smaller

	key  string
	hash uint64 // of key
	seq  uint64
	kind MessageKind
	len  int // of the payload
}

// clone is one more owner's message.
func (m *topicMessage) clone() topicMessage {
	c := *m
	c.plain.lease = m.plain.lease.Clone()
	if m.small.lease.Valid() {
		c.small.lease = m.small.lease.Clone()
	}
	return c
}

func (m *topicMessage) release() {
	if m.plain.lease.Valid() {
		m.plain.lease.Release()
	}
	if m.small.lease.Valid() {
		m.small.lease.Release()
	}
	*m = topicMessage{}
}

func (m *topicMessage) opcode() ws.Opcode { return ws.Opcode(m.kind) }

// payload is the message, a view.
func (m *topicMessage) payload() []byte { return m.plain.bytes()[m.plain.n-m.len:] }

// topicMemory is where published messages are made: one for the process, because a topic has no loop, and
// a message that has been sent by the last of several is free for the next of any topic.
type topicMemory struct {
	alloc *mem.Allocator
	from  *mem.Account

	mu     sync.Mutex
	engine ws.Engine // of a connection that compresses each message on its own
	codecs *ws.Codecs
	limits ws.Limits
	out    mem.Writer

	trim topicTrim
}

// topicMemories are the ordinary one, and the one without pooling.
var topicMemories = [2]func() *topicMemory{
	sync.OnceValue(func() *topicMemory { return newTopicMemory(mem.Config{Shared: true}) }),
	sync.OnceValue(func() *topicMemory { return newTopicMemory(mem.Config{Shared: true, Heap: true, Limit: -1}) }),
}

func topicMemoryFor(heap bool) *topicMemory {
	if heap {
		return topicMemories[1]()
	}
	return topicMemories[0]()
}

// TopicMemory tells what is used for what topics have published, in the whole process.
func TopicMemory() (sum mem.Snapshot) {
	t := topicMemoryFor(false).alloc.Stats()
	sum.Add(&t)
	return sum
}

func newTopicMemory(cfg mem.Config) *topicMemory {
	m := &topicMemory{alloc: mem.NewAllocator(cfg), codecs: ws.NewCodecs(), limits: ws.Limits{}.WithDefaults()}
	m.trim.every = topicIdle
	m.trim.timer = time.AfterFunc(forever, m.lookIdle)
	m.from = m.alloc.Account("topic message")
	m.engine.Init(ws.Server, &m.limits, m.from)
	m.engine.Compress(&preparedWindow, m.codecs)
	m.out.InitFor(m.from, 512)
	return m
}

// encode frames a message, and compresses it if somebody takes it so.
func (t *topicMemory) encode(kind MessageKind, p []byte, compress bool) topicMessage {
	m := topicMessage{kind: kind, len: len(p)}
	t.used()
	l := t.from.Lease(ws.MaxHeader + len(p))
	b := ws.AppendHeader(l.Bytes()[:0], ws.Opcode(kind), true, false, len(p), nil)
	b = append(b, p...)
	m.plain = preparedFrame{lease: l, n: len(b)}
	if compress {
		m.small = t.compress(kind, p)
	}
	return m
}

func (t *topicMemory) compress(kind MessageKind, p []byte) (f preparedFrame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.engine.AppendMessage(&t.out, ws.Opcode(kind), p, [4]byte{}); err != nil {
		panic("ringwire: Publish: " + err.Error()) // it sends whole messages of a right kind
	}
	f.lease, f.off, f.n = t.out.DetachLease()
	if f.bytes()[0]&rsv1 == 0 {
		f.lease.Release()
		return preparedFrame{}
	}
	return f
}

// topicFrame is a message on one loop, which counts for itself who still needs it.
type topicFrame struct {
	topicMessage
	refs int
}

// topicPools are what a loop's topics reuse.
type topicPools struct {
	alloc  *mem.Allocator
	frames *mem.Pool[topicFrame]
	queues *mem.Pool[topicQueue]
}

func newTopicPools(alloc *mem.Allocator) *topicPools {
	return &topicPools{
		alloc: alloc,
		frames: mem.NewPool(mem.PoolConfig[topicFrame]{
			Name: "topic message", Heap: !alloc.Pooling(),
			Reset: func(f *topicFrame) { *f = topicFrame{} },
		}),
		queues: mem.NewPool(mem.PoolConfig[topicQueue]{
			Name: "topic queue", Heap: !alloc.Pooling(), Max: 256,
			Reset: (*topicQueue).reset,
		}),
	}
}

// take makes a frame of m, whose memory it takes over.
func (p *topicPools) take(m *topicMessage) *topicFrame {
	f := p.frames.Get()
	f.topicMessage, f.refs = *m, 1
	*m = topicMessage{}
	f.plain.lease = p.alloc.Localize(f.plain.lease)
	if f.small.lease.Valid() {
		f.small.lease = p.alloc.Localize(f.small.lease)
	}
	return f
}

// drop is the end of one need of f.
func (p *topicPools) drop(f *topicFrame) {
	if f.refs--; f.refs == 0 {
		f.release()
		p.frames.Put(f)
	}
}

// Close fails when something was not given back. p may be nil: nobody has subscribed.
func (p *topicPools) Close() error {
	if p == nil {
		return nil
	}
	return errors.Join(p.queues.Close(), p.frames.Close())
}

// appendStats tells what is in use, likewise.
func (p *topicPools) appendStats(dst []mem.PoolStats) []mem.PoolStats {
	if p != nil {
		dst = append(dst, p.frames.Stats(), p.queues.Stats())
	}
	return dst
}
