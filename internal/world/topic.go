package world

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Policy is a topic's: there is one topic of each.
type Policy uint8

// The policies.
const (
	DropNewest Policy = iota
	DropOldest
	Conflate
	Disconnect
	Policies
)

// Subscribe is the kind of request that opens a WebSocket which is subscribed to the topic of a policy:
// /v/connection/0/policy. The server's side sends a Welcome, and then what is published.
const Subscribe = 'v'

// SlowCode is what Disconnect closes with.
const SlowCode = 3500

// What may wait for one subscriber.
const (
	QueueMessages = 8
	QueueBytes    = 10_000
)

// Welcome is what a subscriber is sent first: the last message that was published before it came.
func Welcome(p Policy, last int) []byte { return fmt.Appendf(nil, "welcome %d %d", p, last) }

// Account is what a topic says of itself.
type Account struct {
	Delivered    int // to connections
	Lost         int // to subscribers, or replaced
	Disconnected int
}

// notice is message n of a topic, with a key that an earlier one may have had.
func notice(p Policy, n, key, size int) []byte {
	text := fmt.Appendf(nil, "notice %d %d %d %d ", p, n, key, size)
	at := len(text)
	text = append(text, make([]byte, size)...)
	FillText(text[at:], Key(1<<30+int(p), n, FromServer), 0)
	return text
}

// keys is how many different ones there are.
const keys = 5

// board publishes on ticks of the virtual clock, and keeps the account of what has arrived.
type board struct {
	w       *World
	rng     *rand.Rand
	every   time.Duration
	left    int // ticks
	last    [Policies]int
	arrived [Policies]int
	missed  [Policies]int
	waiting [Policies]int // at most: messages that were neither lost nor had arrived when a subscriber left
	cut     [Policies]int // subscribers that were told to be too slow
	fresh   bool          // something was published since all was looked at
}

// ticks are how often something is published.
const ticks = 200

func newBoard(w *World) board {
	return board{w: w, rng: newRand(w.spec.Seed, 1<<34), every: (w.plan.span + 2*time.Second) / ticks, left: ticks}
}

// tick publishes a few messages to one topic.
func (b *board) tick() {
	w, r := b.w, b.rng
	if b.left--; b.left > 0 {
		w.agenda.add(event{at: w.sim.Now() + int64(b.every), do: b.tick})
	}
	p, count := Policy(r.IntN(int(Policies))), 1+r.IntN(6)
	if w.shutAt != 0 || w.stopped {
		return
	}
	for range count {
		b.last[p]++
		key := r.IntN(keys)
		w.host.Publish(p, fmt.Sprint(key), notice(p, b.last[p], key, size(r, min(3000, 2*w.plan.Window))))
	}
	b.fresh = true
}

// settle compares with what the topics say, when all is over.
func (b *board) settle() {
	for p := range Policies {
		a := b.w.host.Account(p)
		switch {
		case b.missed[p] > a.Lost+b.waiting[p]:
			b.w.Fail("topic", -1, "subscribers of policy %d miss %d messages, %d are said to be lost", p, b.missed[p], a.Lost)
		case b.arrived[p] > a.Delivered:
			b.w.Fail("topic", -1, "%d messages of policy %d have arrived, %d are said to be delivered", b.arrived[p], p, a.Delivered)
		case b.cut[p] > a.Disconnected:
			b.w.Fail("topic", -1, "%d subscribers were too slow, %d are said to be", b.cut[p], a.Disconnected)
		}
	}
}

// subscriber is what a WebSocket knows of its topic.
type subscriber struct {
	c      *client
	policy Policy
	text   []byte    // of a message
	since  int       // the last one that was too early; -1 = no Welcome so far
	last   int       // the latest that has come
	slow   bool      // and so it was disconnected
	byKey  [keys]int // the latest of each key
}

// newSubscriber is a WebSocket that says little, and is told more.
func newSubscriber(c *client, r *rand.Rand) *socket {
	s := &socket{c: c, eager: r.IntN(2) == 0}
	s.sub = &subscriber{c: c, policy: Policy(r.IntN(int(Policies))), since: -1}
	switch c.end {
	case endLeave, endIdle, endSlowBody, endStall:
		c.end = endLeave // it stays for a while, and reads, at once or later
		if r.IntN(2) == 0 {
			s.eager, c.deaf, c.readAt = true, true, r.Int64N(int64(c.w.plan.WriteTimeout/2))
		}
		c.leaveAt = c.readAt + r.Int64N(int64(2*time.Second))
	}
	for range r.IntN(4) {
		s.control()
	}
	s.zip = newZip(c)
	s.finale(0)
	s.greet(Subscribe, int(s.sub.policy))
	return s
}

// take takes a whole message.
func (s *subscriber) take() {
	var p Policy
	var n, key, size int
	text := s.text
	s.text = s.text[:0]
	if s.since < 0 {
		if _, err := fmt.Sscanf(string(text), "welcome %d %d", &p, &s.since); err != nil || p != s.policy {
			s.c.fail("topic", "%.60q comes first, want the welcome to %d", text, s.policy)
		}
		if s.last = s.since; p == Conflate { // where a later one may stand before an earlier
			s.c.w.board.waiting[p] += QueueMessages
		}
		return
	}
	_, err := fmt.Sscanf(string(text), "notice %d %d %d %d ", &p, &n, &key, &size)
	if err != nil || p != s.policy || string(text) != string(notice(p, n, key, size)) {
		s.c.fail("topic", "%.60q comes to a subscriber of %d", text, s.policy)
		return
	}
	b := &s.c.w.board
	latest := s.last
	if p == Conflate {
		latest = max(s.since, s.byKey[key])
	}
	switch {
	case n <= latest:
		s.c.fail("topic", "message %d comes after %d", n, latest)
	case p == Disconnect && n != latest+1:
		s.c.fail("topic", "message %d comes after %d, and none may be missing", n, latest)
	}
	s.byKey[key] = n
	b.missed[p] += max(n-s.last, 0) - 1
	s.last = max(s.last, n)
	b.arrived[p]++
}

// evicted takes a Close with SlowCode.
func (s *subscriber) evicted() {
	s.slow = true
	if s.policy != Disconnect {
		s.c.fail("close", "a subscriber of %d is too slow", s.policy)
	}
	s.c.w.board.cut[s.policy]++
}
