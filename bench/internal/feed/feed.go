// Package feed says what the broadcast profiles send: to every subscriber one binary frame a tick, whose payload is
// numbered and dated, so that the load can tell what came, when, and what did not.
package feed

import (
	"bytes"
	"encoding/binary"
	"sync"
	"time"
)

const (
	Size = 512 // bytes of a payload
	Rate = 60  // ticks per second where nothing else is said

	head = 16 // number and time
)

var filler = func() []byte {
	p := make([]byte, Size)
	for i := range p {
		p[i] = byte(i)
	}
	return p
}()

// New is a payload to be stamped.
func New() []byte { return bytes.Clone(filler) }

// Stamp makes p the payload of a tick.
func Stamp(p []byte, seq uint64, at time.Time) {
	binary.BigEndian.PutUint64(p, seq)
	binary.BigEndian.PutUint64(p[8:], uint64(at.UnixNano()))
}

// Parse reads a payload; ok is false if it is none, or was damaged. at is in nanoseconds of Unix time.
func Parse(p []byte) (seq uint64, at int64, ok bool) {
	if len(p) != Size || !bytes.Equal(p[head:], filler[head:]) {
		return 0, 0, false
	}
	return binary.BigEndian.Uint64(p), int64(binary.BigEndian.Uint64(p[8:])), true
}

// Every calls publish hz times a second from a goroutine of its own, with a payload that is its own until the next
// call. Ticks that come due meanwhile are left out, as by every time.Ticker, and so are their numbers: nobody misses
// what was never sent. hz of 0 is Rate. stop returns when publish has.
func Every(hz int, publish func(p []byte)) (stop func()) {
	if hz == 0 {
		hz = Rate
	}
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		ticker := time.NewTicker(time.Second / time.Duration(hz))
		defer ticker.Stop()
		for seq, p := uint64(1), New(); ; seq++ {
			select {
			case <-ended:
				return
			case <-ticker.C:
			}
			Stamp(p, seq, time.Now())
			publish(p)
		}
	}()
	return sync.OnceFunc(func() { close(ended); <-done })
}

// Hub is the subscribers of a peer that has no such thing itself.
type Hub[C comparable] struct {
	mu      sync.Mutex
	members []C
	index   map[C]int
	scratch []C // of Each
}

// Add subscribes c.
func (h *Hub[C]) Add(c C) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.index == nil {
		h.index = map[C]int{}
	}
	h.index[c] = len(h.members)
	h.members = append(h.members, c)
}

// Remove ends a subscription; of one who has none it does nothing.
func (h *Hub[C]) Remove(c C) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i, ok := h.index[c]
	if !ok {
		return
	}
	delete(h.index, c)
	last := len(h.members) - 1
	if i != last {
		h.members[i] = h.members[last]
		h.index[h.members[i]] = i
	}
	var none C
	h.members[last] = none
	h.members = h.members[:last]
}

// Each calls send for every subscriber, from one goroutine at a time. Subscribers may come and go meanwhile.
func (h *Hub[C]) Each(send func(C)) {
	h.mu.Lock()
	h.scratch = append(h.scratch[:0], h.members...)
	h.mu.Unlock()
	for _, c := range h.scratch {
		send(c)
	}
	clear(h.scratch)
}
