package ringwire

import (
	"math"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/ws"
)

// MessageKind says what a WebSocket message is: text, which is UTF-8, or bytes.
type MessageKind uint8

// The kinds of messages.
const (
	TextMessage   = MessageKind(ws.Text)
	BinaryMessage = MessageKind(ws.Binary)
)

func (k MessageKind) String() string {
	switch k {
	case TextMessage:
		return "text"
	case BinaryMessage:
		return "binary"
	}
	return "no message"
}

// Message is what a peer has sent. It is borrowed: it, and every View of it, is valid until
// OnMessage returns. Clone, Append and String make what may be kept.
type Message struct {
	Kind MessageKind

	view []byte        // where it lies in one receive buffer
	segs *mem.Segments // else
	from *mem.Account  // where Clone has copies, if dst does not say
}

// Len is its length in bytes.
func (m Message) Len() int {
	if m.segs != nil {
		return m.segs.Len()
	}
	return len(m.view)
}

// View is the message in one piece: where it was received if it came in one frame and one
// receive buffer, else copied together.
func (m Message) View() View {
	if m.segs != nil {
		return m.segs.Flatten()
	}
	return m.view
}

// Views gives the message piece by piece as it lies in memory, without copying.
func (m Message) Views(yield func(p View) bool) {
	if m.segs == nil {
		if len(m.view) > 0 {
			yield(m.view)
		}
		return
	}
	for _, p := range m.segs.Views(nil, math.MaxInt) {
		if !yield(p) {
			return
		}
	}
}

// String returns a copy.
func (m Message) String() string { return string(m.View()) }

// Append appends a copy to dst.
func (m Message) Append(dst []byte) []byte {
	for p := range m.Views {
		dst = append(dst, p...)
	}
	return dst
}

// Clone appends the message to dst, which may be kept: what lies in buffers of the loop's is
// shared, the rest copied. A zero Segments will do: it takes its leases from the loop then. Whoever has dst may release
// the loop's leases, so it stays on the loop.
func (m Message) Clone(dst *mem.Segments) {
	dst.EnsureFor(m.from)
	if m.segs == nil {
		dst.AppendCopy(m.view)
		return
	}
	m.segs.ShareTo(dst, 0, m.segs.Len())
}
