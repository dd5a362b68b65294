package sim

// event is something that will happen: what, to c, or run.
type event struct {
	at    int64
	order uint32 // of events of the same time, drawn by whom it concerns
	seq   uint64 // and of those that drew the same
	what  what
	c     *link
	run   func()
}

type what uint8

const (
	doRun what = iota
	doReceive
	doPush
	doClosed
)

func (e *event) before(o *event) bool {
	switch {
	case e.at != o.at:
		return e.at < o.at
	case e.order != o.order:
		return e.order < o.order
	}
	return e.seq < o.seq
}

// agenda is a heap of events, the next one first. It is written out, without an interface, because
// a world makes a hundred million of them.
type agenda []event

func (a *agenda) add(e event) {
	h := append(*a, e)
	*a = h
	for i := len(h) - 1; i > 0; {
		up := (i - 1) / 2
		if !h[i].before(&h[up]) {
			break
		}
		h[i], h[up] = h[up], h[i]
		i = up
	}
}

// pop takes the next event off.
func (a *agenda) pop() event {
	h := *a
	first, last := h[0], len(h)-1
	h[0] = h[last]
	h[last] = event{}
	h = h[:last]
	*a = h
	for i := 0; ; {
		down := 2*i + 1
		if down >= last {
			return first
		}
		if down+1 < last && h[down+1].before(&h[down]) {
			down++
		}
		if !h[down].before(&h[i]) {
			return first
		}
		h[i], h[down] = h[down], h[i]
		i = down
	}
}
