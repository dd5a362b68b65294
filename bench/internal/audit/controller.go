package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Controller is the other end: it asks a server that called Start.
type Controller struct {
	in    io.Writer
	out   *bufio.Reader
	other io.Writer
}

// NewController asks through the two streams. What the server prints besides goes to other.
func NewController(in io.Writer, out io.Reader, other io.Writer) *Controller {
	return &Controller{in, bufio.NewReader(out), other}
}

// Ask sends a command and waits for its answer, which is decoded into v unless that is nil.
func (c *Controller) Ask(command string, v any) error {
	if _, err := fmt.Fprintln(c.in, command); err != nil {
		return fmt.Errorf("ask for %q: %w", command, err)
	}
	for {
		line, err := c.out.ReadString('\n')
		answer, ok := strings.CutPrefix(line, Prefix)
		switch {
		case err != nil:
			return fmt.Errorf("no answer to %q: %w", command, err)
		case ok:
			return decode(command, []byte(answer), v)
		}
		_, _ = io.WriteString(c.other, line) // for error messages only
	}
}

func decode(command string, answer []byte, v any) error {
	var failed struct{ Error string }
	if json.Unmarshal(answer, &failed) == nil && failed.Error != "" { // a list is no object, nor an error
		return errors.New(failed.Error)
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(answer, v); err != nil {
		return fmt.Errorf("answer to %q: %w", command, err)
	}
	return nil
}
