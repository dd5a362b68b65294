// Package guest is what command kernels and the first process of its virtual machines say
// to each other: jobs go in as a file, events come out as lines of the serial console.
package guest

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Job is a program to run in the guest.
type Job struct {
	Name    string
	Program string            // its path in the guest
	Args    []string          `json:",omitempty"`
	Env     map[string]string `json:",omitempty"`
	Dir     string            `json:",omitempty"` // default /tmp
	Seconds int               // it is killed after so many
}

// Plan is all that a guest is to do. It lies in PlanFile.
type Plan struct {
	Modules []string // kernel modules to load first, by path and in this order
	Jobs    []Job
}

// PlanFile is where the guest finds its plan.
const PlanFile = "/plan.json"

// Event is something that a guest reports. One field is set.
type Event struct {
	Fact *Fact    `json:",omitempty"`
	Done *Outcome `json:",omitempty"`
	End  bool     `json:",omitempty"` // all jobs were run
}

// Fact is something that the guest found out about its kernel.
type Fact struct{ Name, Value string }

// Outcome is how a job went.
type Outcome struct {
	Job                     string
	Error                   string // "" = it ended with status 0
	Passed, Failed, Skipped int
	Seconds                 float64
	Output                  string `json:",omitempty"` // what failed, or nothing
}

// OK reports success.
func (o *Outcome) OK() bool { return o.Error == "" && o.Failed == 0 }

// mark begins the lines that are events: a console has others, too.
const mark = "@ringwire "

// Write writes an event as a line.
func (e Event) Write(w io.Writer) error {
	text, err := json.Marshal(e)
	if err != nil {
		return err
	}
	// The kernel may be in the middle of a line of its own.
	_, err = fmt.Fprintf(w, "\n%s%s\n", mark, text)
	return err
}

// Parse reads an event from a line; ok is false for every other line.
func Parse(line string) (e Event, ok bool) {
	text, found := strings.CutPrefix(strings.TrimRight(line, "\r\n"), mark)
	if !found || json.Unmarshal([]byte(text), &e) != nil {
		return Event{}, false
	}
	return e, true
}
