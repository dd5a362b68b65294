package ringwire

import (
	"context"
	"log/slog"
	"time"

	"github.com/ringwire/ringwire/mem"
)

// health looks at the server's memory from time to time, and at what its loops do (watchdog.go), and
// says when something is wrong.
//
// It has one goroutine with a ticker, which asks each loop by Post. Loops have no timer for
// it, so that an idle one sleeps on in between and is not kept from giving memory back. While
// all is well it allocates nothing.
type health struct {
	srv     *Server
	looks   []*look    // one per loop, and the workers' last
	answers chan *look // filled in by a loop
	out     int        // looks that have not come back
	hang    time.Duration
	dog     *watchdog // nil: nobody looks for stuck handlers
	told    [numCauses]told
}

// hangAfter is how long a loop may take to answer.
const hangAfter = time.Second

// vitals is what a look finds.
type vitals struct {
	mem       mem.Stats
	exchanges mem.PoolStats
	conns     mem.PoolStats
	pools     []mem.PoolStats // these, and all others
	jobs      int             // out in the whole server
	served    int             // connections
	ticks     tickVitals
	suspects  []mem.Suspect
}

// look is a place that is looked at, and what was found.
type look struct {
	h     *health
	svc   *service // nil for the workers
	place int      // which loop

	out  bool      // the loop has not answered yet: next is the loop's
	sent time.Time // since then
	next *vitals
	seen *vitals // the last answer

	// What the answer before said.

	misses, refused uint64
	ticks           tickVitals
	idleLeased      int // leases at the last look at which nothing was open
	idleLeast       int // the fewest of all such looks
	idleSeen        bool
	grown           int // what growth said
}

func newHealth(s *Server) *health {
	h := &health{srv: s, answers: make(chan *look, len(s.services)), hang: hangAfter}
	for i, svc := range s.services {
		h.looks = append(h.looks, &look{h: h, svc: svc, place: i, next: new(vitals), seen: new(vitals)})
	}
	h.looks = append(h.looks, &look{h: h, seen: new(vitals)})
	return h
}

// watch starts the periodic look and returns what ends it.
func (s *Server) watch() (end func()) {
	if s.HealthEvery == forever && s.StuckAfter == forever {
		return func() {}
	}
	h := newHealth(s)
	if s.StuckAfter != forever {
		h.dog = newWatchdog(s)
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		h.run(s.HealthEvery, s.watchEvery(), quit)
	}()
	return func() {
		close(quit)
		<-ended
	}
}

func (h *health) run(every, watch time.Duration, quit <-chan struct{}) {
	tick, dog := time.NewTicker(every), time.NewTicker(watch)
	defer tick.Stop()
	defer dog.Stop()
	if h.dog == nil {
		dog.Stop()
	}
	for {
		select {
		case <-quit:
			return
		case <-tick.C:
			h.tick()
		case <-dog.C:
			h.dog.look()
		case l := <-h.answers:
			h.answered(l)
		}
	}
}

// tick begins a round of looks. Loops that have not answered the last one are not asked again,
// and not waited for.
func (h *health) tick() {
	if h.out > 0 {
		h.check()
	}
	now := time.Now()
	for _, l := range h.looks {
		if l.svc == nil || l.out {
			continue
		}
		// Before the post: the answer may be quicker than its return.
		l.out, l.sent = true, now
		if h.out++; !l.svc.loop.Post(l) {
			l.out = false // it has ended
			h.out--
		}
	}
}

// RunTask answers, on the loop.
func (l *look) RunTask() {
	v, svc := l.next, l.svc
	svc.alloc.ReadStats(&v.mem)
	v.exchanges, v.conns = svc.exchanges.Stats(), svc.conns.Stats()
	v.pools = svc.appendPools(v.pools[:0])
	st := svc.loop.Stats()
	v.served = st.Open - st.Parked
	v.ticks = tickVitals{st.Ticks, st.MissedTicks, st.Overruns}
	v.jobs = svc.srv.jobs.running()
	v.suspects = svc.alloc.Suspects(svc.cfg.SuspectAfter)
	l.h.answers <- l // has room for all
}

// answered takes a loop's answer. The last one of a round is followed by the findings.
func (h *health) answered(l *look) {
	l.next, l.seen = l.seen, l.next
	l.out = false
	if h.out--; h.out == 0 {
		h.check()
	}
}

// check judges what was seen last.
func (h *health) check() {
	h.lookAtWorkers()
	for cause := range h.told {
		h.judge(cause)
	}
	for _, l := range h.looks {
		l.remember()
	}
	if h.srv.Logger.Enabled(context.Background(), slog.LevelDebug) {
		h.srv.Logger.Debug("ringwire: memory", "mem", h.snapshot())
	}
}

func (h *health) lookAtWorkers() {
	v := h.looks[len(h.looks)-1].seen
	v.served = 0 // loops take some of this memory, too
	for _, l := range h.looks[:len(h.looks)-1] {
		v.served += l.seen.served
	}
	h.srv.shared.ReadStats(&v.mem)
	v.jobs = h.srv.jobs.running()
	v.suspects = h.srv.shared.Suspects(h.srv.SuspectAfter)
}

// waited is how long the loop has not answered.
func (l *look) waited() time.Duration {
	if !l.out {
		return 0
	}
	return time.Since(l.sent)
}

// remember keeps what the next check compares with.
func (l *look) remember() {
	l.misses, l.refused = l.seen.mem.Misses, l.seen.mem.Refused
	l.ticks = l.seen.ticks
	l.grown = l.growth()
	if n := l.seen.mem.Leased; l.idle() {
		if !l.idleSeen {
			l.idleLeast, l.idleSeen = n, true
		}
		l.idleLeased, l.idleLeast = n, min(l.idleLeast, n)
	}
}

// growth is how many more leases are out than when fewest were, all at times when nothing
// was open. What counts was out last time, too: between two readings a connection may have come.
func (l *look) growth() int {
	if !l.idle() || !l.idleSeen {
		return l.grown // nobody can tell now
	}
	return max(0, min(l.seen.mem.Leased, l.idleLeased)-l.idleLeast)
}

// idle reports whether nothing was there that would need a buffer.
func (l *look) idle() bool { return l.seen.served == 0 && l.seen.jobs == 0 }

// snapshot is Server.Memory of what was seen last.
func (h *health) snapshot() (sum mem.Snapshot) {
	for _, l := range h.looks {
		sum.Add(&l.seen.mem)
		sum.AddSuspects(l.seen.suspects)
		if l.svc != nil {
			sum.AddPools(l.seen.pools...)
		}
	}
	sum.AddPools(h.srv.sharedPools()...)
	return sum
}
