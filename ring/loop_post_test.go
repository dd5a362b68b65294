//go:build linux

package ring

import (
	"sync"
	"testing"
	"time"
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

// Stop comes at any moment of a loop that is being posted to, and wakes it.
func TestStopAmidPosts(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err)
	}
	for i := range 400 {
		l, err := NewLoop(LoopConfig{Entries: 16, Buffers: 16, Records: -1})
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- l.Run(&sink{l: l}) }()
		for range 50 + i {
			l.Post(taskFunc(func() {}))
		}
		l.Stop()
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("Stop of loop %d is not heard", i)
		}
	}
}
