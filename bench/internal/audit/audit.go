// Package audit lets the servers of this module tell what their memory did while they were under load, without
// adding to it: a few commands come in on one stream, answers go out on another.
//
//	cost           rehearse, then measure what the audit itself allocates; with the server at rest
//	collect        collect garbage, note what is live
//	begin 250ms    note where the counters stand; from now on sample every 250 ms
//	end            note where the counters stand, then collect garbage: answers with a Window
//	mark           note where the allocation profile stands
//	culprits       what was allocated since mark, by call site: answers with a list of Site
//
// Between begin and end nothing is allocated here: the answer to begin is made beforehand, and samples go to memory
// that is there. What cost finds is reported, never subtracted.
package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"
)

// Prefix starts an answer; whatever else a server prints is for people.
const Prefix = "AUDIT "

// Window is what the counters said around and within a time under load. Before and After were read after a garbage
// collection each, so that their difference in HeapAlloc is what stayed; Begin and End are exact, too, but for
// garbage that nobody has collected yet. Series lies between Begin and End.
type Window struct {
	Before, Begin, End, After Reading

	Periodic int     // collections between Begin and End that the runtime makes when there was none for two minutes
	Series   []Point // in order of time
}

// Seconds is the time between Begin and End.
func (w *Window) Seconds() float64 { return (w.End.At - w.Begin.At).Seconds() }

// Cost is what the audit itself allocated, in a server at rest.
type Cost struct {
	Samples int    // taken, after a rehearsal
	Objects uint64 // allocated by all of them, and by a reading before and after
	Bytes   uint64
}

// Start answers commands in the background until in ends.
func Start(in io.Reader, out io.Writer) { go newAuditor(out).serve(in) }

type auditor struct {
	out     io.Writer
	empty   []byte // the answer that costs nothing
	stats   runtime.MemStats
	sampler sampler
	window  Window
	mark    profile
}

func newAuditor(out io.Writer) *auditor {
	return &auditor{out: out, empty: []byte(Prefix + "{}\n"), sampler: newSampler()}
}

func (a *auditor) serve(in io.Reader) {
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 4096), 4096)
	for lines.Scan() {
		if err := a.command(lines.Bytes()); err != nil {
			a.answer(struct{ Error string }{err.Error()})
		}
	}
}

// command runs one command and answers it, unless it fails.
func (a *auditor) command(line []byte) error {
	switch string(line) { // compared, not converted: "end" must not allocate before its reading
	case "end":
		a.end()
		return a.answer(&a.window)
	case "cost":
		return a.answer(a.cost())
	case "collect":
		collect()
		a.read(&a.window.Before)
		return a.done()
	case "mark":
		a.mark = readProfile()
		return a.done()
	case "culprits":
		return a.answer(readProfile().since(a.mark))
	}
	interval, ok := strings.CutPrefix(string(line), "begin ")
	d, err := time.ParseDuration(interval)
	if !ok || err != nil || d <= 0 {
		return fmt.Errorf("no such command: %q", line)
	}
	a.begin(d)
	return a.done()
}

// begin makes everything that allocates before the reading.
func (a *auditor) begin(interval time.Duration) {
	a.sampler.start(interval)
	a.read(&a.window.Begin)
}

// end takes the reading before everything that allocates.
func (a *auditor) end() {
	a.read(&a.window.End)
	a.window.Series = a.sampler.stop()
	a.window.Periodic = periodic(&a.stats, a.window.Begin.NumGC)
	collect()
	a.read(&a.window.After)
}

const costSamples = 1000

func (a *auditor) cost() Cost {
	a.rehearse()
	var before, after Reading
	a.read(&before)
	for range costSamples {
		a.sampler.sample()
	}
	a.read(&after)
	a.sampler.clear()
	return Cost{Samples: costSamples, Objects: after.Mallocs - before.Mallocs, Bytes: after.TotalAlloc - before.TotalAlloc}
}

// rehearse does everything once: what the runtime prepares at the first collection, sample or goroutine is to be there
// before a window, not to be found in it.
func (a *auditor) rehearse() {
	collect()
	a.begin(time.Millisecond)
	a.sampler.sample()
	a.end()
	_, _ = json.Marshal(&a.window)
}

func (a *auditor) done() error {
	_, err := a.out.Write(a.empty)
	return err
}

func (a *auditor) answer(v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(append([]byte(Prefix), b...), '\n')) // one write: the server prints here, too
	return err
}
