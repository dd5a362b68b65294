package ringwire

import (
	"fmt"
	"slices"
	"testing"

	"github.com/ringwire/ringwire/mem"
)

// queueModel is a topicQueue as one would write it down.
type queueModel struct {
	room topicRoom
	list []queued
}

type queued struct {
	key  string
	size int
	seq  uint64
}

func (m *queueModel) bytes() (n int) {
	for _, q := range m.list {
		n += q.size
	}
	return n
}

func (m *queueModel) push(q queued) (v topicVerdict, lost int) {
	if m.room.policy == Conflate {
		if i := slices.IndexFunc(m.list, func(old queued) bool { return old.key == q.key }); i >= 0 {
			if m.bytes()-m.list[i].size+q.size > m.room.bytes {
				return topicDropped, 0
			}
			m.list[i] = q
			return topicConflated, 0
		}
	}
	fits := func() bool { return len(m.list) < m.room.messages && m.bytes()+q.size <= m.room.bytes }
	if m.room.policy == DropOldest && q.size <= m.room.bytes {
		for !fits() {
			m.list = m.list[1:]
			lost++
		}
	}
	switch {
	case fits():
		m.list = append(m.list, q)
		return topicQueued, lost
	case m.room.policy == Disconnect:
		return topicSlow, 0
	}
	return topicDropped, 0
}

// queueTest drives a queue and its model by a script: what happens next is read off the bytes.
func queueTest(t *testing.T, room topicRoom, script []byte) {
	alloc, shared := mem.NewAllocator(mem.Config{}), mem.NewAllocator(mem.Config{Shared: true})
	pools := newTopicPools(alloc)
	q := pools.queues.Get()
	q.room, q.pools = &room, pools
	model := queueModel{room: room}
	for i, b := range script {
		if b >= 0xc0 { // pop
			if len(model.list) == 0 {
				continue
			}
			f := q.pop()
			if want := model.list[0]; f.seq != want.seq || f.key != want.key {
				t.Fatalf("step %d: popped %d, want %d", i, f.seq, want.seq)
			}
			model.list = model.list[1:]
			pools.drop(f)
		} else {
			next := queued{key: fmt.Sprint(b & 15), size: 1 + int(b>>4)*10, seq: uint64(i)}
			m := topicMessage{key: next.key, hash: uint64(b & 15 / 4), seq: next.seq} // some keys collide
			m.plain = preparedFrame{lease: shared.Lease(next.size), n: next.size}
			f := pools.take(&m)
			got, lost := q.push(f)
			pools.drop(f)
			if want, wantLost := model.push(next); got != want || lost != wantLost {
				t.Fatalf("step %d: push gave %d and lost %d, want %d and %d", i, got, lost, want, wantLost)
			}
		}
		if q.n != len(model.list) || q.bytes != model.bytes() {
			t.Fatalf("step %d: %d messages of %d bytes, want %d of %d", i, q.n, q.bytes, len(model.list), model.bytes())
		}
	}
	for _, want := range model.list {
		f := q.pop()
		if f.seq != want.seq {
			t.Fatalf("at the end: popped %d, want %d", f.seq, want.seq)
		}
		pools.drop(f)
	}
	pools.queues.Put(q)
	for _, c := range []interface{ Close() error }{pools, alloc, shared} {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func FuzzTopicQueue(f *testing.F) {
	var script []byte
	for i := range 400 {
		script = append(script, byte(i*37), byte(i*i))
	}
	for policy := DropNewest; policy <= Disconnect; policy++ {
		f.Add(byte(policy), byte(9), uint16(300), script)
		f.Add(byte(policy), byte(255), uint16(60000), script)
	}
	f.Add(byte(Conflate), byte(1), uint16(1), []byte("\x00\x00\x01\xff\xff"))
	f.Fuzz(func(t *testing.T, policy, messages byte, bytes uint16, script []byte) {
		queueTest(t, topicRoom{SlowPolicy(policy) % (Disconnect + 1), 1 + int(messages), 1 + int(bytes)}, script)
	})
}

// A queue that was used once takes no memory the next time, whatever its topic's policy.
func TestTopicQueueAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("checking builds use an object once")
	}
	alloc, shared := mem.NewAllocator(mem.Config{}), mem.NewAllocator(mem.Config{Shared: true})
	pools := newTopicPools(alloc)
	rooms := []topicRoom{{Conflate, 100, 1 << 20}, {DropOldest, 100, 1 << 20}}
	keys := []string{"a", "b", "c", "d", "e"}
	i := 0
	if n := testing.AllocsPerRun(100, func() {
		q := pools.queues.Get()
		q.room, q.pools = &rooms[i&1], pools
		i++
		for k := range 300 {
			m := topicMessage{key: keys[k%5], hash: uint64(k % 5)}
			m.plain = preparedFrame{lease: shared.Lease(100), n: 100}
			f := pools.take(&m)
			q.push(f)
			pools.drop(f)
		}
		for q.n > 0 {
			pools.drop(q.pop())
		}
		pools.queues.Put(q)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
