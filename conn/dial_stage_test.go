package conn

import (
	"context"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"
)

// dialTo has the loop dial the near end of a pipe, and returns what came of it and the far end.
func (r *rig) dialTo(ctx context.Context, o *opener) (net.Conn, error) {
	near, far := net.Pipe()
	r.t.Cleanup(func() { _, _ = near.Close(), far.Close() }) // the fake does not close what it takes
	return far, r.loop.dialed(ctx, near, &Remote{}, o)
}

// shut fails if the far end does not see that the near one was closed.
func shut(t *testing.T, far net.Conn) {
	t.Helper()
	_ = far.SetReadDeadline(time.Now().Add(5 * time.Second))
	if _, err := far.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the connection was not closed: %v", err)
	}
}

// What the driver refuses is closed, and the reason is Dial's.
func TestDialNotAdopted(t *testing.T) {
	r := newRig(t)
	r.refuses = syscall.EMFILE
	o := &opener{script: &script{}}
	far, err := r.dialTo(t.Context(), o)
	if !errors.Is(err, syscall.EMFILE) {
		t.Errorf("Dial: %v", err)
	}
	shut(t, far)
	r.post = func(Task) bool { return false }
	if far, err = r.dialTo(t.Context(), o); err != ErrStopped {
		t.Errorf("Dial to a loop that has stopped: %v", err)
	}
	shut(t, far)
	want(t, o.took(), "", "it never had a connection")
}

// A context that ends at any moment leaves one owner: nobody is called of what was given up, and
// what is open is the handler's.
func TestDialGivenUp(t *testing.T) {
	for _, c := range []struct {
		name string
		when func(r *rig, give context.CancelFunc, task Task)
		want string // the handler's calls
	}{
		{"before the task", func(r *rig, give context.CancelFunc, task Task) { give() }, ""},
		{"adopted", func(r *rig, give context.CancelFunc, task Task) { task.RunTask(); give() }, ""},
		{"open", func(r *rig, give context.CancelFunc, task Task) { task.RunTask(); r.turn(); give() }, "open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			ctx, give := context.WithCancel(t.Context())
			defer give()
			o := &opener{script: &script{}}
			var tasks []Task
			r.post = func(task Task) bool {
				if tasks = append(tasks, task); len(tasks) == 1 {
					c.when(r, give, task)
				}
				return true
			}
			far, err := r.dialTo(ctx, o)
			if c.want == "open" {
				if err != nil {
					t.Errorf("Dial: %v, although the handler has the connection", err)
				}
				o.c.Close()
				r.settle()
				want(t, o.took(), "open, close <nil>", "it was the handler's already")
				return
			}
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Dial: %v", err)
			}
			r.settle() // the handshake ends, before the cancellation has come
			for _, task := range tasks {
				task.RunTask() // once more is harmless for the first
			}
			r.settle()
			want(t, o.took(), "", "nobody waits for it")
			if len(r.links) == 0 {
				shut(t, far)
			}
			for _, l := range r.links {
				if l.open {
					t.Error("the connection is open still")
				}
			}
		})
	}
}

// A cancellation ends what has not opened.
func TestDialCancelled(t *testing.T) {
	r := newRig(t)
	ctx, give := context.WithCancel(t.Context())
	defer give()
	o := &opener{script: &script{}}
	r.post = func(task Task) bool { task.RunTask(); give(); return true }
	if _, err := r.dialTo(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("Dial: %v", err)
	}
	if !r.links[0].closing {
		t.Error("the cancellation has not closed the connection")
	}
	r.settle()
	want(t, o.took(), "", "nobody waits for it")
}
