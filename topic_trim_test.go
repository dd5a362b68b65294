package ringwire

import (
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// What a burst has taken goes back to the system when nothing is published for a while; what a slow subscriber
// still waits for does not, until it has come home. Then the timer rests, and the next message starts it again.
func TestTopicMemoryTrims(t *testing.T) {
	t.Parallel()
	pool := newTopicMemory(mem.Config{Shared: true})
	if mem.Checking {
		t.Skip("guards give every message pages of its own")
	}
	pool.trim.every = 20 * time.Millisecond
	mapped := func() int64 { return pool.alloc.Stats().Mapped }
	until := func(what string, ok func() bool) {
		t.Helper()
		for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%s: %d bytes are mapped, %d leases out", what, mapped(), pool.alloc.Stats().Leased)
			}
		}
	}
	for range 2 {
		var out []topicMessage
		for range 300 {
			out = append(out, pool.encode(TextMessage, make([]byte, 16<<10), true))
		}
		full := mapped()
		if full < 300*16<<10 {
			t.Fatalf("%d bytes are mapped for 300 messages", full)
		}
		slow := out[150]
		for i := range out {
			if i != 150 {
				out[i].release()
			}
		}
		until("all but one slab", func() bool { return mapped() <= 2<<20 && mapped() > 0 })
		if p := slow.payload(); len(p) != 16<<10 || p[0] != 0 {
			t.Error("the message that is out was touched")
		}
		slow.release()
		until("all", func() bool { return mapped() == 0 && !pool.trim.on.Load() })
	}
	if err := pool.alloc.Close(); err != nil {
		t.Error(err)
	}
}

// While something is published now and then, nothing is given back.
func TestTopicMemoryStaysInUse(t *testing.T) {
	t.Parallel()
	pool := newTopicMemory(mem.Config{Shared: true})
	if mem.Checking {
		t.Skip("guards give every message pages of its own")
	}
	pool.trim.every = 200 * time.Millisecond
	var last time.Time
	for end := time.Now().Add(900 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if !last.IsZero() && pool.alloc.Stats().Mapped == 0 && time.Since(last) < pool.trim.every/2 {
			t.Fatal("the memory is gone between two messages")
		}
		m := pool.encode(TextMessage, []byte("now and then"), false)
		last = time.Now()
		m.release()
	}
}
