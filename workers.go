package ringwire

import (
	"slices"
	"sync"
	"time"
)

// workers is a bounded pool of goroutines for Blocking handlers. They start on demand,
// the one that worked last is used first, and end when idle.
type workers struct {
	max, maxQueue int

	mu      sync.Mutex
	queue   []*job      // waiting because max workers are busy
	idle    []chan *job // workers waiting for a job
	running int
	closed  bool
}

func newWorkers(n, queue int) *workers { return &workers{max: n, maxQueue: queue} }

// workerIdle is how long a worker without work stays.
const workerIdle = 10 * time.Second

// submit has j run soon, or reports false when the queue is full or the pool closed.
func (w *workers) submit(j *job) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch n := len(w.idle); {
	case w.closed:
		return false
	case n > 0:
		w.idle[n-1] <- j // has room: a worker is listed only with an empty channel
		w.idle = w.idle[:n-1]
	case w.running < w.max:
		w.running++
		go w.work(j)
	case len(w.queue) < w.maxQueue:
		w.queue = append(w.queue, j)
	default:
		return false
	}
	return true
}

func (w *workers) work(j *job) {
	defer func() {
		if j != nil {
			w.lost() // its handler called runtime.Goexit
		}
	}()
	jobs := make(chan *job, 1)
	timer := time.NewTimer(workerIdle)
	defer timer.Stop()
	for j != nil {
		j.run()
		if j = w.next(jobs); j != nil {
			continue
		}
		timer.Reset(workerIdle)
		select {
		case j = <-jobs:
		case <-timer.C:
			j = w.leave(jobs)
		}
	}
}

// lost replaces a worker that ended in the middle of its work.
func (w *workers) lost() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) == 0 {
		w.running--
		return
	}
	j := w.queue[0]
	w.queue = slices.Delete(w.queue, 0, 1)
	go w.work(j)
}

// next takes a job from the queue, or lists the worker as idle. A closed pool's worker
// finds nil in its channel.
func (w *workers) next(jobs chan *job) (j *job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.queue) > 0 {
		j = w.queue[0]
		w.queue = slices.Delete(w.queue, 0, 1)
		return j
	}
	if w.closed {
		w.running--
		jobs <- nil
		return nil
	}
	w.idle = append(w.idle, jobs)
	return nil
}

// leave ends an idle worker, unless a job was given to it in the meantime.
func (w *workers) leave(jobs chan *job) *job {
	w.mu.Lock()
	defer w.mu.Unlock()
	if i := slices.Index(w.idle, jobs); i >= 0 {
		w.idle = slices.Delete(w.idle, i, i+1)
		w.running--
		return nil
	}
	return <-jobs
}

// close ends the idle workers, and the others after their jobs.
func (w *workers) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	for _, jobs := range w.idle {
		w.running--
		jobs <- nil
	}
	w.idle = nil
}
