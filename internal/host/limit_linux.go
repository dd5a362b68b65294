package host

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// Unlimited is a Limit's way to say that there is none.
const Unlimited = unix.RLIM_INFINITY

// Limit is a resource limit of this process.
type Limit struct {
	Soft, Hard uint64
	Source     string
	Err        error
}

// Memlock is how many bytes may be kept in memory by mlock, registered buffers and, on many kernels, rings.
func Memlock() Limit { return limit("RLIMIT_MEMLOCK", unix.RLIMIT_MEMLOCK) }

// NoFile is how many descriptors may be open.
func NoFile() Limit { return limit("RLIMIT_NOFILE", unix.RLIMIT_NOFILE) }

func limit(name string, resource int) Limit {
	var r unix.Rlimit
	err := unix.Getrlimit(resource, &r)
	return Limit{r.Cur, r.Max, "getrlimit(" + name + ")", err}
}

// Fact is the limit in one line, its soft value first.
func (l Limit) Fact() Fact {
	f := Fact{Source: l.Source, Err: l.Err}
	if l.Err == nil {
		f.Value = bound(l.Soft) + " (hard " + bound(l.Hard) + ")"
	}
	return f
}

func bound(n uint64) string {
	if n == Unlimited {
		return "unlimited"
	}
	return strconv.FormatUint(n, 10)
}
