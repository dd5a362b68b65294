package conn

import "time"

// Audit is how a loop's connections stand against their limits, at their worst: for tests and simulations,
// which look while the loop runs.
type Audit struct {
	Serving int           // accepted connections that are served
	Output  int           // most bytes of output of one connection, sealed ones included
	Kept    int           // most bytes of input that a handler has left
	Overdue time.Duration // by how much the worst deadline has passed
}

// Audit looks at every connection. On the loop, between turns.
func (l *Loop) Audit() Audit {
	a := Audit{Serving: l.came() - l.stats.Parked}
	for _, page := range l.pages {
		for i := range page {
			c := &page[i]
			if c.state == free || c.state == parked || c.state == closing {
				continue
			}
			a.Output = max(a.Output, c.unsent())
			a.Kept = max(a.Kept, c.spill.len())
			if at := c.deadline(); at != 0 {
				a.Overdue = max(a.Overdue, time.Duration(l.now-at))
			}
		}
	}
	return a
}
