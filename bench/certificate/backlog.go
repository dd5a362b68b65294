//go:build linux

package main

import "time"

// due is a shot whose time has come.
type due struct {
	shot *shot
	at   time.Duration
}

// queue is first in, first out, and reuses its memory.
type queue[T any] struct {
	items []T
	head  int
}

func (q *queue[T]) len() int { return len(q.items) - q.head }

func (q *queue[T]) push(v T) {
	if q.head > 0 && len(q.items) == cap(q.items) {
		q.items = q.items[:copy(q.items, q.items[q.head:])]
		q.head = 0
	}
	q.items = append(q.items, v)
}

// pop wants a queue that is not empty.
func (q *queue[T]) pop() T {
	v := q.items[q.head]
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
	return v
}

func (q *queue[T]) clear() { q.items, q.head = q.items[:0], 0 }
