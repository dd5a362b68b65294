//go:build linux

package ring

import "time"

// A loop that sleeps until the next completion is woken for a few requests at a time, and falling asleep and being
// woken costs about as much as a request. Under load it waits for many, or until some time has passed: what network
// cards do with interrupts, and call coalescing. It saves processor time, and as a rule more is done in less time.
//
// Not where all that could come waits for the loop: a dozen clients with one request each. So a loop tries, and
// compares how much comes in a while with coalescing to how much came without, as Linux' net_dim does. What does not
// come slower is not worse off.
const (
	coalesceFor    = 100 * time.Microsecond
	coalesceMost   = 48               // completions that are waited for
	coalesceMargin = time.Millisecond // a deadline that is nearer is not put at risk

	coalesceEpoch  = 20 * time.Millisecond // for as long something is tried before it is judged, but for its
	coalesceSettle = 5 * time.Millisecond  // beginning, in which what was before has its effects
	coalesceFrom   = 16                    // completions between two sleeps, on average of an epoch: fewer are no load
	coalesceLoss   = 0.95                  // of what came without is enough with it

	// Epochs until the next try: without coalescing at first, and after many in vain; with it.
	coalesceSoon, coalesceLate, coalesceStay = 4, 128, 32
)

// coalescing is whether, and for how long, a loop waits for many completions.
type coalescing struct {
	most time.Duration // to wait, 0 = no coalescing here
	on   bool

	// The epoch: since when, whether it has settled, what came since, how often the loop slept.
	since   int64
	settled bool
	came    uint32
	sleeps  uint32

	rate  [2]float64 // completions per nanosecond in the last epoch without and with it
	left  int        // epochs until it is the other's turn, 0: it is being tried
	pause int        // epochs without it after the next try in vain
}

func (c *coalescing) init(r *Ring, most time.Duration) {
	if most == 0 {
		most = coalesceFor
	}
	if most > 0 && r.WaitsUntil() && SelfTest().Coalesce == nil {
		// The kernel takes 32 bits of microseconds, and 0 for ever.
		*c = coalescing{most: min(max(most, time.Microsecond), time.Minute),
			left: coalesceSoon, pause: coalesceSoon}
	}
}

// next is what a wait that begins now is for: so many completions, or one when the time is up; 1 and 0 without
// coalescing.
func (c *coalescing) next(now, deadline int64) (n uint32, most time.Duration) {
	if c.most == 0 {
		return 1, 0
	}
	c.sleeps++
	switch age := now - c.since; {
	case age > 2*int64(coalesceEpoch): // asleep, for most of it
		c.idle(now)
	case c.settled && age >= int64(coalesceEpoch-coalesceSettle):
		c.judge(now)
	case !c.settled && age >= int64(coalesceSettle):
		c.begin(now, true)
	}
	if !c.on || deadline != 0 && deadline-now < int64(max(coalesceMargin, 2*c.most)) {
		return 1, 0
	}
	return coalesceMost, c.most
}

// begin is the beginning of an epoch, or that of what counts of it.
func (c *coalescing) begin(now int64, settled bool) {
	c.since, c.settled, c.came, c.sleeps = now, settled, 0, 0
}

// idle ends an epoch without load, which is nothing to compare with.
func (c *coalescing) idle(now int64) {
	c.begin(now, false)
	if c.on {
		c.on, c.left = false, coalesceSoon
	}
}

// judge ends an epoch.
func (c *coalescing) judge(now int64) {
	took := now - c.since
	came, sleeps := c.came, c.sleeps
	if came < coalesceFrom*sleeps {
		c.idle(now)
		return
	}
	c.begin(now, false)
	mode := 0
	if c.on {
		mode = 1
	}
	c.rate[mode] = float64(came) / float64(took)
	switch {
	case c.left > 1:
		c.left--
	case c.left == 1:
		c.on, c.left = !c.on, 0
	case c.rate[1] >= coalesceLoss*c.rate[0]:
		c.on, c.left, c.pause = true, coalesceStay, coalesceSoon
	default:
		c.on, c.left = false, c.pause
		c.pause = min(2*c.pause, coalesceLate)
	}
}
