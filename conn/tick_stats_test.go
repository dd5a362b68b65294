package conn

import (
	"fmt"
	"testing"
	"time"
)

func TestTickStatsAdd(t *testing.T) {
	var a, sum TickStats
	a.Ticks, a.Missed, a.Late = 1, 2, 3
	a.Lateness.Record(time.Millisecond)
	a.Phases[PhaseFlush].Over = 4
	a.Phases[PhaseFlush].Time.Record(time.Second)
	sum.Add(&a)
	sum.Add(&a)
	if sum.Ticks != 2 || sum.Missed != 4 || sum.Late != 6 || sum.Lateness.Count() != 2 ||
		sum.Phases[PhaseFlush].Over != 8 || sum.Phases[PhaseFlush].Time.Count() != 2 {
		t.Errorf("the sum is %d, %d, %d …", sum.Ticks, sum.Missed, sum.Late)
	}
}

func TestPhaseNames(t *testing.T) {
	want(t, fmt.Sprint(PhaseReceive, PhaseSimulate, PhaseEncode, PhaseFlush), "receive simulate encode flush", "in order")
}
