//go:build unix

package ringwire

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// quit sends SIGQUIT once the request's handler is there.
func (c *dying) quit(t *testing.T) {
	time.Sleep(300 * time.Millisecond) // in which the request comes; later is as good
	if err := c.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
}

// SIGQUIT has the recorder written, although a loop hangs, and then does what it always does.
func TestFlightOnQuit(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		c := startDying(t, "quit", driver)
		c.quit(t)
		text := c.end(t)
		expectDump(t, driver, text, "SIGQUIT: quit", "goroutine ", "ringwire.childHang")
	})
}

// Who has taken it back gets what Go does without.
func TestFlightOnQuitStopped(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		c := startDying(t, "stopped", driver)
		c.quit(t)
		if text := c.end(t); strings.Contains(text, "flight recorder of") || !strings.Contains(text, "SIGQUIT: quit") {
			t.Errorf("%s", text)
		}
	})
}
