//go:build linux

package ring

import "time"

// A loop that sleeps until the next completion is woken for a few requests at a time, and falling asleep and being
// woken costs about as much as a request. Under load it waits for many, or until some time has passed: what network
// cards do with interrupts, and call coalescing. It saves processor time, and as a rule more is done in less time.
//
// Not where all that could come waits for the loop: a dozen clients with one request each. So a loop tries, first half as
// long as it may, then as long, and compares how much comes in a while to how much came without, as Linux' net_dim does.
// What does not come slower is not worse off.
const (
	coalesceFor    = 200 * time.Microsecond
	coalesceMany   = 48               // completions that are waited for, and as many more with each step
	coalesceMargin = time.Millisecond // a deadline that is nearer is not put at risk

	coalesceEpoch  = 20 * time.Millisecond // for as long something is tried before it is judged, but for its
	coalesceSettle = 5 * time.Millisecond  // beginning, in which what was before has its effects
	coalesceFrom   = 8                     // completions between two sleeps, on average of an epoch: fewer are no load,
	coalesceBusy   = 4                     // nor is one for which a loop works less than a 4th of the time
	coalesceLoss   = 0.95                  // of what came without is enough with it
	coalesceTop    = 2                     // steps from no coalescing to as much as there may be

	// Epochs until the next try: without coalescing at first, and after many in vain; with it.
	coalesceSoon, coalesceLate, coalesceStay = 4, 128, 32
)

// coalescing is whether, and for how long, a loop waits for many completions.
type coalescing struct {
	most time.Duration // to wait, 0 = no coalescing here
	step int           // 0 is without, coalesceTop for as long as most

	// The epoch: since when, whether it has settled, what came since, how often the loop slept.
	since   int64
	settled bool
	came    uint32
	sleeps  uint32
	slept   int64 // for how long

	without float64 // completions per nanosecond in the last epoch without
	left    int     // epochs until the next trial, 0: there is one now
	pause   int     // epochs without it after the next trial in vain
}

func (c *coalescing) init(r *Ring, most time.Duration) {
	if most == 0 {
		most = coalesceFor
	}
	if most > 0 && r.WaitsUntil() && SelfTest().Coalesce == nil {
		// The kernel takes 32 bits of microseconds, and 0 for ever.
		*c = newCoalescing(min(max(most, time.Microsecond), time.Minute))
	}
}

func newCoalescing(most time.Duration) coalescing {
	return coalescing{most: most, left: coalesceSoon, pause: coalesceSoon}
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
	if c.step == 0 {
		return 1, 0
	}
	most = max(c.most*time.Duration(c.step)/coalesceTop, time.Microsecond)
	if deadline != 0 && deadline-now < int64(max(coalesceMargin, 2*most)) {
		return 1, 0
	}
	return coalesceMany * uint32(c.step), most
}

// begin is the beginning of an epoch, or that of what counts of it.
func (c *coalescing) begin(now int64, settled bool) {
	c.since, c.settled, c.came, c.sleeps, c.slept = now, settled, 0, 0, 0
}

// idle ends an epoch without load, which is nothing to compare with.
func (c *coalescing) idle(now int64) {
	c.begin(now, false)
	if c.step > 0 || c.left == 0 {
		c.step, c.left = 0, coalesceSoon
	}
}

// judge ends an epoch. A trial is one without, and one with each step as long as nothing is lost by it.
func (c *coalescing) judge(now int64) {
	took, came, sleeps := now-c.since, c.came, c.sleeps
	from, busy := uint32(coalesceFrom), int64(coalesceBusy)
	if c.step > 0 || c.left == 0 {
		from, busy = from/2, busy*2 // there was load a moment ago: without, it sleeps more often, and with it longer
	}
	if came < from*sleeps || took-c.slept < took/busy {
		c.idle(now)
		return
	}
	c.begin(now, false)
	rate := float64(came) / float64(took)
	if c.step == 0 {
		c.without = rate
	}
	switch {
	case c.left > 1:
		c.left--
	case c.left == 1 && c.step > 0: // what comes without may be another thing by now
		c.step, c.left = 0, 0
	case c.step > 0 && rate < coalesceLoss*c.without:
		c.stay(c.step - 1)
	case c.step == coalesceTop:
		c.stay(c.step)
	default:
		c.step, c.left = c.step+1, 0
	}
}

// stay ends a trial.
func (c *coalescing) stay(step int) {
	if c.step = step; step > 0 {
		c.left, c.pause = coalesceStay, coalesceSoon
		return
	}
	c.left = c.pause
	c.pause = min(2*c.pause, coalesceLate)
}
