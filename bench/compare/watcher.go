//go:build linux

package main

import (
	"bytes"
)

// A watcher collects a load's output and tells when lines with certain beginnings are complete. It is written to by one
// goroutine of os/exec, and read after that has told or ended.
type watcher struct {
	buf   bytes.Buffer
	marks []string
	seen  []chan struct{} // closed when the line of that mark has come
}

// newWatcher watches for lines that come in this order.
func newWatcher(marks ...string) *watcher {
	w := &watcher{marks: marks}
	for range marks {
		w.seen = append(w.seen, make(chan struct{}))
	}
	return w
}

// Write never fails.
func (w *watcher) Write(p []byte) (int, error) {
	n, err := w.buf.Write(p)
	for len(w.marks) > 0 {
		at := bytes.Index(w.buf.Bytes(), []byte(w.marks[0]))
		if at < 0 || bytes.IndexByte(w.buf.Bytes()[at:], '\n') < 0 {
			break
		}
		done := len(w.seen) - len(w.marks)
		w.marks = w.marks[1:]
		close(w.seen[done])
	}
	return n, err
}
