package conn

import (
	"io"
	"testing"
)

// A handler that is set later gets the bytes that are kept, and then an end that came
// before it.
func TestSetHandlerAfterEnd(t *testing.T) {
	for _, kept := range []string{"", "rest"} {
		r := newRig(t)
		s := r.dial()
		s.onData, s.onEnd = none, func(error) {}
		if kept != "" {
			r.recv(s.id, kept)
		}
		r.end(s.id, io.EOF)
		s.took()
		next := &script{c: s.c, id: s.id}
		s.c.SetHandler(next)
		s.c.Redeliver()
		r.settle()
		wanted := "end EOF, close <nil>"
		if kept != "" {
			wanted = "data rest, " + wanted
		}
		want(t, next.took(), wanted, "nobody else will tell it")
		s.closed++ // the second handler had the call
	}
}
