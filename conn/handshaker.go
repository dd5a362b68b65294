package conn

import (
	"io"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/tls"
)

// Handshakers are goroutines that relieve loops of handshakes when several come at once. A
// handshake that was begun by one of them is gone on with by the same: see package tls.
// Stalled peers hold none of them up.
type Handshakers struct {
	workers []*handshaker
	running sync.WaitGroup
	steps   atomic.Int32 // that wait or run

	mu      sync.Mutex
	orphans []*handshakeJob // whose loop had stopped
}

// handshaker is one of the goroutines.
type handshaker struct {
	all  *Handshakers
	tls  *tls.Loop
	out  *mem.Account
	mu   sync.Mutex
	cond sync.Cond
	jobs []*handshakeJob
	end  bool
}

// handshakeJob is a session that is a worker's until its handshake is over. Between steps, while
// it is not busy, it is the loop's.
type handshakeJob struct {
	worker  *handshaker
	loop    *Loop
	session *tls.Session
	sec     *secure
	id      uint32

	in    []byte // for the step at hand: what sec.part holds, which is left alone meanwhile
	out   mem.Writer
	used  int
	state tls.State
	err   error
	more  spill // received meanwhile

	busy bool // a worker has it
	fin  bool // the peer's FIN came meanwhile
	dead bool // the connection is gone
	over bool // nothing is to be done but Abort
}

// handshakeQueue is how many jobs may wait for one worker before loops give it no more: enough to
// keep it busy.
const handshakeQueue = 4

// NewHandshakers starts n goroutines for an engine. They take memory from alloc, which must
// be shared.
func NewHandshakers(e *tls.Engine, alloc *mem.Allocator, n int) *Handshakers {
	h := &Handshakers{}
	for range n {
		w := &handshaker{all: h, tls: e.NewLoop(alloc), out: alloc.Account("output")}
		w.cond.L = &w.mu
		h.workers = append(h.workers, w)
		h.running.Go(w.run)
	}
	return h
}

// Close ends the goroutines when they have done what is queued, and waits for them. The loops
// must have ended.
func (h *Handshakers) Close() {
	for _, w := range h.workers {
		w.mu.Lock()
		w.end = true
		w.mu.Unlock()
		w.cond.Signal()
	}
	h.running.Wait()
	for _, j := range h.orphans {
		j.release()
	}
	h.orphans = nil
}

// take gives the handshake of c, which has not begun, to the worker with the least to do. It
// reports false when all have enough.
func (h *Handshakers) take(l *Loop, c *Conn) bool {
	var best *handshaker
	least := handshakeQueue
	for _, w := range h.workers {
		if n := w.waiting(); n < least {
			best, least = w, n
		}
	}
	if best == nil {
		return false
	}
	remote, local := c.RemoteAddr(), c.LocalAddr() // which only the loop may ask for
	l.attach(c, best.tls.Accept(), func(r bool) netip.AddrPort {
		if r {
			return remote
		}
		return local
	})
	j := &handshakeJob{worker: best, loop: l, session: c.sec.session, sec: c.sec, id: c.id}
	j.out.InitFor(best.out, 0)
	c.sec.job = j
	return true
}

// busy reports whether a step waits for a worker or is being made.
func (h *Handshakers) busy() bool { return h.steps.Load() > 0 }

func (w *handshaker) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.jobs)
}

func (w *handshaker) push(j *handshakeJob) {
	w.mu.Lock()
	w.jobs = append(w.jobs, j)
	w.mu.Unlock()
	w.cond.Signal()
}

// pop waits for a job, nil at the end.
func (w *handshaker) pop() *handshakeJob {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.jobs) == 0 && !w.end {
		w.cond.Wait()
	}
	if len(w.jobs) == 0 {
		return nil
	}
	j := w.jobs[0]
	w.jobs[0] = nil
	w.jobs = w.jobs[1:]
	return j
}

func (w *handshaker) run() {
	for j := w.pop(); j != nil; j = w.pop() {
		if j.over {
			j.session.Abort()
			continue
		}
		j.used, j.state, j.err = j.session.Step(j.in, &j.out)
		w.all.steps.Add(-1)
		if j.loop.Post(j) {
			continue
		}
		j.session.Abort()
		w.all.mu.Lock()
		w.all.orphans = append(w.all.orphans, j)
		w.all.mu.Unlock()
	}
}

// step has the worker go on with in, which is borrowed until RunTask.
func (j *handshakeJob) step(in []byte) {
	j.in, j.busy = in, true
	j.worker.all.steps.Add(1)
	j.worker.push(j)
}

// keep takes bytes that come while a worker has the job. A client may send its first request
// with the end of its handshake, so that much may come: the peer is held back then.
func (j *handshakeJob) keep(c *Conn, p []byte) {
	j.more.add(j.loop.kept, p)
	if j.more.len() > j.loop.cfg.MaxPending && !c.has(choked) {
		c.flags |= choked
		c.loop.drv.Pause(c.id)
	}
}

// abort has the worker end a session that is not busy.
func (j *handshakeJob) abort() {
	j.worker.push(&handshakeJob{session: j.session, over: true})
}

// RunTask takes the outcome of a step, on the loop.
func (j *handshakeJob) RunTask() {
	l, s := j.loop, j.sec
	j.busy, j.in = false, nil
	if j.dead {
		j.abort()
		j.release()
		return
	}
	l.enter()
	c := l.conn(j.id)
	j.out.Detach(s.wire.Segments())
	s.part.discard(j.used)
	arrived := j.more.len() > 0
	if arrived {
		s.part.add(l.kept, j.more.bytes())
		j.more.release()
	}
	if c.has(choked) {
		c.flags &^= choked
		c.receive()
	}
	if j.err != nil || j.state == tls.Ready {
		s.job = nil
		s.session.Move(l.tls)
	}
	l.stepped(c, j.state, j.err)
	if arrived && c.sec == s && s.phase == shaking {
		l.stepHandshake(c)
	}
	if j.fin && !j.busy {
		l.endedSealed(c, io.EOF)
	}
}

// release gives back what the loop has of a job whose connection is gone.
func (j *handshakeJob) release() {
	j.out.Release()
	j.more.release()
	j.loop.secures.Put(j.sec)
}
