//go:build linux

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/ringwire/ringwire/bench/internal/audit"
	"github.com/ringwire/ringwire/bench/internal/figure"
)

// culprits are those who allocated, in a run of its own in which every allocation was profiled.
type culprits struct {
	Seconds  float64      `json:"seconds"`
	Requests int64        `json:"requests"`
	Sites    []audit.Site `json:"sites"` // the largest share of objects or bytes first
}

const (
	profileTime = 3 * time.Second
	topSites    = 8
	topFrames   = 8 // of each stack
)

// profile runs a contestant once more and asks who allocated.
func (m *measurer) profile(ctx context.Context, c *contestant, pace float64) (*culprits, error) {
	s, err := m.open(ctx, c, pace, true)
	if err != nil {
		return nil, err
	}
	found, err := s.profile(ctx, min(profileTime, m.opts.duration))
	return found, s.end(err)
}

func (s *session) profile(ctx context.Context, d time.Duration) (*culprits, error) {
	if err := s.ask("mark", nil); err != nil {
		return nil, err
	}
	before := s.load.answered.Load()
	if err := s.wait(ctx, d); err != nil {
		return nil, err
	}
	found := &culprits{Seconds: d.Seconds(), Requests: s.load.answered.Load() - before}
	return found, s.ask("culprits", &found.Sites)
}

// text lists the first of them, each with its stack from the allocating function outwards.
func (cu *culprits) text() string {
	var b strings.Builder
	if len(cu.Sites) == 0 {
		return "nothing was allocated\n"
	}
	for i, site := range cu.Sites {
		if i == topSites {
			fmt.Fprintf(&b, "and %d more\n", len(cu.Sites)-topSites)
			break
		}
		fmt.Fprintf(&b, "%s: %s objects, %s bytes", site.Func, figure.Thousands(float64(site.Objects)), figure.Thousands(float64(site.Bytes)))
		if cu.Requests > 0 {
			fmt.Fprintf(&b, " (%s objects per request)", rational(float64(site.Objects)/float64(cu.Requests)))
		}
		if site.Retained > 0 {
			fmt.Fprintf(&b, ", %s bytes of it stayed", figure.Thousands(float64(site.Retained)))
		}
		b.WriteString("\n")
		for j, frame := range site.Stack {
			if j == topFrames {
				b.WriteString("    …\n")
				break
			}
			fmt.Fprintf(&b, "    %s\n", shortFrame(frame))
		}
	}
	return b.String()
}

// shortFrame leaves the file's name of its path, for the function says which package: "function file:line".
func shortFrame(frame string) string {
	name, file, ok := strings.Cut(frame, " ")
	if !ok {
		return frame
	}
	return name + " " + filepath.Base(file)
}
