package audit

import (
	"runtime/metrics"
	"time"
)

// Point is a look at the heap within a window. It does not stop the world, and pays for it in precision:
// allocations become visible a span (8 KiB of small objects) at a time.
type Point struct {
	At        time.Duration // the clock of Reading.At
	HeapAlloc uint64
	NumGC     uint64
}

// maxPoints is the most that one window holds; sampling stops there.
const maxPoints = 4096

// sampler takes points without allocating: what it needs is made beforehand.
type sampler struct {
	metrics []metrics.Sample
	points  []Point
	quit    chan struct{}
	ended   chan struct{}
}

func newSampler() sampler {
	return sampler{
		metrics: []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}},
		points:  make([]Point, 0, maxPoints),
	}
}

// sample adds a point, if there is room.
func (s *sampler) sample() {
	if len(s.points) == cap(s.points) {
		return
	}
	metrics.Read(s.metrics)
	s.points = append(s.points, Point{time.Since(started), s.metrics[0].Value.Uint64(), s.metrics[1].Value.Uint64()})
}

// start samples every interval from now on, in a goroutine that runs when start returns.
func (s *sampler) start(interval time.Duration) {
	s.stop()
	s.clear()
	s.quit, s.ended = make(chan struct{}), make(chan struct{})
	running := make(chan struct{})
	go func() {
		defer close(s.ended)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		close(running)
		for {
			select {
			case <-tick.C:
				s.sample()
			case <-s.quit:
				return
			}
		}
	}()
	<-running
}

// stop ends what start began and returns the points, which are valid until the next start.
func (s *sampler) stop() []Point {
	if s.quit != nil {
		close(s.quit)
		<-s.ended
		s.quit = nil
	}
	return s.points
}

func (s *sampler) clear() { s.points = s.points[:0] }
