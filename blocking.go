package ringwire

import (
	"errors"
	"net/netip"
	"sync"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/h1"
	"github.com/ringwire/ringwire/tls"
)

// Blocking makes a handler that may wait: h runs on a goroutine of a bounded pool
// (Config.Workers), with copies of the request's head and body, and may read a streamed
// body and write a long response as if it owned the connection. When all workers are
// busy and Config.WorkQueue requests wait for one, the answer is 503.
//
// It costs two hops between goroutines and a copy of the request. Later requests on the same
// connection wait for this one's response. h is not called for a client that has gone
// before a worker was free.
//
// A handler that wraps it runs on the loop: what it writes comes before what h writes, also
// if it does so after ServeHTTP has returned, which is before h is called. Blocking panics
// when called after Body.Stream, ResponseWriter.Stream or Upgrade have decided otherwise;
// the last call of a Body.Stream function may hand over to it.
func Blocking(h Handler) Handler { return blocking{h} }

type blocking struct{ h Handler }

func (b blocking) ServeHTTP(w *ResponseWriter, r *Request) {
	switch j := w.ex.worker; {
	case j == nil:
		w.ex.detach(b.h)
	case j.submitted:
		b.h.ServeHTTP(w, r) // already on a worker
	default:
		j.h = both{j.h, b.h} // a wrapper on the loop calls two of them
	}
}

// both is two Blocking handlers, one after the other.
type both struct{ first, second Handler }

func (b both) ServeHTTP(w *ResponseWriter, r *Request) {
	b.first.ServeHTTP(w, r)
	b.second.ServeHTTP(w, r)
}

// Limits of what lies between a worker and the loop for one request.
const (
	feedHigh = 256 << 10 // body bytes waiting for the worker at which the loop stops reading
	feedLow  = 64 << 10  // and at which it goes on
)

// job is the worker's side of an exchange. The worker owns the request, and the
// response until it pushes; the fields below mu are shared with the loop.
type job struct {
	ex      *exchange
	h       Handler
	remote  addrPair
	decoded mem.Writer // decoded paths and values, for the views handed out
	tail    h1.Head    // where the loop parses a streamed body's trailers

	// submitted is set before the worker starts. Until then the handler's call on the loop
	// goes on, in which nothing may wait for the loop.
	submitted bool

	mu       sync.Mutex
	cond     sync.Cond    // the worker waits for body bytes, or for its output to be taken
	handed   mem.Segments // output on its way to the loop
	pushing  bool         // handed (or an empty flush) awaits the loop
	posted   int          // tasks on their way to the loop
	finished bool         // the handler returned
	claimed  bool         // finishedForGood has told somebody so
	panicked any          // what it panicked with
	stack    []byte
	fed      bool  // the loop stopped feeding until the worker has read
	ended    bool  // the body ended
	endErr   error // with this
	dead     bool  // the connection is gone
	wants    bool  // the handler reads the body: a 100 Continue is due
}

type addrPair struct {
	remote, local netip.AddrPort
	tls           *tls.Info
}

// detach moves an exchange to a worker. It runs inside the handler call on the loop;
// the job is submitted when that has returned.
func (ex *exchange) detach(h Handler) {
	if ex.body.sink != nil || ex.res.producer != nil || ex.res.upgrade != nil {
		panic("ringwire: Blocking cannot take over what Body.Stream, ResponseWriter.Stream or Upgrade have taken")
	}
	shared := &ex.svc.srv.mem
	j := ex.svc.srv.newJob()
	j.ex, j.h = ex, h
	j.remote = addrPair{ex.hc.conn.RemoteAddr(), ex.hc.conn.LocalAddr(), ex.hc.conn.TLS()}
	ex.keepHead()
	j.decoded.InitFor(shared.decoded, decodedChunk)

	// Body and response change over to memory that may be used off the loop.
	b := &ex.body
	var segs mem.Segments
	segs.InitFor(shared.body)
	if b.view != nil {
		segs.AppendCopy(b.view)
		b.view = nil
	}
	for b.segs.Len() > 0 {
		p := b.segs.First()
		segs.AppendCopy(p)
		b.segs.Discard(len(p))
	}
	b.segs = segs
	j.handed.InitFor(shared.response)
	j.ended, j.endErr = b.done, b.end()

	w := &ex.res
	var out mem.Writer
	out.InitFor(shared.response, bodyChunk)
	for s := w.out.Segments(); s.Len() > 0; {
		p := s.First()
		_, _ = out.Write(p)
		s.Discard(len(p))
	}
	w.out.Release()
	w.out = out
	ex.worker = j
}

// run is the worker's whole work on a job.
func (j *job) run() {
	returned := false
	defer func() {
		v := recover()
		if v == nil && !returned {
			v = errGoexit
		}
		var stack []byte
		if v != nil {
			stack = stackOf(v)
		}
		j.mu.Lock()
		j.finished, j.panicked, j.stack = true, v, stack
		j.posted++ // in one step: from here on a task on its way may end the job
		j.mu.Unlock()
		j.sendTask()
	}()
	if !j.gone() {
		j.h.ServeHTTP(&j.ex.res, &j.ex.req)
	}
	returned = true
}

// gone reports whether the connection is.
func (j *job) gone() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.dead
}

