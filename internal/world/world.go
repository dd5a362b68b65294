package world

import (
	"crypto/tls"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/ringwire/ringwire/conn/conntest/sim"
)

// Host is the server under test: it serves on World.Sim from when it was made.
type Host interface {
	// Check is asked now and then whether everything is within its limits. "" means yes.
	Check() string

	// Publish publishes text to the topic of a policy.
	Publish(p Policy, key string, text []byte)

	// Account is what that topic says of itself.
	Account(p Policy) Account

	// Shutdown begins the drain.
	Shutdown()

	// Held tells, when all connections are closed, what is held all the same; when ended is true,
	// after the loop's end. "" means nothing.
	Held(ended bool) string
}

// Violation is a rule that was broken.
type Violation struct {
	Spec Spec
	Kind string        // which rule
	Conn int           // whose connection, -1 if nobody's
	At   time.Duration // since the run began
	Text string
}

func (v *Violation) Error() string {
	who := "the server"
	if v.Conn >= 0 {
		who = fmt.Sprintf("connection %d", v.Conn)
	}
	return fmt.Sprintf("%s: %s, after %v: %s", v.Kind, who, v.At.Round(time.Microsecond), v.Text)
}

// World is one run.
type World struct {
	spec    Spec
	plan    *Plan
	sim     *sim.Sim
	host    Host
	began   int64
	shutAt  int64 // when the drain began, 0 = it has not
	stopped bool  // the loop was told to stop: nothing is promised any more

	clients map[int]*client
	agenda  agenda
	left    int // clients that are not over
	turns   int
	broken  *Violation
	buf     []byte
	plain   []byte // of a record of TLS 1.2
	tickets map[string]*tls.ClientSessionState
	board   board
	zips    zips
	stats   Stats
}

// Stats say what a run was made of.
type Stats struct {
	Conns, Answers, Messages, Turns int
	Handshakes, Resumed             int // of TLS
	Deflated, Inflated              int // messages that were compressed, by clients and by the server
	Notices, Missed, Slow           int // of topics: messages, and who was disconnected
	Ends                            [ends]int
}

// Add adds up.
func (s *Stats) Add(o Stats) {
	s.Conns += o.Conns
	s.Answers += o.Answers
	s.Messages += o.Messages
	s.Turns += o.Turns
	s.Handshakes += o.Handshakes
	s.Resumed += o.Resumed
	s.Deflated += o.Deflated
	s.Inflated += o.Inflated
	s.Notices += o.Notices
	s.Missed += o.Missed
	s.Slow += o.Slow
	for i := range s.Ends {
		s.Ends[i] += o.Ends[i]
	}
}

// New makes the world of spec, without a server. What happens is written to trace, unless that is nil.
func New(spec Spec, trace io.Writer) *World {
	p := spec.plan()
	w := &World{spec: spec, plan: p, clients: map[int]*client{}, buf: make([]byte, 16<<10)}
	w.sim = sim.New(sim.Config{Seed: spec.Seed, Faults: p.Faults, Window: p.Window, Delay: p.Delay, Trace: trace})
	w.began = w.sim.Time()
	w.board = newBoard(w)
	if p.TLS {
		w.plain, w.tickets = make([]byte, maxPlain), map[string]*tls.ClientSessionState{}
	}
	return w
}

// Sim is the driver for the server.
func (w *World) Sim() *sim.Sim { return w.sim }

// Plan is how the server is to be tuned.
func (w *World) Plan() *Plan { return w.plan }

// Wall is the time of the day: it goes with the simulation's.
func (w *World) Wall() time.Time { return time.Unix(1_800_000_000, w.sim.Now()).UTC() }

// Stats say what the run was made of, when it is over.
func (w *World) Stats() Stats {
	w.stats.Turns = w.turns
	for p := range Policies {
		w.stats.Notices += w.board.arrived[p]
		w.stats.Missed += w.board.missed[p]
		w.stats.Slow += w.board.cut[p]
	}
	return w.stats
}

// Fail notes that a rule was broken; the first time counts. conn is -1 if it is nobody's.
func (w *World) Fail(kind string, conn int, format string, args ...any) {
	if w.broken == nil {
		w.broken = &Violation{w.spec, kind, conn, time.Duration(w.sim.Now() - w.began), fmt.Sprintf(format, args...)}
	}
}

// tooLong is how many turns a run may have: far more than any needs.
const tooLong = 20_000

