package leak

import (
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestDescriptorIsSeen(t *testing.T) {
	if len(descriptors()) == 0 {
		t.Skip("this system does not list open descriptors")
	}
	before := Now()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	report := Wait(before, 20*time.Millisecond)
	if !strings.Contains(report, "descriptors") || runtime.GOOS == "linux" && !strings.Contains(report, "pipe:") {
		t.Errorf("an open pipe was reported as %q", report)
	}
	r.Close()
	w.Close()
	if report := Wait(before, time.Second); report != "" {
		t.Errorf("the pipe is closed, yet: %s", report)
	}
}

func TestGoroutineIsSeen(t *testing.T) {
	before := Now()
	quit := make(chan struct{})
	for range 10 { // some, lest one that ends meanwhile hides it
		go func() { <-quit }()
	}
	if report := Wait(before, 20*time.Millisecond); !strings.Contains(report, "TestGoroutineIsSeen") {
		t.Errorf("the report does not show the goroutine's stack: %q", report)
	}
	close(quit)
	if report := Wait(before, time.Second); report != "" {
		t.Errorf("the goroutines have ended, yet: %s", report)
	}
}

func TestLateEndIsNoLeak(t *testing.T) {
	before := Now()
	go time.Sleep(50 * time.Millisecond)
	if report := Wait(before, 5*time.Second); report != "" {
		t.Errorf("what ends within the grace is reported: %s", report)
	}
}
