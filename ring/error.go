package ring

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says which sort of trouble an Error is, for programs that react to it.
type Kind uint8

// The kinds of Error.
const (
	// Unsupported: this system cannot do it: another OS, a kernel that is too
	// old or built without it. Matches [errors.ErrUnsupported].
	Unsupported Kind = iota
	// Forbidden: a seccomp filter, a sysctl or a security module says no.
	Forbidden
	// Exhausted: memory or descriptors ran out; less may work.
	Exhausted
	// Misbehaves: the kernel has it, and the self-test saw it go wrong.
	Misbehaves
	// Failed: anything else; see the errno.
	Failed
)

// Blame says who or what refuses, for programs that advise: a Kind has several.
type Blame uint8

// Who is to blame for an Error.
const (
	BlameUnknown     Blame = iota
	BlameSystem            // not Linux
	BlameKernel            // too old, or built without
	BlameSysctl            // kernel.io_uring_disabled
	BlameSeccomp           // a seccomp filter
	BlamePolicy            // a security module, or who else answers EPERM
	BlameMemlock           // RLIMIT_MEMLOCK
	BlameMemory            // memory itself
	BlameDescriptors       // RLIMIT_NOFILE
	BlameFiles             // fs.file-max
	BlameSelfTest          // the kernel, by what it did
)

// Error says what was refused, why as far as can be found out, and what helps.
type Error struct {
	Kind   Kind
	Op     string  // the system call or the feature
	Cause  string  // why, in words
	Remedy string  // what to do about it; may be empty
	Blame  Blame   // who refuses
	Seen   string  // what Cause was concluded from: system calls and files, and what they said
	Since  Version // the first kernel that has the feature; zero if not about one
	Err    error   // the errno, nil when the kernel was not asked
}

// Error is one line: what, errno, why, and the remedy in parentheses.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("ring: " + e.Op)
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if e.Cause != "" {
		b.WriteString(": " + e.Cause)
	}
	if e.Remedy != "" {
		b.WriteString(" (" + e.Remedy + ")")
	}
	return b.String()
}

// Unwrap is the errno, nil when there is none.
func (e *Error) Unwrap() error { return e.Err }

// Is makes errors.Is(err, errors.ErrUnsupported) hold for Unsupported errors.
func (e *Error) Is(target error) bool {
	return target == errors.ErrUnsupported && e.Kind == Unsupported
}

// Version is a kernel version as far as features depend on it.
type Version struct{ Major, Minor int }

// Less reports that v is older than w.
func (v Version) Less(w Version) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}

// String is the version as people write it, "6.1".
func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }

// parseVersion reads the start of a release like 6.12.117+deb13-cloud-amd64; it
// is zero when there is none.
func parseVersion(release string) Version {
	var v Version
	if n, _ := fmt.Sscanf(release, "%d.%d", &v.Major, &v.Minor); n != 2 {
		return Version{}
	}
	return v
}
