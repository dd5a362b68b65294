package fallback

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// turnBatch is the most connections that one turn reads from before it flushes.
	turnBatch = 64

	// guestBudget is the number of callbacks after which a connection's goroutine hands
	// a busy loop over to Run's: while it is the loop, it does not hear of its own
	// connection.
	guestBudget = 32

	// hostBudget is the number of callbacks after which Run's goroutine lets others at the
	// processor.
	hostBudget = 512
)

// agenda is what a loop has to do next. Its holder has the loop's mutex.
type agenda struct {
	todo   fifo[*conn] // to be read from
	sent   fifo[*conn] // whose send ended
	gone   fifo[*conn] // whose descriptor is closed
	failed fifo[error] // of accepting
	tasks  []Task      // the last batch taken, for its memory
	force  bool        // Turn is to run even if nothing else does
	count  int         // callbacks since the mutex was taken
}

func (a *agenda) empty() bool {
	return !a.force && a.todo.len()+a.sent.len()+a.gone.len()+a.failed.len() == 0
}

// timing is when a loop wakes up by itself, on Now's clock.
type timing struct {
	now      int64
	fresh    bool // now was read for this turn
	deadline int64
	armed    int64 // when timer fires; 0 = not armed
	timer    *time.Timer
}

// news tells whether something was queued from outside. It needs no mutex.
func (l *Loop) news() bool {
	return l.ready.Load() != nil || l.posts.pending.Load()
}

// enter takes the mutex.
func (l *Loop) enter() {
	l.mu.Lock()
	l.now, l.fresh = l.Clock(), true
	l.log.Wake(l.now)
}

// leave runs what there is to do and gives the mutex back.
func (l *Loop) leave() {
	more := l.turns(guestBudget)
	l.mu.Unlock()
	l.settle(more)
}

// settle is called by whoever has just given the mutex back. Others that met
// it taken have queued what they had and gone away: so it has to look again. More tells
// that there is work left in the agenda.
func (l *Loop) settle(more bool) {
	for !more {
		if !l.news() || !l.mu.TryLock() {
			return
		}
		more = l.turns(guestBudget)
		l.mu.Unlock()
	}
	l.kick()
}

// notify says that c has become ready. It is for c's own goroutine, which becomes the loop
// if nobody else is.
func (l *Loop) notify(c *conn) {
	l.push(c)
	if !l.mu.TryLock() {
		return
	}
	l.guest = c
	more := l.turns(guestBudget)
	l.guest = nil
	l.mu.Unlock()
	l.settle(more)
}

// push puts c on the stack of ready connections, once.
func (l *Loop) push(c *conn) {
	if !c.queued.CompareAndSwap(false, true) {
		return
	}
	for {
		head := l.ready.Load()
		c.next = head
		if l.ready.CompareAndSwap(head, c) {
			return
		}
	}
}

// collect moves the ready connections to the agenda, first come first.
func (l *Loop) collect() {
	if l.ready.Load() == nil {
		return
	}
	var first *conn
	for c := l.ready.Swap(nil); c != nil; {
		c, c.next, first = c.next, first, c
	}
	for c := first; c != nil; {
		next := c.next
		c.next = nil
		c.queued.Store(false) // from here on c may be pushed again
		c.io.woke()
		c = next
	}
}

// turns runs turns until there is nothing to do or more than budget callbacks have run.
// It tells whether there is more. The mutex is to be given back next.
func (l *Loop) turns(budget int) (more bool) {
	if l.ev != nil {
		more = l.someTurns(budget)
	}
	l.log.Sleep() // not deferred: what has panicked is still in its handler
	return more
}

func (l *Loop) someTurns(budget int) (more bool) {
	for l.count = 0; l.count < budget; l.turn() {
		if l.agenda.empty() && !l.news() {
			l.arm()
			return false
		}
	}
	return true
}

// turn is one turn: read, report, run tasks, flush.
func (l *Loop) turn() {
	if !l.fresh {
		l.now = l.Clock()
		l.log.Wake(l.now)
	}
	before := l.count
	if l.force {
		l.force = false
		l.count++
	}
	l.collect()
	for n := min(l.todo.len(), turnBatch); n > 0; n-- {
		c := l.todo.pop()
		c.todo = false
		c.io.work()
	}
	for n := l.sent.len(); n > 0; n-- {
		l.sent.pop().reportSent()
	}
	for n := l.gone.len(); n > 0; n-- {
		l.release(l.gone.pop())
	}
	for n := l.failed.len(); n > 0; n-- {
		l.count++
		err := l.failed.pop()
		l.note(didAccept, nil, 0, 0, err)
		l.ev.AcceptFailed(err)
	}
	l.runTasks()
	if l.count != before {
		l.deadline = l.ev.Turn(l.now)
	}
	l.fresh = false
}

func (l *Loop) runTasks() {
	if !l.posts.pending.Load() {
		return
	}
	l.tasks = l.posts.take(l.tasks)
	l.note(didTasks, nil, 0, len(l.tasks), nil)
	for i, t := range l.tasks {
		l.tasks[i] = nil
		l.count++
		t.RunTask()
	}
}

// arm sets the timer for the next deadline if it does not fire early enough. A timer that
// fires too early costs one look, so it is never put off: most deadlines move with every
// request and are never met.
func (l *Loop) arm() {
	next := earlier(l.deadline, l.sockets.nextProbe())
	if next == 0 || l.dying {
		return
	}
	if next <= l.now {
		l.kick()
		return
	}
	if l.armed == 0 || next < l.armed {
		l.armed = next
		l.timer.Reset(time.Duration(next - l.now))
	}
}

// due queues what time has brought. For Run's goroutine.
func (l *Loop) due() {
	if l.deadline != 0 && l.deadline <= l.now {
		l.force = true
		l.note(didTimer, nil, 0, 0, nil)
	}
	l.sockets.probe(l)
}

// earlier returns the earlier of two deadlines, 0 meaning none.
func earlier(a, b int64) int64 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// postQueue is what Post fills. Two slices take turns, so it allocates only to grow.
type postQueue struct {
	pending atomic.Bool
	mu      sync.Mutex
	list    []Task
	closed  bool
}

func (q *postQueue) add(t Task) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return false
	}
	q.list = append(q.list, t)
	q.pending.Store(true)
	return true
}

// take returns what was posted, in exchange for an old slice to fill next.
func (q *postQueue) take(old []Task) []Task {
	q.mu.Lock()
	defer q.mu.Unlock()
	list := q.list
	q.list = old[:0]
	q.pending.Store(false)
	return list
}

// close refuses further tasks. Those that wait are still to be run.
func (q *postQueue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// Post runs t on the loop soon. From any goroutine.
func (l *Loop) Post(t Task) bool {
	if !l.posts.add(t) {
		return false
	}
	// Who holds the mutex sees the task when it lets go of it. If nobody does, only
	// Run's goroutine may run it: the caller may hold locks of its own.
	if l.mu.TryLock() {
		l.mu.Unlock()
		l.kick()
	}
	return true
}
