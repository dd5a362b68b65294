package ringwire

import (
	"io"
	"os"
	"sync"
)

// crashOutput is where the flight recorder is written when the process is about to end: where Go
// writes its own last words, right before those.
var crashOutput io.Writer = os.Stderr

// crash is who writes before a panic on a loop ends the process.
type crash struct {
	once sync.Once
	tell func(w io.Writer)
}

// panicked is called when a loop's goroutine ends by a panic that nobody has caught. It does not
// catch it either: Go's own report follows, with the stack of where it came from.
func (c *crash) panicked() {
	c.once.Do(func() { c.tell(crashOutput) })
}

// run runs a loop.
func (c *crash) run(loop func() error) error {
	ended := false
	defer func() {
		if !ended {
			c.panicked()
		}
	}()
	err := loop()
	ended = true
	return err
}
