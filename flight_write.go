package ringwire

import (
	"bytes"
	"fmt"
	"io"
	"time"

	"github.com/ringwire/ringwire/internal/flight"
)

// WriteFlight writes Flight as text: what each loop is doing, the stack of what is stuck, and the
// records, oldest first. Like Flight it may be called from anywhere, at any time.
func (s *Server) WriteFlight(w io.Writer) error {
	f := s.Flight()
	return f.write(w, true)
}

// WriteFlight writes Flight as text, as Server.WriteFlight does.
func (d *WebSocketDialer) WriteFlight(w io.Writer) error {
	f := d.Flight()
	return f.write(w, true)
}

// write is WriteFlight; stacks says whether to look for those of stuck loops.
func (f *Flight) write(w io.Writer, stacks bool) error {
	var b bytes.Buffer
	of := f.Addr
	if of == "" {
		of = "loops without a listener"
	}
	fmt.Fprintf(&b, "ringwire: flight recorder of %s at %s: driver %s, %d loops\n",
		of, f.Time.UTC().Format("2006-01-02T15:04:05.000Z07:00"), f.Driver.Name, len(f.Loops))
	for i := range f.Loops {
		stacks = f.Loops[i].append(&b, stacks)
	}
	_, err := w.Write(b.Bytes())
	return err
}

// append writes one loop. It reports whether stacks are still to be shown.
func (l *FlightLoop) append(b *bytes.Buffer, stacks bool) bool {
	fmt.Fprintf(b, "\n%s; the last %d of %d records:\n", l, len(l.Records), l.Total)
	if l.Stuck && stacks {
		b.WriteString(callbackStacks())
		b.WriteByte('\n')
		stacks = false // they are those of all loops
	}
	appendRecords(b, l.Records)
	return stacks
}

// String tells what the loop is doing.
func (l *FlightLoop) String() string {
	for_ := flight.Round(l.For).String()
	text := fmt.Sprintf("loop %d: %s", l.Loop, l.State)
	switch {
	case l.State == LoopAsleep:
		return text + " for " + for_
	case l.Handler != "":
		text += ", " + l.Handler
	}
	if text += ", in a turn of " + for_; l.Stuck {
		text += ", STUCK"
	}
	return text
}

func appendRecords(b *bytes.Buffer, list []FlightRecord) {
	for i := range list {
		b.Write((*flight.Record)(&list[i]).Append(b.AvailableBuffer()))
	}
}

// lastRecords are the latest of a loop, as text.
func lastRecords(list []FlightRecord, n int) string {
	var b bytes.Buffer
	appendRecords(&b, list[max(0, len(list)-n):])
	return b.String()
}

// sinceTurn is how long a loop has been in a turn, for a log.
func sinceTurn(d time.Duration) time.Duration { return flight.Round(d) }
