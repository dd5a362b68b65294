package ringwire

import (
	"fmt"
	"log/slog"

	"github.com/ringwire/ringwire/mem"
)

// What can be wrong. docs/MEMORY.md has a line on each, docs/TICKS.md on ticks.
const (
	causeLimit     = iota // buffers came from the Go heap because of MemoryLimit
	causeRefused          // or because the system mapped no more
	causeNearLimit        // a loop has mapped much of its limit
	causeLocked           // the system does not keep buffers in memory
	causeSuspects         // sampled buffers are out for long
	causeIdle             // ever more buffers are out although nobody is there
	causeObjects          // more objects are out than there are connections and jobs
	causeHung             // a loop does not answer
	causeMissed           // ticks were not run because their time had passed
	causeOverrun          // phases of ticks took longer than their budgets
	numCauses
)

// told is how bad a cause was when it was reported last, 0 if it is over.
type told uint64

// news reports whether a cause that is now so bad is to be reported: when it begins, and when
// it has become twice as bad since.
func (t *told) news(size uint64) bool {
	switch {
	case size == 0:
		*t = 0
		return false
	case *t == 0 || size/2 >= uint64(*t):
		*t = told(size)
		return true
	}
	return false
}

// judge adds up how bad a cause is in all places, and reports it if that is news, with the
// place where it is worst.
func (h *health) judge(cause int) {
	var sum, most uint64
	var worst *look
	for _, l := range h.looks {
		n := l.size(cause)
		switch cause {
		case causeNearLimit, causeHung:
			sum = max(sum, n) // does not add up
		default:
			sum += n
		}
		if n > most {
			most, worst = n, l
		}
	}
	if h.told[cause].news(sum) {
		h.warn(cause, sum, worst)
	}
}

// Thresholds in hundredths of a limit.
const (
	nearLimit     = 80
	veryNearLimit = 95
)

// size is how bad a cause is in one place, 0 = not at all.
func (l *look) size(cause int) uint64 {
	v := l.seen
	switch m := &v.mem; cause {
	case causeLimit:
		return m.Misses - l.misses - min(m.Misses-l.misses, m.Refused-l.refused)
	case causeRefused:
		return m.Refused - l.refused
	case causeNearLimit:
		switch used := m.Mapped / max(1, m.Limit/100); {
		case m.Limit == 0 || used < nearLimit:
			return 0
		case used < veryNearLimit:
			return 1
		}
		return 2
	case causeLocked:
		return m.LockRefused
	case causeSuspects:
		n := 0
		for _, s := range v.suspects {
			n += s.Count
		}
		return uint64(n)
	case causeIdle:
		return uint64(l.growth())
	case causeObjects:
		return uint64(max(0, v.exchanges.Out-v.served-v.jobs) + max(0, v.conns.Out-v.served))
	case causeHung:
		if d := l.waited(); d >= l.h.hang && !l.h.dog.told(l.place) {
			return uint64(d)
		}
	case causeMissed:
		return v.ticks.missed - l.ticks.missed
	case causeOverrun:
		_, sum := v.ticks.overruns(&l.ticks)
		return sum
	}
	return 0
}

// warn reports a cause: the numbers, and what to do.
func (h *health) warn(cause int, sum uint64, worst *look) {
	log, m := h.srv.Logger.With("where", worst.String()), &worst.seen.mem
	switch cause {
	case causeLimit:
		log.Warn("ringwire: memory limit reached, buffers come from the Go heap", "misses", sum, "purpose", worst.missing(),
			"mapped_bytes", m.Mapped, "limit_bytes", m.Limit, "leased", m.Leased,
			"remedy", "raise MemoryLimit, or lower what connections may hold: BodyBuffer, MaxConns")
	case causeRefused:
		log.Warn("ringwire: the system gives no more memory, buffers come from the Go heap", "refused", sum,
			"mapped_bytes", m.Mapped, "leased", m.Leased,
			"remedy", "see ulimit -v and, on Linux, vm.max_map_count and vm.overcommit_memory; or lower what connections may hold: BodyBuffer, MaxConns")
	case causeNearLimit:
		log.Warn("ringwire: mapped memory is near its limit", "mapped_bytes", m.Mapped, "limit_bytes", m.Limit, "leased", m.Leased,
			"remedy", "raise MemoryLimit, or lower what connections may hold: BodyBuffer, MaxConns")
	case causeLocked:
		log.Warn("ringwire: the system does not keep all buffers in memory", "refused", sum, "locked_bytes", m.Locked, "mapped_bytes", m.Mapped,
			"remedy", "raise RLIMIT_MEMLOCK (ulimit -l, or LimitMEMLOCK in systemd), or do not set LockMemory")
	case causeSuspects:
		log.Warn("ringwire: buffers have been out for long", "count", sum, "after", h.srv.SuspectAfter, suspects(h.snapshot().Suspects),
			"remedy", "the stack tells who took them: what was forgotten must be released, what is meant to live long may stay")
	case causeIdle:
		log.Warn("ringwire: ever more buffers are out although no connection is open", "more", sum, "leased", m.Leased, "was", worst.idleLeast,
			"remedy", "set SampleLeases: the next report tells who took them")
	case causeObjects:
		v := worst.seen
		log.Warn("ringwire: more objects are out than there are users of them", "more", sum, "exchanges", v.exchanges.Out,
			"connection_states", v.conns.Out, "connections", v.served, "jobs", v.jobs,
			"remedy", "this is a fault of ringwire: please report it")
	case causeHung:
		log.Warn("ringwire: a loop does not answer", "for", worst.waited(), "doing", worst.doing(),
			"remedy", "a handler blocks it: wrap what waits or computes for long in Blocking; a stack dump (SIGQUIT) shows it")
	case causeMissed, causeOverrun:
		worst.warnTicks(log, cause, sum)
	}
}

// suspectsTold is how many places one report names.
const suspectsTold = 8

func suspects(list []mem.Suspect) slog.Attr {
	var attrs []slog.Attr
	for i, s := range list[:min(len(list), suspectsTold)] {
		attrs = append(attrs, slog.Any(fmt.Sprint(i), s))
	}
	return slog.GroupAttrs("suspects", attrs...)
}

// String names the place.
func (l *look) String() string {
	if l.svc == nil {
		return "workers"
	}
	return fmt.Sprint("loop ", l.place)
}

// missing is the purpose that has missed most.
func (l *look) missing() string {
	most := mem.AccountStats{}
	for _, p := range l.seen.mem.Accounts {
		if p.Misses > most.Misses {
			most = p
		}
	}
	return most.Name
}

// doing is what the loop is doing.
func (l *look) doing() string {
	if l.svc == nil {
		return ""
	}
	f := flightOf(l.place, l.svc.loop, forever)
	return f.String()
}
