package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/ringwire/ringwire/internal/guest"
)

// result is how a kernel did. It is kept beside the kernel.
type result struct {
	Kernel   string
	Package  string `json:",omitempty"` // the version of the Debian package
	Build    string // of what was run
	Date     string
	Facts    map[string]string
	Outcomes []guest.Outcome
	Seconds  float64
	Error    string   `json:",omitempty"` // of the guest itself
	First    string   `json:",omitempty"` // what became of a first attempt, if this is the second
	Wrong    []string `json:",omitempty"` // what was expected and did not come
	Console  string   `json:",omitempty"`
}

func (r *result) add(e guest.Event) {
	switch {
	case e.Fact != nil:
		if r.Facts == nil {
			r.Facts = map[string]string{}
		}
		r.Facts[e.Fact.Name] = e.Fact.Value
	case e.Done != nil:
		r.Outcomes = append(r.Outcomes, *e.Done)
	}
}

// judge looks for what a guest does not notice itself: a job that is missing, tests that were
// all skipped, the wrong driver. A driver that is refused would else skip its tests in silence.
func (r *result) judge(jobs []guest.Job) {
	for i := range jobs {
		o := r.outcome(jobs[i].Name)
		switch {
		case o == nil:
			r.wrong("%s did not run", jobs[i].Name)
		case isTests(&jobs[i]) && o.Passed == 0:
			r.wrong("%s passed no test", jobs[i].Name)
		}
	}
	driver, probed := r.Facts["driver"]
	if !probed {
		return
	}
	m, ok := parseMinor(r.Facts["release"])
	switch {
	case !ok:
		r.wrong("the release is %q", r.Facts["release"])
	case m.less(floor) && driver != "netpoll":
		r.wrong("below Linux %v auto took %s", floor, driver)
	case m.less(floor) && !strings.Contains(r.Facts["reason"], "needs Linux"):
		r.wrong("netpoll was taken because %q, which names no kernel", r.Facts["reason"])
	case !m.less(floor) && r.Package != "" && driver != "uring":
		r.wrong("auto took %s because %s", driver, r.Facts["reason"])
	}
}

func isTests(job *guest.Job) bool { return strings.HasSuffix(job.Program, ".test") }

func (r *result) wrong(format string, args ...any) {
	r.Wrong = append(r.Wrong, fmt.Sprintf(format, args...))
}

func (r *result) outcome(job string) *guest.Outcome {
	for i := range r.Outcomes {
		if r.Outcomes[i].Job == job {
			return &r.Outcomes[i]
		}
	}
	return nil
}

// mute reports that a guest was started, and has not said a word.
func (r *result) mute() bool {
	return r.Error != "" && r.Seconds > 0 && len(r.Facts) == 0 && len(r.Outcomes) == 0
}

// ok reports that everything passed.
func (r *result) ok() bool {
	for i := range r.Outcomes {
		if !r.Outcomes[i].OK() {
			return false
		}
	}
	return r.Error == "" && len(r.Wrong) == 0
}

func (r *result) save(file string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o644)
}

func loadResult(file string) (*result, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := new(result)
	return r, json.Unmarshal(text, r)
}

// summary is the result in a line, and what is wrong in lines below.
func (r *result) summary() string {
	verdict := "passed"
	if !r.ok() {
		verdict = "FAILED"
	}
	text := fmt.Sprintf("%s in %.0f s: %s, driver %s", verdict, r.Seconds, r.Facts["release"], r.Facts["driver"])
	if r.First != "" {
		text += "\n    did not boot at first: " + r.First
	}
	for _, w := range r.Wrong {
		text += "\n    " + w
	}
	if r.Error != "" {
		text += "\n    " + r.Error + "; the console's end:\n" + indent(r.Console)
	}
	return text
}
