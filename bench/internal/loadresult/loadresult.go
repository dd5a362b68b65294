// Package loadresult is what one run of a load generator found out, in the form that bench/load prints and
// bench/compare reads: one line of JSON.
package loadresult

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Prefix starts the line; whatever else a generator prints is for people.
const Prefix = "RESULT "

// Result is one run.
type Result struct {
	Requests    int64   `json:"requests"`              // answered completely
	Seconds     float64 `json:"seconds"`               // from the first byte to the last
	Bytes       int64   `json:"bytes"`                 // of bodies sent (upload) or responses received (the others)
	Errors      int64   `json:"errors"`                // of any kind
	Status      int64   `json:"status,omitempty"`      // of these: answered, but not with success
	Timeouts    int64   `json:"timeouts,omitempty"`    // of these: not answered in time
	FirstError  string  `json:"first_error,omitempty"` // what the first one was, where the generator knows
	Connections int64   `json:"connections,omitempty"` // opened in the run
	Alive       int64   `json:"alive,omitempty"`       // idle: connections still open at the end

	// Latency of a request in microseconds; for a feed, age of a frame when it came.
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`

	// Of a feed: how many ticks came to all, and from the first delivery of one to its last, in microseconds.
	Ticks    int64   `json:"ticks,omitempty"`
	Spread50 float64 `json:"spread50,omitempty"`
	Spread99 float64 `json:"spread99,omitempty"`
}

// Started is a line by itself: the connections of a load are open and warm, what follows is measured until the
// result.
const Started = "STARTED"

// PrintStarted writes it.
func PrintStarted(w io.Writer) error {
	_, err := fmt.Fprintln(w, Started)
	return err
}

// Problem says what the errors were, "" if there were none.
func (r *Result) Problem() string {
	var kinds []string
	for _, k := range []struct {
		n    int64
		what string
	}{{r.Status, "with a bad status"}, {r.Timeouts, "timed out"}, {r.Errors - r.Status - r.Timeouts, "failed"}} {
		if k.n > 0 {
			kinds = append(kinds, fmt.Sprint(k.n, " ", k.what))
		}
	}
	text := strings.Join(kinds, ", ")
	if text != "" && r.FirstError != "" {
		text += "; the first: " + r.FirstError
	}
	return text
}

// Print writes the line.
func (r *Result) Print(w io.Writer) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s%s\n", Prefix, line)
	return err
}

// Parse finds the last result line in a generator's output.
func Parse(output []byte) (Result, error) {
	var r Result
	i := bytes.LastIndex(output, []byte(Prefix))
	if i < 0 {
		return r, fmt.Errorf("no result in the output of the load generator:\n%s", output)
	}
	line, _, _ := bytes.Cut(output[i+len(Prefix):], []byte("\n"))
	if err := json.Unmarshal(line, &r); err != nil {
		return r, fmt.Errorf("parse result line %q: %w", line, err)
	}
	return r, nil
}
