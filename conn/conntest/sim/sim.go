package sim

import (
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Task and Events are the driver contract's types: see package conn.
type (
	Task = interface{ RunTask() }

	Events = interface {
		Opened(id uint32)
		Received(id uint32, p []byte)
		Ended(id uint32, err error)
		Sent(id uint32, n int, err error)
		Closed(id uint32)
		AcceptFailed(err error)
		Turn(now int64) (deadline int64)
	}
)

// Config says what to simulate. The zero value is a network without faults.
type Config struct {
	Seed   uint64
	Faults Faults

	// Window is how many bytes one direction of a connection holds before its writer has to
	// wait; 0 = 64 KiB.
	Window int

	// Delay is the longest way between a peer and the driver. Each connection has its own, up to that.
	Delay time.Duration

	// Trace gets a line for each event; nil = none.
	Trace io.Writer
}

// Faults are the probabilities of what goes wrong, in thousandths of the occasions.
type Faults struct {
	ShortRead  int // a Received brings a part only
	ShortWrite int // a send goes out in parts; Sent still comes once
	Stall      int // a receiver is out of buffers (ENOBUFS) and goes on later
	Late       int // a completion comes milliseconds late
	Afterwards int // bytes, or a newcomer, arrive although Pause, or PauseAccept, was called meanwhile
	Accept     int // an accept fails with EMFILE
	Reset      int // the connection breaks instead of receiving or sending
	Overflow   int // the completion queue is full: what else is due comes with the next turn
	Race       int // after Close a send in flight goes on, until the cancellation finds it
}

var (
	// Rough has every fault that a correct user does not notice.
	Rough = Faults{ShortRead: 400, ShortWrite: 400, Stall: 100, Late: 150, Afterwards: 500, Accept: 100, Overflow: 50, Race: 500}

	// Hostile breaks connections, too.
	Hostile = Faults{ShortRead: 400, ShortWrite: 400, Stall: 100, Late: 150, Afterwards: 500, Accept: 100, Overflow: 50, Race: 500, Reset: 10}
)

const (
	tick       = int64(10 * time.Microsecond) // of completions, so that some coincide
	minBackoff = int64(5 * time.Millisecond)
	maxBackoff = int64(time.Second)
)

// Sim is the driver, its network and its clock. The methods of the driver contract are
// for callbacks, as with any driver; all others are for the test outside of callbacks, from
// any goroutine, though only one goroutine makes a run that can be repeated.
type Sim struct {
	cfg Config

	mu       sync.Mutex // taken by everything that is not "on the loop"
	own      chances    // of what concerns no connection
	ev       Events
	now      int64
	deadline int64
	agenda   agenda
	seq      uint64
	steps    int
	links    []*link // by id, nil = free
	free     []uint32
	backlog  []*link
	lent     []byte
	misuse   []string

	listeners   []net.Listener
	paused      bool
	deaf        bool
	accepting   bool  // an accept is scheduled
	backoff     int64 // after the last failure
	failAccepts []error
	failAdopts  []error
	ports       uint64

	post struct {
		sync.Mutex
		tasks  []Task
		closed bool
	}
	stop     chan struct{} // closed by Stop
	stopOnce sync.Once
	begun    chan struct{}
	finished bool
}

// New makes a simulation. Time begins at one second.
func New(cfg Config) *Sim {
	if cfg.Window == 0 {
		cfg.Window = 64 << 10
	}
	return &Sim{
		cfg:   cfg,
		own:   newChances(cfg.Seed, 0x72696e6777697265),
		now:   int64(time.Second),
		lent:  make([]byte, 16<<10),
		stop:  make(chan struct{}),
		begun: make(chan struct{}),
	}
}

// Begin starts the loop without blocking. Run calls it.
func (s *Sim) Begin(ev Events) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ev = ev
	s.deadline = ev.Turn(s.now)
	close(s.begun)
}

// Run is Begin, and waits for Stop. The callbacks run on the goroutine that steps.
func (s *Sim) Run(ev Events) error {
	s.Begin(ev)
	<-s.stop
	s.mu.Lock()
	defer s.mu.Unlock()
	s.finish()
	return nil
}

// Begun is closed when the loop has started. Wait for it if Run is called on another
// goroutine.
func (s *Sim) Begun() <-chan struct{} { return s.begun }

// Stop ends the loop. After Begin the next step does it, after Run Run itself.
func (s *Sim) Stop() { s.stopOnce.Do(func() { close(s.stop) }) }

