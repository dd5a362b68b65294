//go:build linux

package main

import (
	"io"
	"testing"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
)

func TestWatcher(t *testing.T) {
	w := newWatcher(loadresult.Started, loadresult.Prefix)
	told := func() (list []bool) {
		for _, seen := range w.seen {
			select {
			case <-seen:
				list = append(list, true)
			default:
				list = append(list, false)
			}
		}
		return list
	}
	for _, step := range []struct {
		write           string
		started, result bool
	}{
		{"progress\nSTART", false, false},
		{"ED", false, false},
		{"\nmore\n", true, false},
		{"RESULT {\"requests\":", true, false},
		{"300}", true, false},
		{"\n", true, true},
		{"RESULT {\"requests\":300,\"alive\":299}\n", true, true}, // a second one must not close again
	} {
		io.WriteString(w, step.write)
		if got := told(); got[0] != step.started || got[1] != step.result {
			t.Fatalf("after %q: told %v", step.write, got)
		}
	}
	var s sample
	if err := s.fillIdle(w.buf.Bytes(), memory{rss: 1000, pss: 500}, memory{rss: 301000, pss: 150500, peak: 7}); err != nil {
		t.Fatal(err)
	}
	if s.ConnRSS != 1000 || s.ConnPSS != 500 || s.Errors != 1 || s.Requests != 300 || s.PeakRSS != 7 {
		t.Errorf("got %+v", s)
	}
	both := newWatcher(loadresult.Started, loadresult.Prefix)
	io.WriteString(both, "STARTED\nRESULT {}\n") // in one piece
	<-both.seen[1]
}