var errGoexit = errors.New("ringwire: handler called runtime.Goexit")

// post has RunTask called on the loop.
func (j *job) post() {
	j.mu.Lock()
	j.posted++
	j.mu.Unlock()
	j.sendTask()
}

// sendTask posts the task that posted has counted already. When the loop has stopped, a
// job that is over is left to the server.
func (j *job) sendTask() {
	srv := j.ex.svc.srv
	if j.ex.svc.loop.Post(j) {
		return
	}
	j.mu.Lock()
	j.posted--
	orphaned := j.claim()
	j.mu.Unlock()
	if orphaned {
		srv.orphan(j)
	}
}

// RunTask is the loop's side of what a worker asked for.
func (j *job) RunTask() {
	hc := j.ex.hc
	j.mu.Lock()
	j.posted--
	wants := j.wants
	j.mu.Unlock()
	switch {
	case hc != nil:
		if wants {
			hc.sendContinue()
		}
		hc.workerProgress(j)
	case j.finishedForGood():
		ex := j.ex
		ex.attach()
		ex.svc.release(ex)
	}
}

// finishedForGood reports whether the handler has returned and no task of the job is
// still on its way to the loop: then the job can be used again. It says so once.
func (j *job) finishedForGood() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.claim()
}

// claim is finishedForGood for the holder of mu.
func (j *job) claim() bool {
	if !j.finished || j.posted > 0 || j.claimed {
		return false
	}
	j.claimed = true
	return true
}

// push hands the output to the loop and waits until the loop has taken it, which it
// does when the connection is not congested.
func (j *job) push() error {
	if !j.submitted {
		return nil // on the loop still: it goes with what the worker writes
	}
	w := &j.ex.res
	j.mu.Lock()
	if j.dead {
		j.mu.Unlock()
		return j.die()
	}
	w.out.Detach(&j.handed)
	j.pushing = true
	j.mu.Unlock()
	j.post()
	j.mu.Lock()
	for j.pushing && !j.dead {
		j.cond.Wait()
	}
	dead := j.dead
	j.mu.Unlock()
	if dead {
		return j.die()
	}
	return nil
}

func (j *job) die() error {
	j.ex.res.err = ErrConnClosed
	return ErrConnClosed
}

// take moves handed-over output to dst and reports whether there was a push. The worker
// waits on until taken: the response is the loop's in between.
func (j *job) take(dst *mem.Writer) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.pushing {
		dst.Segments().Splice(&j.handed)
	}
	return j.pushing
}

// taken lets the worker go on after take.
func (j *job) taken() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.pushing = false
	j.cond.Broadcast()
}

// attach takes an exchange back from its worker.
func (ex *exchange) attach() {
	j := ex.worker
	ex.worker = nil
	j.release()
	ex.res.unsmall() // what it is written to is not of the loop; reset puts that right
	ex.body.segs.Release()
	ex.body.segs.InitFor(ex.svc.mem.body)
	ex.svc.srv.freeJob(j)
}

// release gives back what the job holds, when its handler has returned.
func (j *job) release() {
	j.handed.Release()
	j.decoded.Release()
}

// feed gives the worker a piece of a streamed body. It reports false when enough is
// waiting; the piece is taken all the same.
func (j *job) feed(p []byte) (more bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.ex.body.segs.AppendCopy(p)
	j.cond.Broadcast()
	j.fed = j.ex.body.segs.Len() >= feedHigh
	return !j.fed
}

// hungry reports whether the worker wants more body.
func (j *job) hungry() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !j.fed
}

// end tells the worker that no more body follows.
func (j *job) end(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.ended {
		j.ended, j.endErr = true, err
		j.ex.trailed.keep(&j.tail, j.ex.svc.mem.trailers)
		j.cond.Broadcast()
	}
}

// trailers are the fields after the body, once that has ended.
func (j *job) trailers() []field {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.ex.trailed.fields
}

// kill tells the worker that the connection is gone.
func (j *job) kill() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.dead = true
	if !j.ended {
		j.ended, j.endErr = true, ErrBodyTruncated
	}
	j.cond.Broadcast()
}

// read is Body.Read in a worker.
func (j *job) read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	segs := &j.ex.body.segs
	j.mu.Lock()
	if !j.submitted && segs.Len() == 0 && !j.ended {
		j.mu.Unlock()
		return 0, ErrBodyStreaming // on the loop still
	}
	if segs.Len() == 0 && !j.ended && !j.wants {
		j.wants = true
		j.mu.Unlock()
		j.post()
		j.mu.Lock()
	}
	for segs.Len() == 0 && !j.ended {
		j.cond.Wait()
	}
	if segs.Len() == 0 {
		defer j.mu.Unlock()
		return 0, j.endErr
	}
	n, err := segs.Read(p)
	resume := j.fed && segs.Len() <= feedLow
	if resume {
		j.fed = false
	}
	j.mu.Unlock()
	if resume {
		j.post()
	}
	return n, err
}

func (j *job) reset() {
	j.ex, j.h, j.remote = nil, nil, addrPair{}
	j.tail.Reset()
	j.submitted = false
	j.pushing, j.finished, j.claimed, j.panicked, j.stack = false, false, false, nil, nil
	j.fed, j.ended, j.endErr, j.dead, j.wants = false, false, nil, false, false
}
