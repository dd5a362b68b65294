//go:build linux

package ring

import (
	"time"

	"golang.org/x/sys/unix"
)

// coalesceTrial is how long the self-test's waits have for more completions.
const coalesceTrial = time.Millisecond

// coalesce waits for two completions, as a loop under load does, where two come, one, one late, and none.
func (t *tester) coalesce() error {
	const what = "minimum wait"
	if err := t.receiving(what, 8); err != nil {
		return err
	}
	late := KernelTimespec{Nsec: int64(2 * coalesceTrial)}
	for _, c := range []struct {
		came  string
		bytes bool // before the wait
		timer bool // two trials after it has begun
		min   time.Duration
		until time.Duration
		least time.Duration // that it takes, if no signal ends it
		ready uint32
	}{
		{came: "both", bytes: true, timer: true, min: selfTestWait, until: selfTestWait, ready: 2},
		{came: "one", bytes: true, min: coalesceTrial, until: selfTestWait, least: coalesceTrial, ready: 1},
		{came: "one late", timer: true, min: coalesceTrial, until: selfTestWait, least: 2 * coalesceTrial, ready: 1},
		{came: "none", min: coalesceTrial, until: 2 * coalesceTrial, least: 2 * coalesceTrial},
	} {
		if c.bytes {
			if _, err := unix.Write(t.client[0], []byte("one")); err != nil {
				return err
			}
		}
		if c.timer {
			t.entry(func(e *SQE) { e.PrepareTimeout(&late, 0, 0) }, tagTimer)
		}
		start := monotonic()
		if _, err := t.ring.SubmitAndWaitMinUntil(2, start+int64(c.until), c.min); err != nil {
			return enterFailed(what, err)
		}
		took, ready := time.Duration(monotonic()-start), t.ring.Ready()
		if ready != c.ready || took < c.least || took >= hastyWait {
			return misbehaves(what, "%d completions after %v where %s came", ready, took, c.came)
		}
		t.ring.Advance(ready)
	}
	return nil
}
