package world

import "container/heap"

// event is a client's turn, or something else to do.
type event struct {
	at int64
	n  int // orders those of one moment
	c  *client
	do func()
}

// agenda is what will happen, but for what the network does.
type agenda struct{ list eventList }

func (a *agenda) add(e event) { heap.Push(&a.list, e) }
func (a *agenda) pop() event  { return heap.Pop(&a.list).(event) }

// eventList is a heap.
type eventList []event

func (l eventList) Len() int { return len(l) }
func (l eventList) Less(i, j int) bool {
	return l[i].at < l[j].at || l[i].at == l[j].at && l[i].n < l[j].n
}
func (l eventList) Swap(i, j int) { l[i], l[j] = l[j], l[i] }
func (l *eventList) Push(x any)   { *l = append(*l, x.(event)) }
func (l *eventList) Pop() any {
	last := len(*l) - 1
	e := (*l)[last]
	(*l)[last] = event{}
	*l = (*l)[:last]
	return e
}
