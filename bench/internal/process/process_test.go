//go:build linux

package process

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func start(t *testing.T, script string) *Process {
	t.Helper()
	p := New(exec.Command("sh", "-c", script))
	p.Cmd.Stdout, p.Cmd.Stderr = p.Output, p.Output
	if err := p.Cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.Watch()
	return p
}

func TestDied(t *testing.T) {
	p := start(t, "echo cannot do it >&2; exit 3")
	<-p.Exited
	if err := p.Died(); err == nil || !strings.Contains(err.Error(), "cannot do it") || !strings.Contains(err.Error(), "status 3") {
		t.Errorf("got %v, want the exit status and what it printed", err)
	}
	p.Stop() // once more does no harm
}

func TestAwait(t *testing.T) {
	p := start(t, "exec sleep 60")
	defer p.Stop()
	notYet := errors.New("not yet")
	if err := p.Await(context.Background(), 30*time.Millisecond, func() error { return notYet }); !errors.Is(err, notYet) {
		t.Errorf("too late: %v", err)
	}
	n := 0
	if err := p.Await(context.Background(), time.Minute, func() error {
		if n++; n < 3 {
			return notYet
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if err := p.Died(); err != nil {
		t.Errorf("it lives, but %v", err)
	}
}

func TestTail(t *testing.T) {
	var out Tail
	if got := out.String(); got != "(it printed nothing)" {
		t.Errorf("empty: %q", got)
	}
	for i := range 2000 {
		fmt.Fprintf(&out, "line %d\n", i)
	}
	if got := out.String(); len(got) > tailSize || !strings.HasSuffix(got, "line 1999") {
		t.Errorf("%d bytes ending in %q", len(got), got[len(got)-20:])
	}
}

func TestFreeAddr(t *testing.T) {
	a, err := FreeAddr()
	if err != nil || !strings.HasPrefix(a, "127.0.0.1:") || strings.HasSuffix(a, ":0") {
		t.Errorf("got %q, %v", a, err)
	}
}
