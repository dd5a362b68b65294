package conntest

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"

	"github.com/ringwire/ringwire/conn"
)

// Checker stands between a driver and its user and checks that the driver keeps the contract.
// It is the Driver to the user, and the Events to the driver. The user's mistakes are its
// business only as far as they would look like the driver's.
type Checker struct {
	conn.Driver
	ev      conn.Events
	stopped atomic.Bool

	inside  atomic.Int32 // callbacks that run
	counter int          // for the race detector: written in every callback, without a lock
	ids     []idState
	now     int64
	pending int    // callbacks since Turn
	opened  int    // ids that are open
	most    int    // the most that were open at once
	closed  int    // Closed so far
	ended   bool   // Run returned
	poison  []byte // what sent buffers are overwritten with; nil = left alone

	mu     sync.Mutex
	faults []string
}

// idState is what the contract says of an id.
type idState struct {
	open     bool
	closing  bool
	received bool // Receive was called
	ended    bool
	sending  bool
	total    int
	inFlight [][]byte
}

// NewChecker watches over d.
func NewChecker(d conn.Driver) *Checker { return &Checker{Driver: d} }

// Faults lists what the driver did against the contract.
func (k *Checker) Faults() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.faults...)
}

func (k *Checker) blame(format string, args ...any) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.faults) < 20 {
		k.faults = append(k.faults, fmt.Sprintf(format, args...))
	}
}

// Run runs the driver and checks what it leaves behind.
func (k *Checker) Run(ev conn.Events) error {
	k.ev = ev
	err := k.Driver.Run(k)
	k.Finished()
	return err
}

// Wrap sets the user without running anything, for drivers that are stepped.
func (k *Checker) Wrap(ev conn.Events) conn.Events {
	k.ev = ev
	return k
}

// Finished checks what has to be true when Run has returned.
func (k *Checker) Finished() {
	k.ended = true
	for id, s := range k.ids {
		if s.open {
			k.blame("Run returned without Closed(%d)", id)
		}
	}
}

// Stop notes that connections may now be closed by the driver.
func (k *Checker) Stop() {
	k.stopped.Store(true)
	k.Driver.Stop()
}

// enter begins a callback.
func (k *Checker) enter(name string, id uint32) {
	if k.inside.Add(1) != 1 {
		k.blame("%s(%d) inside or beside another callback", name, id)
	}
	if k.ended {
		k.blame("%s(%d) after Run returned", name, id)
	}
	k.counter++
	k.pending++
}

func (k *Checker) leave() { k.inside.Add(-1) }

// of returns the state of an id that has to be open.
func (k *Checker) of(name string, id uint32) *idState {
	if int(id) >= len(k.ids) || !k.ids[id].open {
		k.blame("%s(%d): the id is not open", name, id)
		return &idState{}
	}
	s := &k.ids[id]
	if s.closing && name != "Closed" {
		k.blame("%s(%d) after Close", name, id)
	}
	return s
}

// Opened checks that the id was free, and a new one needed if it is new.
func (k *Checker) Opened(id uint32) {
	k.enter("Opened", id)
	defer k.leave()
	k.begin("Opened", id)
	k.ev.Opened(id)
}

// begin begins the life of an id.
func (k *Checker) begin(name string, id uint32) {
	switch {
	case int(id) > len(k.ids):
		k.blame("%s(%d): ids so far are below %d", name, id, len(k.ids))
		k.ids = append(k.ids, make([]idState, int(id)-len(k.ids))...)
		fallthrough
	case int(id) == len(k.ids):
		if k.opened < len(k.ids) {
			k.blame("%s(%d): a new id although %d of %d are free", name, id, len(k.ids)-k.opened, len(k.ids))
		}
		k.ids = append(k.ids, idState{})
	case k.ids[id].open:
		k.blame("%s(%d): the id is open", name, id)
	}
	k.ids[id] = idState{open: true}
	k.opened++
	k.most = max(k.most, k.opened)
}

// Adopt passes it on. From its return on the id is as one that was Opened.
func (k *Checker) Adopt(nc net.Conn) (uint32, error) {
	id, err := k.Driver.Adopt(nc)
	switch {
	case err != nil:
	case k.ended:
		k.blame("Adopt: %d after Run returned", id)
	default:
		k.begin("Adopt", id)
	}
	return id, err
}

// Received checks the order and destroys the bytes afterwards, which the contract allows.
func (k *Checker) Received(id uint32, p []byte) {
	k.enter("Received", id)
	defer k.leave()
	s := k.of("Received", id)
	if len(p) == 0 {
		k.blame("Received(%d) of no bytes", id)
	}
	if !s.received {
		k.blame("Received(%d) before Receive", id)
	}
	if s.ended {
		k.blame("Received(%d) after Ended", id)
	}
	k.ev.Received(id, p)
	for i := range p {
		p[i] = 0xA5
	}
}

