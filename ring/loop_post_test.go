//go:build linux

package ring

import (
	"sync"
	"testing"
)

type taskFunc func()

func (f taskFunc) RunTask() { f() }

// Tasks of one poster run in order, all of them, however many post at once.
func TestPostOrder(t *testing.T) {
	s, _, stop := startLoop(t, LoopConfig{})
	const posters, each = 8, 5000
	var last [posters]int // touched on the loop only
	var wg sync.WaitGroup
	for p := range posters {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := 1; i <= each; i++ {
				if !s.l.Post(taskFunc(func() {
					if last[p] != i-1 {
						t.Errorf("poster %d: task %d ran after task %d", p, i, last[p])
					}
					last[p] = i
				})) {
					t.Errorf("poster %d: refused before Stop", p)
				}
			}
		}()
	}
	wg.Wait()
	stop()
	for p, n := range last {
		if n != each {
			t.Errorf("poster %d: %d of %d tasks ran", p, n, each)
		}
	}
	if s.l.Post(taskFunc(func() { t.Error("ran after Stop") })) {
		t.Error("Post after Stop reports that the task will run")
	}
}
