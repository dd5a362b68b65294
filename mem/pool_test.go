package mem

import (
	"strings"
	"sync"
	"testing"
)

// request is something that a server would pool.
type request struct {
	path  []byte
	count int
	next  *request
}

func requests(c PoolConfig[request]) *Pool[request] {
	c.Name = "request"
	c.Reset = func(r *request) { *r = request{path: r.path[:0]} }
	return NewPool(c)
}

func TestPoolResetsAndReuses(t *testing.T) {
	p := requests(PoolConfig[request]{})
	a, b := p.Get(), p.Get()
	a.path, a.next = append(a.path, "/secret"...), b
	p.Put(a)
	p.Put(b)
	if s := p.Stats(); s.Out != 0 || s.HighWater != 2 || s.Made != 2 {
		t.Errorf("after two were put: %+v", s)
	}
	b, a = p.Get(), p.Get()
	if len(a.path) != 0 || a.next != nil || a.count != 0 {
		t.Errorf("an object remembers %+v", *a)
	}
	if s := p.Stats(); !guard && s.Made != 2 {
		t.Errorf("made %d, want the two of before", s.Made)
	}
	if err := p.Close(); err == nil || !strings.Contains(err.Error(), `2 of pool "request" were not put back`) {
		t.Errorf("Close with two out: %v", err)
	}
	p.Put(a)
	p.Put(b)
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestPoolIsBounded(t *testing.T) {
	if guard {
		t.Skip("a checking build keeps nothing")
	}
	p := requests(PoolConfig[request]{Max: 3})
	var out [5]*request
	for i := range out {
		out[i] = p.Get()
	}
	for _, r := range out {
		p.Put(r)
	}
	if s := p.Stats(); s.Free != 3 || s.Dropped != 2 {
		t.Errorf("%d wait and %d were dropped, want 3 and 2", s.Free, s.Dropped)
	}
	if p = requests(PoolConfig[request]{Max: -1}); p.cfg.Max < 1<<30 {
		t.Error("a negative Max is no limit")
	}
}

func TestPoolHeapKeepsNothing(t *testing.T) {
	p := requests(PoolConfig[request]{Heap: true})
	p.Put(p.Get())
	if s := p.Stats(); s.Free != 0 || s.Dropped != 0 {
		t.Errorf("%+v", s)
	}
}

func TestPoolNeedsReset(t *testing.T) {
	v := panicOf(func() { NewPool(PoolConfig[request]{Name: "request"}) })
	if v != "mem: NewPool: request: Reset is mandatory" {
		t.Error(v)
	}
}

func TestPoolNew(t *testing.T) {
	p := NewPool(PoolConfig[request]{New: func() *request { return &request{count: 7} }, Reset: func(*request) {}})
	if r := p.Get(); r.count != 7 {
		t.Error("New was not asked")
	}
}

func TestPoolShared(t *testing.T) {
	p := requests(PoolConfig[request]{Shared: true, Max: 2})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 200 {
				r := p.Get()
				if r.count++; r.count != 1 {
					t.Error("two have one object")
				}
				p.Put(r)
			}
		})
	}
	wg.Wait()
	if err := p.Close(); err != nil {
		t.Error(err)
	}
}

func TestPoolAllocatesNothing(t *testing.T) {
	if guard {
		t.Skip("a checking build allocates")
	}
	p := requests(PoolConfig[request]{})
	if n := testing.AllocsPerRun(100, func() { p.Put(p.Get()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkPool(b *testing.B) {
	p := requests(PoolConfig[request]{})
	for b.Loop() {
		p.Put(p.Get())
	}
}
