package conn

import (
	"errors"
	"strings"
	"testing"
)

// Bytes that were on their way when the handler paused are kept until it resumes.
func TestPauseKeeps(t *testing.T) {
	r := newRig(t)
	s := r.dial()
	s.c.Pause()
	r.recv(s.id, "late ")
	r.recv(s.id, "later")
	r.turn()
	want(t, s.took(), "", "the handler asked for no more")
	if s.c.Kept() != len("late later") {
		t.Errorf("%d bytes are kept", s.c.Kept())
	}
	s.c.Resume()
	r.turn()
	want(t, s.took(), "data late later", "Resume redelivers what is kept")
}

// A full spill holds the receiving back beyond Resume, until it has been read.
func TestPauseFull(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.MaxPending = 100 })
	s := r.dial()
	s.c.Pause()
	r.recv(s.id, strings.Repeat("x", 200))
	r.took()
	s.c.Resume()
	want(t, r.took(), "", "too much is kept")
	r.turn()
	want(t, r.took(), "receive 0", "it has been read")
}

// The reason that OnClose is told is the one for which the connection was closed.
func TestAbortAfterClose(t *testing.T) {
	r := newRig(t)
	s := r.dial()
	s.c.Close()
	r.turn()
	s.c.Abort(errors.New("too late"))
	r.settle()
	want(t, s.took(), "close <nil>", "this side had closed it already")
}
