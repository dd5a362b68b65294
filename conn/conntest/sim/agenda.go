package sim

import "container/heap"

// event is something that will happen.
type event struct {
	at  int64
	seq uint64 // orders events of the same time
	run func()
}

// agenda is a heap of events, the next one first.
type agenda []event

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at < a[j].at || a[i].at == a[j].at && a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(event)) }
func (a *agenda) Pop() any {
	last := len(*a) - 1
	e := (*a)[last]
	(*a)[last] = event{}
	*a = (*a)[:last]
	return e
}

func (a *agenda) add(e event) { heap.Push(a, e) }

// due takes the events up to now.
func (a *agenda) due(now int64) []event {
	var list []event
	for len(*a) > 0 && (*a)[0].at <= now {
		list = append(list, heap.Pop(a).(event))
	}
	return list
}
