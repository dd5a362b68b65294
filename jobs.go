package ringwire

import "sync"

// jobPool reuses jobs, and knows when none is left.
type jobPool struct {
	mu   sync.Mutex
	free []*job
	out  int
	last func() // called when out reaches 0
}

// maxFreeJobs is how many unused jobs are kept.
const maxFreeJobs = 256

func (s *Server) newJob() *job {
	p := &s.jobs
	p.mu.Lock()
	defer p.mu.Unlock()
	p.out++
	if n := len(p.free); n > 0 {
		j := p.free[n-1]
		p.free = p.free[:n-1]
		return j
	}
	j := &job{}
	j.cond.L = &j.mu
	return j
}

func (s *Server) freeJob(j *job) {
	j.reset()
	p := &s.jobs
	p.mu.Lock()
	if len(p.free) < maxFreeJobs {
		p.free = append(p.free, j)
	}
	p.mu.Unlock()
	p.done()
}

// done counts a job out.
func (p *jobPool) done() {
	p.mu.Lock()
	p.out--
	last := p.last
	none := p.out == 0
	p.mu.Unlock()
	if none && last != nil {
		last()
	}
}

// wait has f called when no job is out, at once if that is so now.
func (p *jobPool) wait(f func()) {
	p.mu.Lock()
	none := p.out == 0
	if !none {
		p.last = f
	}
	p.mu.Unlock()
	if none {
		f()
	}
}