func (s *Sim) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// finish closes everything: the end of Run.
func (s *Sim) finish() {
	if s.finished || s.ev == nil {
		return
	}
	s.finished = true
	s.StopAccept()
	for _, c := range s.links {
		if c != nil && !c.closing {
			s.Close(c.id)
		}
	}
	for len(s.agenda) > 0 {
		s.batch(s.agenda[0].at)
	}
	for s.closePosts(); s.posted(); {
		s.batch(s.now)
	}
}

// Step goes on to the next moment at which something happens, be it years ahead, and runs
// one turn. False means that nothing will ever happen by itself.
func (s *Sim) Step() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.step(1 << 62)
}

// RunUntilIdle runs until nothing is on its way. It leaves out deadlines that lie after
// that: Advance and Step go there.
func (s *Sim) RunUntilIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.busy() {
		s.step(1 << 62)
	}
}

// Advance runs everything that happens within the next d.
func (s *Sim) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	until := s.now + int64(d)
	for s.step(until) {
	}
	s.now = max(s.now, until)
}

// StepUntil runs the next turn, if it is not after the time at. If it is, that becomes the time, and the
// result false. It is for those who have events of their own, in between.
func (s *Sim) StepUntil(at int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.step(at) {
		return true
	}
	s.now = max(s.now, at)
	return false
}

// Ended tells that the loop has ended: nothing happens any more.
func (s *Sim) Ended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.finished
}

// Time is the virtual clock, from outside of the loop.
func (s *Sim) Time() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Open is the number of connections that were Opened and not Closed.
func (s *Sim) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.links {
		if c != nil {
			n++
		}
	}
	return n
}

// Misuse lists what the user of the driver did against the contract.
func (s *Sim) Misuse() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.misuse...)
}

// FirstMisuse is the first of Misuse, "" if there is none.
func (s *Sim) FirstMisuse() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.misuse) == 0 {
		return ""
	}
	return s.misuse[0]
}

func (s *Sim) blame(format string, args ...any) {
	s.misuse = append(s.misuse, fmt.Sprintf(format, args...))
	s.trace("MISUSE "+format, args...)
}

func (s *Sim) trace(format string, args ...any) {
	if s.cfg.Trace != nil {
		fmt.Fprintf(s.cfg.Trace, "%12.3fms "+format+"\n", append([]any{float64(s.now) / 1e6}, args...)...)
	}
}

// busy tells whether something is on its way.
func (s *Sim) busy() bool {
	return !s.finished && s.ev != nil && (len(s.agenda) > 0 || s.posted() || s.stopped())
}

// step runs the next turn if it is not after until.
func (s *Sim) step(until int64) bool {
	if s.ev == nil || s.finished {
		return false
	}
	if s.stopped() {
		s.finish()
		return true
	}
	next := int64(1<<63 - 1)
	if len(s.agenda) > 0 {
		next = s.agenda[0].at
	}
	if s.deadline != 0 { // one that has passed still lets time go on
		next = min(next, max(s.deadline, s.now+int64(time.Microsecond)))
	}
	if s.posted() {
		next = s.now
	}
	if next > until || next == 1<<63-1 {
		return false
	}
	s.batch(next)
	return true
}

// batch is a turn: the events up to now, those of one moment in random order, the tasks, then Turn.
func (s *Sim) batch(now int64) {
	s.now = max(s.now, now)
	s.steps++
	for len(s.agenda) > 0 && s.agenda[0].at <= s.now {
		e := s.agenda.pop()
		e.do()
		if len(s.agenda) > 0 && s.agenda[0].at <= s.now && e.c != nil && e.c.luck.of(s.cfg.Faults.Overflow) {
			s.trace("the completion queue overflows")
			break
		}
	}
	for _, t := range s.takePosts() {
		s.trace("task")
		t.RunTask()
	}
	s.deadline = s.ev.Turn(s.now)
}

func (e *event) do() {
	switch e.what {
	case doReceive:
		e.c.receive()
	case doPush:
		e.c.push()
	case doClosed:
		e.c.closed()
	default:
		e.run()
	}
}

// soon schedules what concerns c, a random little later.
func (c *link) soon(w what, way int64) {
	d := tick*int64(1+c.luck.intN(5)) + way
	if c.luck.of(c.s.cfg.Faults.Late) {
		d += int64(time.Millisecond) * int64(1+c.luck.intN(20))
	}
	c.s.at(c.s.now+d, event{what: w, c: c, order: uint32(c.luck.next() >> 32)})
}

func (s *Sim) at(t int64, e event) {
	s.seq++
	e.at, e.seq = t-t%tick, s.seq
	s.agenda.add(e)
}
