//go:build linux

package main

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func TestStartChildThatEnds(t *testing.T) {
	cmd := exec.Command("sh", "-c", "echo cannot do it >&2; exit 3")
	_, err := startChild(context.Background(), cmd, "127.0.0.1:1")
	if err == nil || !strings.Contains(err.Error(), "cannot do it") || !strings.Contains(err.Error(), "status 3") {
		t.Errorf("got %v, want the exit status and what it printed", err)
	}
}

func TestStartChildThatHangs(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	cmd := exec.Command("sleep", "60")
	if _, err := startChild(ctx, cmd, "127.0.0.1:1"); err == nil {
		t.Error("no error")
	}
	if cmd.ProcessState == nil {
		t.Error("the child was left running")
	}
}

func TestStartChildThatIsNotThere(t *testing.T) {
	if _, err := startChild(context.Background(), exec.Command("/nowhere/at/all"), "127.0.0.1:1"); err == nil {
		t.Error("no error")
	}
}

func TestParseStatm(t *testing.T) {
	if got, err := parseStatm([]byte("4000 250 100 7 0 90 0\n")); err != nil || got != 250*int64(os.Getpagesize()) {
		t.Errorf("got %d, %v", got, err)
	}
	for _, bad := range []string{"", "4000", "4000 x"} {
		if _, err := parseStatm([]byte(bad)); err == nil {
			t.Errorf("%q: no error", bad)
		}
	}
}
