package wire

import (
	"errors"
	"math/rand/v2"
	"sync"
	"time"
)

// Faults are what a cable does to packets, each on its own, in both directions.
type Faults struct {
	Loss   float64       // share of the packets that are lost
	Double float64       // share of those that arrive twice
	Delay  time.Duration // of each
	Jitter time.Duration // up to so much more: packets overtake one another
	Max    int           // bytes; what is longer is lost and nobody told, as behind a bad tunnel; 0 = all pass
	Cut    bool          // nothing passes
}

// Cable joins two ends.
type Cable struct {
	A, B *End

	mu     sync.Mutex
	faults Faults
	tap    func(from *End, packet []byte)
	closed bool

	carriers sync.WaitGroup
	late     sync.WaitGroup
}

// New makes a cable without faults. What is done to the nth packet of a direction depends on the seed.
// The error is why none can be had here.
func New(seed uint64) (*Cable, error) {
	a, err := newEnd("10.9.0.1")
	if err != nil {
		return nil, err
	}
	b, err := newEnd("10.9.0.2")
	if err != nil {
		return nil, errors.Join(err, a.close())
	}
	c := &Cable{A: a, B: b}
	c.carriers.Go(func() { c.carry(direction{a, b, rand.New(rand.NewPCG(seed, 0))}) })
	c.carriers.Go(func() { c.carry(direction{b, a, rand.New(rand.NewPCG(seed, 1))}) })
	return c, nil
}

// Set replaces the faults. Packets that are under way are not affected.
func (c *Cable) Set(f Faults) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = f
}

// Tap has f see each packet that comes off an end, before anything is done to it: a whole IPv4
// packet, or one of IPv6. f must not keep it; it may call Inject. nil takes it off.
func (c *Cable) Tap(f func(from *End, packet []byte)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tap = f
}

// Inject has an end receive a packet that its peer did not send.
func (*Cable) Inject(to *End, packet []byte) { _, _ = to.tun.Write(packet) }

// Close ends the cable. Sockets of its ends go on existing, and reach nobody.
func (c *Cable) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.late.Wait()
	err := errors.Join(c.A.close(), c.B.close())
	c.carriers.Wait()
	return err
}

// direction is one of a cable's two.
type direction struct {
	from, to *End
	rng      *rand.Rand
}

// maxPacket is more than any MTU that is set here.
const maxPacket = 64 << 10

func (c *Cable) carry(d direction) {
	buf := make([]byte, maxPacket)
	for {
		n, err := d.from.tun.Read(buf)
		if err != nil {
			return // it was closed
		}
		c.pass(d, buf[:n])
	}
}

// pass delivers a packet, or not.
func (c *Cable) pass(d direction, packet []byte) {
	c.mu.Lock()
	tap := c.tap
	c.mu.Unlock()
	if tap != nil {
		tap(d.from, packet)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	f := &c.faults
	if f.Cut || c.closed || f.Max > 0 && len(packet) > f.Max || d.rng.Float64() < f.Loss {
		return
	}
	times := 1
	if d.rng.Float64() < f.Double {
		times = 2
	}
	for range times {
		wait := f.Delay
		if f.Jitter > 0 {
			wait += time.Duration(d.rng.Int64N(int64(f.Jitter)))
		}
		if wait == 0 {
			c.Inject(d.to, packet)
			continue
		}
		later := append([]byte(nil), packet...)
		c.late.Add(1)
		time.AfterFunc(wait, func() {
			defer c.late.Done()
			c.Inject(d.to, later)
		})
	}
}
