package conn

import (
	"syscall"
	"testing"
)

// A parked connection that gives up had no place to leave to another.
func TestParkedGivesUp(t *testing.T) {
	r := newRig(t, func(cfg *Config) { cfg.MaxConns = 1 })
	first := r.dial()
	for range 3 {
		r.accept()
	}
	if len(r.conns) != 1 {
		t.Fatalf("%d connections are served, want 1", len(r.conns))
	}
	r.end(1, syscall.ECONNRESET)
	r.reap()
	if st := r.loop.Stats(); len(r.conns) != 1 || st.Open != 3 || st.Parked != 2 {
		t.Fatalf("a parked connection ended: %d are served, %d of %d parked, want 1, and 2 of 3", len(r.conns), st.Parked, st.Open)
	}
	first.c.Abort(nil)
	r.reap()
	if len(r.conns) != 2 || r.conns[1].id != 2 {
		t.Errorf("a served connection ended: %d were served, want the one that waited longest to be next", len(r.conns))
	}
}
