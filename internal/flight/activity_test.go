package flight

import "testing"

func TestActivity(t *testing.T) {
	var a Activity
	one, two := &Mark{Kind: "one"}, &Mark{Kind: "two"}
	var last Doing
	for i, step := range []struct {
		do    func()
		state State
		since int64
		mark  *Mark
		same  bool
		why   string
	}{
		{func() {}, Asleep, 0, nil, true, "nothing has begun"},
		{func() { a.Wake(100) }, Awake, 100, nil, false, "a turn"},
		{func() {}, Awake, 100, nil, true, "still that"},
		{func() { a.Enter(one) }, InHandler, 101, one, false, "its handler"},
		{func() { a.Enter(one) }, InHandler, 102, one, false, "another call of the same one"},
		{func() {}, InHandler, 102, one, true, "which goes on"},
		{func() { a.Enter(two) }, InHandler, 103, two, false, "another handler"},
		{func() { a.Sleep() }, Asleep, 103, nil, false, "the end of the turn"},
		{func() { a.Wake(100) }, Awake, 104, nil, false, "a turn at the same time: the clock is coarse"},
		{func() { a.Wake(100) }, Awake, 105, nil, false, "and one more"},
		{func() { a.Wake(5000) }, Awake, 5000, nil, false, "a later one"},
	} {
		step.do()
		d := a.Doing()
		if d.State != step.state || d.Since != step.since || d.Mark != step.mark || d.Same(last) != step.same {
			t.Errorf("%d, %s: %+v after %+v, want %+v", i, step.why, d, last, step)
		}
		last = d
	}
}
