//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/bench/internal/audit"
)

func TestCulpritsText(t *testing.T) {
	cu := culprits{Requests: 1000}
	if got := cu.text(); got != "nothing was allocated\n" {
		t.Errorf("got %q", got)
	}
	cu.Sites = []audit.Site{{Func: "main.leak", Objects: 1500, Bytes: 96_000, Retained: 640,
		Stack: []string{"main.leak /home/someone/src/bench/arena/leak.go:12", "main.serve /home/someone/src/bench/arena/serve.go:3"}}}
	want := "main.leak: 1 500 objects, 96 000 bytes (1.5000 objects per request), 640 bytes of it stayed\n" +
		"    main.leak leak.go:12\n    main.serve serve.go:3\n"
	if got := cu.text(); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestCulpritsTextIsShort(t *testing.T) {
	var cu culprits
	for i := range 100 {
		cu.Sites = append(cu.Sites, audit.Site{Func: fmt.Sprint("f", i), Objects: 1, Stack: make([]string, 50)})
	}
	got := cu.text()
	if n := strings.Count(got, "\n"); n > topSites*(topFrames+2)+1 || !strings.HasSuffix(got, "and 92 more\n") {
		t.Errorf("%d lines, ending in %q", n, got[len(got)-20:])
	}
}