// Run makes the run: clients come, do what they do, and all is looked at while it happens, and when
// it is over. A panic of the server's is a violation.
func (w *World) Run(host Host) (v *Violation) {
	defer func() {
		if p := recover(); p != nil {
			w.Fail("panic", -1, "%v\n%s", p, debug.Stack())
			v = w.broken
		}
	}()
	defer w.close()
	w.host = host
	for _, n := range w.spec.conns() {
		w.add(n)
	}
	w.left = len(w.clients)
	limit := tooLong + 4000*len(w.clients)
	for w.broken == nil && w.left > 0 {
		if w.turns > limit {
			w.Fail("no end", -1, "%d connections are at work after %d turns%s", w.left, w.turns, w.busy())
			break
		}
		w.next()
	}
	if w.broken == nil {
		w.end()
	}
	return w.broken
}

// close ends the handshakes, of both sides, that a violation has left over: each has a coroutine.
func (w *World) close() {
	if w.broken == nil {
		return
	}
	for _, c := range w.clients {
		if c.tls != nil {
			c.tls.over()
		}
	}
	defer func() { _ = recover() }() // the server is broken
	w.stop()
	w.sim.Step()
}

// next goes on to whatever is next: a turn of the server's, or a client.
func (w *World) next() {
	e := w.agenda.list[0]
	if w.sim.StepUntil(e.at) {
		w.turned()
		return
	}
	w.agenda.pop()
	if e.c == nil {
		e.do()
		return
	}
	if c := e.c; !c.over && e.at == c.wakeAt {
		c.wakeAt = 0
		c.act(e.at)
	}
}

// checkEvery is after how many turns the server is looked at.
const checkEvery = 64

// turned is called after each turn of the server's.
func (w *World) turned() {
	w.turns++
	if m := w.sim.FirstMisuse(); m != "" {
		w.Fail("contract", -1, "%s", m)
	}
	if w.turns%checkEvery == 0 || w.board.fresh {
		w.board.fresh = false
		w.check()
	}
}

func (w *World) check() {
	if m := w.host.Check(); m != "" {
		w.Fail("limits", -1, "%s", m)
	}
}

// add has a client come at its time, and what the plan has for the server.
func (w *World) add(n int) {
	if len(w.clients) == 0 {
		if at := w.plan.shutAt; at > 0 {
			w.agenda.add(event{at: w.began + int64(at), do: w.shut})
		}
		if at := w.plan.stopAt; at > 0 {
			w.agenda.add(event{at: w.began + int64(at), do: w.stop})
		}
		w.agenda.add(event{at: w.began, do: w.board.tick})
	}
	c := newClient(w, n)
	w.clients[n] = c
	c.wake(w.began + c.rng.Int64N(int64(w.plan.span)))
}

func (w *World) shut() {
	w.shutAt = w.sim.Now()
	w.host.Shutdown()
}

func (w *World) stop() {
	w.stopped = true
	w.sim.Stop()
}

// rest is how long the server may hold on to connections whose clients are gone: for what is unsent, then
// for the client's end.
func (w *World) rest() time.Duration { return w.plan.WriteTimeout + 10*time.Second }

// end lets everything end that has to end by itself, ends the rest, and looks for what is left.
func (w *World) end() {
	w.through(w.rest())
	if w.broken != nil {
		return
	}
	if n := w.sim.Open(); n != 0 {
		w.Fail("left open", -1, "%d connections are open %v after their clients went", n, w.rest())
		return
	}
	ended := w.shutAt != 0 || w.stopped
	if ended && !w.sim.Ended() {
		w.Fail("drain", -1, "the loop goes on without a connection")
		return
	}
	w.check()
	w.board.settle()
	if m := w.host.Held(ended); m != "" {
		w.Fail("held", -1, "%s", m)
		return
	}
	if ended {
		return
	}
	w.stop()
	w.through(time.Second)
	if m := w.host.Held(true); m != "" && w.broken == nil {
		w.Fail("held", -1, "after the end: %s", m)
	}
}

// through runs the server alone for a while.
func (w *World) through(d time.Duration) {
	for until := w.sim.Time() + int64(d); w.broken == nil && w.sim.StepUntil(until); {
		w.turned()
	}
}

// busy names one of the clients that are not over.
func (w *World) busy() string {
	for _, n := range w.spec.conns() {
		if c := w.clients[n]; !c.over {
			return fmt.Sprintf(", of them %d: %s (%s)", n, c.speak, c.end)
		}
	}
	return ""
}