// Ended checks that it comes once and says why.
func (k *Checker) Ended(id uint32, err error) {
	k.enter("Ended", id)
	defer k.leave()
	s := k.of("Ended", id)
	if s.ended {
		k.blame("Ended(%d) twice", id)
	}
	if err == nil {
		k.blame("Ended(%d) without an error", id)
	}
	if err == io.EOF && !s.received {
		k.blame("Ended(%d, EOF) before Receive", id)
	}
	s.ended = true
	k.ev.Ended(id, err)
}

// Sent checks the count.
func (k *Checker) Sent(id uint32, n int, err error) {
	k.enter("Sent", id)
	defer k.leave()
	s := k.of("Sent", id)
	switch {
	case !s.sending:
		k.blame("Sent(%d) without Send", id)
	case n < 0 || n > s.total || n < s.total && err == nil:
		k.blame("Sent(%d, %d, %v) of %d bytes", id, n, err, s.total)
	}
	s.sending = false
	k.scribble(s)
	k.ev.Sent(id, n, err)
}

// scribble destroys bytes that were sent: they are the user's again, so the driver cannot
// need them.
func (k *Checker) scribble(s *idState) {
	if k.poison != nil {
		for _, b := range s.inFlight {
			for len(b) > 0 {
				b = b[copy(b, k.poison):]
			}
		}
	}
	s.inFlight = nil
}

// Closed checks that somebody asked for it.
func (k *Checker) Closed(id uint32) {
	k.enter("Closed", id)
	defer k.leave()
	s := k.of("Closed", id)
	if !s.closing && !k.stopped.Load() {
		k.blame("Closed(%d) without Close or Stop", id)
	}
	s.closing = true
	k.scribble(s)
	k.ev.Closed(id)
	k.state(id).open = false // which Adopt may have moved
	k.opened--
	k.closed++
}

// AcceptFailed checks that it says why.
func (k *Checker) AcceptFailed(err error) {
	k.enter("AcceptFailed", 0)
	defer k.leave()
	if err == nil {
		k.blame("AcceptFailed without an error")
	}
	k.ev.AcceptFailed(err)
}

// Turn checks the clock.
func (k *Checker) Turn(now int64) int64 {
	k.enter("Turn", 0)
	defer k.leave()
	if now < k.now {
		k.blame("Turn: time went back from %d to %d", k.now, now)
	}
	if n := k.Driver.Now(); n != now {
		k.blame("Turn(%d): Now is %d", now, n)
	}
	if c := k.Driver.Clock(); c < now {
		k.blame("Turn(%d): Clock is %d", now, c)
	}
	k.now = now
	k.pending = 0
	return k.ev.Turn(now)
}

// Task makes a task that is checked like a callback.
func (k *Checker) Task(f func()) conn.Task { return &checkedTask{k, f} }

type checkedTask struct {
	k *Checker
	f func()
}

func (t *checkedTask) RunTask() {
	t.k.enter("RunTask", 0)
	defer t.k.leave()
	t.f()
}

func (k *Checker) state(id uint32) *idState {
	if int(id) < len(k.ids) {
		return &k.ids[id]
	}
	return &idState{}
}

// Receive passes it on.
func (k *Checker) Receive(id uint32) {
	k.state(id).received = true
	k.Driver.Receive(id)
}

// Send passes it on, and checks that nothing is reported from inside.
func (k *Checker) Send(id uint32, bufs [][]byte) {
	s := k.state(id)
	s.sending, s.total = true, 0
	s.inFlight = append([][]byte(nil), bufs...)
	for _, b := range bufs {
		s.total += len(b)
	}
	k.Driver.Send(id, bufs)
	if s.open && !s.sending {
		k.blame("Sent(%d) inside Send", id)
	}
}

// Close passes it on, and checks that nothing is reported from inside.
func (k *Checker) Close(id uint32) {
	s := k.state(id)
	s.closing = true
	k.Driver.Close(id)
	if !k.state(id).open {
		k.blame("Closed(%d) inside Close", id)
	}
}

// RemoteAddr checks that no IPv4-mapped address comes out.
func (k *Checker) RemoteAddr(id uint32) netip.AddrPort {
	a := k.Driver.RemoteAddr(id)
	if a.Addr().Is4In6() {
		k.blame("RemoteAddr(%d) is %v, mapped into IPv6", id, a)
	}
	return a
}
