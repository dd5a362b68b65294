package flight

import "sync/atomic"

// State is what a loop is doing.
type State uint8

// The states of a loop.
const (
	Asleep    State = iota // it waits for the system
	Awake                  // it is in a turn, and in no handler
	InHandler              // it has called a handler, and not yet another, nor begun the next turn
)

// stateBits is where the state ends in Activity.word.
const stateBits = 2

// Activity is what a loop is doing, in one word that any goroutine can look at. The loop stores it
// where a turn begins, which is where it reads the clock anyway, with each handler, and before it
// sleeps.
type Activity struct {
	time   uint64 // the turn's, as it lies in an entry
	serial int64  // that, plus one for each handler since: never the same twice
	mark   *Mark  // the writer's copy of handler

	word    atomic.Uint64 // serial and state
	handler atomic.Pointer[Mark]
}

// Wake begins a turn. On the loop.
func (a *Activity) Wake(now int64) {
	a.time = uint64(now) >> timeShift << tailBits
	a.serial = max(a.serial+1, now)
	store(&a.word, uint64(a.serial)<<stateBits|uint64(Awake))
}

// Enter notes that a handler is called next. On the loop.
func (a *Activity) Enter(m *Mark) {
	if a.mark != m { // most loops have one, or few
		a.mark = m
		a.handler.Store(m)
	}
	a.serial++
	store(&a.word, uint64(a.serial)<<stateBits|uint64(InHandler))
}

// Sleep notes that the loop is about to wait. On the loop.
func (a *Activity) Sleep() { store(&a.word, uint64(a.serial)<<stateBits) }

// Doing is an Activity at one moment.
type Doing struct {
	State State
	Since int64 // loop time at which the turn began, or went to sleep; a µs late after a thousand handlers
	Mark  *Mark // of the handler, if it is in one
	word  uint64
}

// Doing looks at what the loop is doing. Safe from any goroutine.
func (a *Activity) Doing() Doing {
	word := a.word.Load()
	d := Doing{State: State(word & (1<<stateBits - 1)), Since: int64(word >> stateBits), word: word}
	if d.State == InHandler {
		d.Mark = a.handler.Load()
	}
	return d
}

// Same reports whether nothing has changed since another look: it is the same call of the same
// handler, or the same part of the same turn.
func (d Doing) Same(before Doing) bool { return d.word == before.word }
