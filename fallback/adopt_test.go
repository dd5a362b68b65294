package fallback

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// timeless is a net.Conn without deadlines, as some that tunnel through another one are.
type timeless struct{ net.Conn }

func (timeless) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// Any net.Conn can be adopted, and nothing cannot.
func TestAdoptAnything(t *testing.T) {
	l, _ := serve(t, Config{})
	near, far := net.Pipe()
	defer far.Close()
	_ = far.SetDeadline(time.Now().Add(10 * time.Second))
	done := make(chan struct{})
	l.Post(funcTask(func() {
		defer close(done)
		if _, err := l.Adopt(nil); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Adopt(nil): %v", err)
		}
		id, err := l.Adopt(timeless{near})
		if err != nil {
			t.Error(err)
			return
		}
		l.Receive(id)
	}))
	<-done
	b := []byte("hello")
	if _, err := far.Write(b); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, b); err != nil || string(b) != "hello" {
		t.Errorf("echo %q, %v", b, err)
	}
}
