package ringwire

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// String is the diagnosis for people: the driver, the findings with their remedies, then what was looked at.
func (d *Diagnosis) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "ringwire on %s, %s\n", d.System, d.Go)
	if d.Driver.Name == "" {
		b.WriteString("no driver: a server cannot start\n")
	} else {
		fmt.Fprintf(&b, "driver %s, %s: %s\n", d.Driver.Name, loopCount(d.Loops), d.Driver.Reason)
	}
	if len(d.Findings) == 0 {
		b.WriteString("\nnothing to mend\n")
	}
	for _, f := range d.Findings {
		fmt.Fprintf(&b, "\n%s: %s\n  %s\n  seen: %s\n", f.Severity, f.ID, f.Cause, f.Seen)
		if f.Remedy != "" {
			fmt.Fprintf(&b, "  remedy: %s\n", f.Remedy)
		}
	}
	b.WriteString("\nlooked at\n")
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, f := range d.Facts {
		fmt.Fprintf(w, "  %s\t%s\t(%s)\n", f.Name, shorten(f.Value), f.Source)
	}
	_ = w.Flush() // into memory
	return b.String()
}

func loopCount(n int) string {
	if n == 1 {
		return "1 loop"
	}
	return fmt.Sprintf("%d loops", n)
}

// shorten keeps a table readable; JSON has all of it.
func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
