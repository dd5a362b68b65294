package ringwire

import (
	"sync"

	"github.com/ringwire/ringwire/mem"
)

// jobPool reuses jobs, and knows when none is left.
type jobPool struct {
	pool *mem.Pool[job]

	mu   sync.Mutex
	out  int
	last func() // called when out reaches 0

	orphans []*job // finished after their loop had stopped
	ended   bool   // no loop runs any more
}

func (p *jobPool) open(heap bool) {
	p.pool = mem.NewPool(mem.PoolConfig[job]{
		Name: "job",
		New: func() *job {
			j := &job{}
			j.cond.L = &j.mu
			return j
		},
		Reset:  (*job).reset,
		Max:    256,
		Shared: true,
		Heap:   heap,
	})
}

func (s *Server) newJob() *job {
	p := &s.jobs
	p.mu.Lock()
	p.out++
	p.mu.Unlock()
	return p.pool.Get()
}

func (s *Server) freeJob(j *job) {
	s.jobs.pool.Put(j)
	s.jobs.done()
}

// done counts a job out.
func (p *jobPool) done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out--; p.out == 0 && p.last != nil {
		p.last()
	}
}

// running is how many jobs are out.
func (p *jobPool) running() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out
}

// orphan takes a finished job whose loop has stopped. The loop's memory must not be
// touched before all loops have ended.
func (s *Server) orphan(j *job) {
	p := &s.jobs
	p.mu.Lock()
	if !p.ended {
		p.orphans = append(p.orphans, j)
		p.mu.Unlock()
		return
	}
	p.bury(j)
	p.mu.Unlock()
	p.done()
}

// bury gives back what an orphan holds. The caller has mu, and so the loop's memory to itself.
func (p *jobPool) bury(j *job) {
	ex := j.ex
	ex.worker = nil
	j.release()
	ex.svc.release(ex)
	p.pool.Put(j)
}

// wait has f called when no job is out, at once if that is so now. All loops have ended.
func (p *jobPool) wait(f func()) {
	p.mu.Lock()
	p.ended = true
	for _, j := range p.orphans {
		p.bury(j)
		p.out--
	}
	p.orphans = nil
	none := p.out == 0
	if !none {
		p.last = f
	}
	p.mu.Unlock()
	if none {
		f()
	}
}
