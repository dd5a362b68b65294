//go:build linux

package process

import (
	"bytes"
	"sync"
)

// Tail keeps the last of what a process printed, for error messages.
type Tail struct {
	mu  sync.Mutex
	buf []byte
}

const tailSize = 2048

// Write never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buf = append(t.buf, p...)
	if over := len(t.buf) - tailSize; over > 0 {
		t.buf = append(t.buf[:0], t.buf[over:]...)
	}
	return len(p), nil
}

// String says so when nothing was printed.
func (t *Tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := bytes.TrimSpace(t.buf); len(s) > 0 {
		return string(s)
	}
	return "(it printed nothing)"
}
