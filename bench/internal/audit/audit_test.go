package audit

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// control runs an audit of this process.
func control(t *testing.T) *Controller {
	t.Helper()
	in, commands := io.Pipe()
	answers, out := io.Pipe()
	Start(in, out)
	t.Cleanup(func() {
		_ = commands.Close()
		_ = answers.Close()
	})
	return NewController(commands, answers, io.Discard)
}

func ask(t *testing.T, c *Controller, command string, v any) {
	t.Helper()
	if err := c.Ask(command, v); err != nil {
		t.Fatal(err)
	}
}

var (
	kept []*[1024]byte
	sink *[1024]byte
)

//go:noinline
func keepSome(n int) {
	for range n {
		kept = append(kept, new([1024]byte))
	}
}

//go:noinline
func dropSome(n int) {
	for range n {
		sink = new([1024]byte)
	}
}

func TestWindow(t *testing.T) {
	c := control(t)
	defer func() { kept, sink = nil, nil }()
	ask(t, c, "collect", nil)
	ask(t, c, "begin 5ms", nil)
	keepSome(500)
	dropSome(300)
	time.Sleep(60 * time.Millisecond)
	var w Window
	ask(t, c, "end", &w)
	if n := w.End.Mallocs - w.Begin.Mallocs; n < 800 || n > 1000 {
		t.Errorf("%d objects allocated, want 800 and little else", n)
	}
	if n := w.After.HeapAlloc - w.Before.HeapAlloc; n < 500<<10 || n > 600<<10 {
		t.Errorf("%d bytes stayed, want 500 KiB and little else", n)
	}
	if n := w.End.NumGC - w.Begin.NumGC; n != 0 {
		t.Logf("%d collections in the window", n) // possible: this is a test's heap
	}
	if n := w.After.NumForcedGC - w.End.NumForcedGC; n != 2 {
		t.Errorf("%d forced collections at the end, want 2", n)
	}
	if w.Seconds() < 0.06 || w.Seconds() > 10 || len(w.Series) < 2 || w.Periodic != 0 {
		t.Errorf("%v s, %d points, %d periodic", w.Seconds(), len(w.Series), w.Periodic)
	}
	for i, p := range w.Series {
		if p.HeapAlloc == 0 || i > 0 && p.At <= w.Series[i-1].At || p.At > w.End.At+time.Second {
			t.Errorf("point %d: %+v", i, p)
		}
	}
}

func TestWindowAgain(t *testing.T) {
	c := control(t)
	for range 2 { // the second one knows nothing of the first
		ask(t, c, "collect", nil)
		ask(t, c, "begin 1h", nil)
		var w Window
		ask(t, c, "end", &w)
		if n := w.End.Mallocs - w.Begin.Mallocs; n > 20 || len(w.Series) != 0 {
			t.Errorf("%d objects and %d points, want next to none in an empty window", n, len(w.Series))
		}
	}
}

func TestCostIsNothing(t *testing.T) {
	var cost Cost
	ask(t, control(t), "cost", &cost)
	if cost.Samples != costSamples || cost.Objects > 10 { // the test's own goroutines may do something
		t.Errorf("%+v: a sample must not allocate", cost)
	}
}

func TestUnknownCommands(t *testing.T) {
	c := control(t)
	for _, bad := range []string{"", "begin", "begin x", "begin -1s", "begins 1s", "stop"} {
		if err := c.Ask(bad, nil); err == nil || !strings.Contains(err.Error(), "no such command") {
			t.Errorf("%q: got %v", bad, err)
		}
	}
	ask(t, c, "cost", nil) // it goes on
}

func TestAnswersAmongOtherOutput(t *testing.T) {
	var in, other bytes.Buffer
	c := NewController(&in, strings.NewReader("listening\nAUDIT {\"Samples\":3}\n"), &other)
	var cost Cost
	if err := c.Ask("cost", &cost); err != nil || cost.Samples != 3 {
		t.Errorf("got %+v, %v", cost, err)
	}
	if in.String() != "cost\n" || other.String() != "listening\n" {
		t.Errorf("sent %q, passed on %q", in.String(), other.String())
	}
	if err := c.Ask("cost", &cost); err == nil {
		t.Error("no error from a server that has ended")
	}
}
