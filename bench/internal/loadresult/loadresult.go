// Package loadresult is what one run of a load generator found out, in the form that bench/load prints and
// bench/compare reads: one line of JSON.
package loadresult

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
)

// Prefix starts the line; whatever else a generator prints is for people.
const Prefix = "RESULT "

// Result is one run.
type Result struct {
	Requests    int64   `json:"requests"`              // answered completely
	Seconds     float64 `json:"seconds"`               // from the first byte to the last
	Bytes       int64   `json:"bytes"`                 // of bodies sent (upload) or responses received (the others)
	Errors      int64   `json:"errors"`                // of any kind; a run with errors is not to be trusted
	Connections int64   `json:"connections,omitempty"` // opened in the run
	Alive       int64   `json:"alive,omitempty"`       // idle: connections still open at the end

	// Latency of a request in microseconds.
	P50  float64 `json:"p50"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
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
