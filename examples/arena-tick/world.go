package main

import (
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
)

// The world's measures: lengths are units of the field, times are seconds.
const (
	width, height = 1600, 900
	radius        = 8
	capacity      = 2048 // dots

	botSpeed = 90
	topSpeed = 420
	thrust   = 1800 // a player's acceleration
	drag     = 2.5  // share of the speed that is lost in a second without it
	dt       = 1.0 / rate
)

// dot is one of the world's.
type dot struct {
	x, y, vx, vy float32
	heading      float32 // a bot's
	pilot        *player // nil for bots
	live         bool
}

// player steers a dot.
type player struct {
	id   uint16
	want atomic.Uint32 // where to: two int8, 127 is full thrust
}

func (p *player) steer(x, y int8) { p.want.Store(uint32(uint8(x))<<8 | uint32(uint8(y))) }

func (p *player) wants() (x, y float32) {
	v := p.want.Load()
	return float32(int8(v>>8)) / 127, float32(int8(v)) / 127
}

// change is a player who comes or goes.
type change struct {
	player *player
	comes  bool
}

// world is all dots. The loop that ticks owns it; others say by join, leave and player.steer what they want.
type world struct {
	dots    [capacity]dot // by id
	players int
	random  *rand.Rand

	mu      sync.Mutex
	free    []uint16 // ids without a dot
	changes []change // since the last step

	taken []change // changes, of the step before: the two take turns
}

func (w *world) init(bots int) {
	w.random = rand.New(rand.NewPCG(1, rate)) // the same world each time
	for id := capacity - 1; id >= bots; id-- {
		w.free = append(w.free, uint16(id))
	}
	for id := range bots {
		w.place(id, nil)
	}
}

// join lets a player in, from the next step on; nil when the world is full. Safe from any goroutine.
func (w *world) join() *player {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.free) - 1
	if last < 0 {
		return nil
	}
	p := &player{id: w.free[last]}
	w.free = w.free[:last]
	w.changes = append(w.changes, change{p, true})
	return p
}

// leave takes a player out. Safe from any goroutine.
func (w *world) leave(p *player) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes = append(w.changes, change{p, false})
}

// settle makes the changes. An id is free again once its dot is gone.
func (w *world) settle() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.changes, w.taken = w.taken[:0], w.changes
	for _, c := range w.taken {
		id := c.player.id
		if c.comes {
			w.place(int(id), c.player)
			w.players++
			continue
		}
		w.dots[id] = dot{}
		w.free = append(w.free, id)
		w.players--
	}
	clear(w.taken) // who has left is forgotten
}

// place puts a dot somewhere.
func (w *world) place(id int, pilot *player) {
	w.dots[id] = dot{
		x:       radius + w.random.Float32()*(width-2*radius),
		y:       radius + w.random.Float32()*(height-2*radius),
		heading: w.random.Float32() * 2 * math.Pi,
		pilot:   pilot, live: true,
	}
}

// step takes the world one tick on.
func (w *world) step() {
	w.settle()
	for id := range w.dots {
		if d := &w.dots[id]; d.live {
			if d.pilot == nil {
				w.wander(d)
			} else {
				d.fly()
			}
			d.x, d.vx = bounce(d.x+d.vx*dt, d.vx, width)
			d.y, d.vy = bounce(d.y+d.vy*dt, d.vy, height)
		}
	}
}

// wander turns a bot a little, and away from a wall that it has met.
func (w *world) wander(d *dot) {
	if d.vx != 0 || d.vy != 0 {
		d.heading = float32(math.Atan2(float64(d.vy), float64(d.vx)))
	}
	d.heading += (w.random.Float32() - 0.5) * 0.25
	sin, cos := math.Sincos(float64(d.heading))
	d.vx, d.vy = botSpeed*float32(cos), botSpeed*float32(sin)
}

// fly moves a dot as its pilot wants.
func (d *dot) fly() {
	x, y := d.pilot.wants()
	if n := float32(math.Hypot(float64(x), float64(y))); n > 1 {
		x, y = x/n, y/n
	}
	d.vx += (x*thrust - d.vx*drag) * dt
	d.vy += (y*thrust - d.vy*drag) * dt
	if v := float32(math.Hypot(float64(d.vx), float64(d.vy))); v > topSpeed {
		d.vx, d.vy = d.vx*topSpeed/v, d.vy*topSpeed/v
	}
}

// bounce keeps a coordinate within the field.
func bounce(at, speed, size float32) (newAt, newSpeed float32) {
	switch {
	case at < radius:
		return 2*radius - at, -speed
	case at > size-radius:
		return 2*(size-radius) - at, -speed
	}
	return at, speed
}
