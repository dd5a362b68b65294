package main

import (
	"testing"
	"time"

	"github.com/ringwire/ringwire"
)

func TestWorldStaysInside(t *testing.T) {
	var w world
	w.init(100)
	p := w.join()
	p.steer(127, -128) // into a corner
	for range 20 * rate {
		w.step()
		for id := range w.dots {
			if d := &w.dots[id]; d.live && (d.x < 0 || d.x > width || d.y < 0 || d.y > height) {
				t.Fatalf("dot %d is at %v, %v, outside", id, d.x, d.y)
			}
		}
	}
	if d := w.dots[p.id]; d.x < width-200 || d.y > 200 {
		t.Errorf("the player steers to the top right, and is at %v, %v", d.x, d.y)
	}
}

// TestWorldMoves: bots go somewhere, at their speed, and a player who does not steer stands still.
func TestWorldMoves(t *testing.T) {
	var w world
	w.init(20)
	p := w.join()
	w.step()
	before := w.dots
	for range rate / 4 {
		w.step()
	}
	for id := range 20 {
		a, b := &before[id], &w.dots[id]
		if dx, dy := b.x-a.x, b.y-a.y; dx*dx+dy*dy > (botSpeed/4+1)*(botSpeed/4+1) || dx == 0 && dy == 0 {
			t.Errorf("bot %d has moved by %v, %v in a quarter second, want up to %v", id, dx, dy, botSpeed/4)
		}
	}
	if a, b := &before[p.id], &w.dots[p.id]; a.x != b.x || a.y != b.y {
		t.Errorf("the player has moved from %v, %v to %v, %v", a.x, a.y, b.x, b.y)
	}
}

// TestWorldFull: nobody gets another's dot, and who leaves makes room.
func TestWorldFull(t *testing.T) {
	var w world
	w.init(capacity - 2)
	a, b := w.join(), w.join()
	if a == nil || b == nil || a.id == b.id {
		t.Fatalf("two places are free, got %v and %v", a, b)
	}
	if w.join() != nil {
		t.Error("a third got in")
	}
	w.step()
	w.leave(a)
	if w.join() != nil {
		t.Error("a place is free before its dot is gone")
	}
	w.step()
	if w.players != 1 || w.dots[a.id].live {
		t.Errorf("one has left: %d players, its dot lives %v", w.players, w.dots[a.id].live)
	}
	if c := w.join(); c == nil || c.id != a.id {
		t.Errorf("who comes after one has left gets %v, want its place", c)
	}
}

// TestWorldComesAndGoes: a player who leaves before the next step leaves nothing behind.
func TestWorldComesAndGoes(t *testing.T) {
	var w world
	w.init(0)
	w.leave(w.join())
	w.step()
	if w.players != 0 || len(w.free) != capacity {
		t.Errorf("%d players, %d free places, want 0 and all %d", w.players, len(w.free), capacity)
	}
}

func TestSteerValues(t *testing.T) {
	var p player
	for _, c := range [][2]int8{{0, 0}, {127, -127}, {-128, 1}, {-1, -1}} {
		p.steer(c[0], c[1])
		if x, y := p.wants(); x != float32(c[0])/127 || y != float32(c[1])/127 {
			t.Errorf("steered %v, wants %v, %v", c, x, y)
		}
	}
}

// A tick allocates nothing.
func TestTickAllocs(t *testing.T) {
	a := newArena(200)
	p := a.world.join()
	p.steer(1, 1)
	var stats ringwire.TickStats
	tick := func() {
		a.world.step()
		a.buf = appendState(a.buf[:0], &a.world, 1, time.Millisecond)
		_ = a.topic.PublishKeyed("state", ringwire.BinaryMessage, a.buf)
		a.buf = appendStats(a.buf[:0], a.world.players, &stats)
		_ = a.topic.PublishKeyed("stats", ringwire.BinaryMessage, a.buf)
	}
	tick()
	if n := testing.AllocsPerRun(200, tick); n != 0 {
		t.Errorf("%v allocations a tick, want none", n)
	}
}
