//go:build linux

package ring

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/host"
)

// setupError explains why io_uring_setup, or mapping the ring, failed.
func setupError(errno syscall.Errno) *Error { return callError("io_uring_setup", errno) }

// callError explains why one of the three calls failed.
func callError(call string, errno syscall.Errno) *Error {
	e := &Error{Kind: Failed, Op: call, Err: errno, Seen: said(call, errno)}
	switch errno {
	case unix.EPERM, unix.EACCES, unix.ENOSYS:
		lookAround().explain(e, errno)
	case unix.EINVAL:
		e.Kind, e.Blame = Unsupported, BlameKernel
		e.Cause, e.Remedy = "this kernel does not know one of the required setup flags", "run a newer kernel, or ask for less"
	default:
		explainShortage(e, errno)
	}
	return e
}

// explainShortage says what ran out, if something did.
func explainShortage(e *Error, errno syscall.Errno) {
	switch errno {
	case unix.ENOMEM:
		e.Kind = Exhausted
		explainMemory(e, host.Memlock())
	case unix.EMFILE:
		e.Kind, e.Blame = Exhausted, BlameDescriptors
		e.Cause, e.Remedy = "this process has too many open descriptors", "raise RLIMIT_NOFILE (ulimit -n, LimitNOFILE=)"
		e.Seen += "; " + host.NoFile().Fact().String()
	case unix.ENFILE:
		e.Kind, e.Blame = Exhausted, BlameFiles
		e.Cause, e.Remedy = "the system has too many open files", "raise sysctl fs.file-max"
	}
}

// explainMemory tells the limit from memory itself. Whether a kernel charges rings to the limit is known by
// trying only; whom it does not limit, it does not charge.
func explainMemory(e *Error, lim host.Limit) {
	locks, caps := host.Here.Capable(host.IPCLock)
	e.Seen += fmt.Sprintf("; %v; CAP_IPC_LOCK %v", lim.Fact(), locks)
	if caps.Err != nil {
		e.Seen += " (" + caps.String() + ")"
	}
	if lim.Err == nil && lim.Soft == host.Unlimited || locks {
		e.Blame = BlameMemory
		e.Cause = "no memory for the ring, and RLIMIT_MEMLOCK does not bound it here"
		e.Remedy = "give the machine or its control group more memory, or use smaller or fewer rings"
		return
	}
	e.Blame = BlameMemlock
	e.Cause = "no memory for the ring, which this kernel may charge to RLIMIT_MEMLOCK, " + strconv.FormatUint(lim.Soft>>10, 10) + " KiB here"
	e.Remedy = "raise the limit (ulimit -l, LimitMEMLOCK=), grant CAP_IPC_LOCK, or use smaller or fewer rings"
}

// said is a call and its outcome.
func said(call string, errno syscall.Errno) string {
	if name := unix.ErrnoName(errno); name != "" {
		return call + "(2): " + name
	}
	return fmt.Sprintf("%s(2): errno %d", call, int(errno))
}

// surroundings are what is looked at when a call is refused.
type surroundings struct {
	enter    syscall.Errno // io_uring_enter's answer about no ring: the kernel's own is EBADF, whatever its policy
	disabled host.Fact     // kernel.io_uring_disabled, from 6.6 on
	sysctls  bool          // sysctls can be read at all
	exempt   bool          // from kernel.io_uring_disabled = 1
	seccomp  host.Fact     // the mode
	kernel   Version
}

func lookAround() *surroundings {
	_, enter := sysEnter(-1, 0, 0, 0, nil, 0, false)
	at := host.Here
	admin, _ := at.Capable(host.SysAdmin)
	gid, err := strconv.Atoi(at.Read("/proc/sys/kernel/io_uring_group").Value)
	return &surroundings{
		enter:    enter,
		disabled: at.Read("/proc/sys/kernel/io_uring_disabled"),
		sysctls:  at.Exists("/proc/sys/kernel/osrelease"),
		exempt:   admin || err == nil && host.InGroup(gid),
		seccomp:  at.Seccomp(),
		kernel:   parseVersion(release()),
	}
}

const (
	allowByProfile = "allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile, e.g. docker run --security-opt seccomp=profile.json"
	allowBySysctl  = "sysctl -w kernel.io_uring_disabled=0"
)

// explain tells who answers EPERM, EACCES or ENOSYS: the sysctl, a filter, a security module, or a kernel that
// has no io_uring.
func (s *surroundings) explain(e *Error, errno syscall.Errno) {
	e.Kind = Forbidden
	e.Seen = strings.Join([]string{e.Seen, said("io_uring_enter", s.enter) + " without a ring", s.disabled.String(), s.seccomp.String()}, "; ")
	if errno == unix.ENOSYS {
		e.Kind = Unsupported // as far as a program is concerned
		s.explainAbsence(e)
		return
	}
	switch also := s.filtered(); {
	case s.disabled.Is("2"):
		e.Blame, e.Cause, e.Remedy = BlameSysctl, "sysctl kernel.io_uring_disabled=2 forbids io_uring to everyone", allowBySysctl
		s.addFilter(e, also)
	case s.disabled.Is("1") && !s.exempt:
		e.Blame, e.Cause = BlameSysctl, "sysctl kernel.io_uring_disabled=1 forbids io_uring to unprivileged processes"
		e.Remedy = allowBySysctl + ", or join the group in kernel.io_uring_group, or grant CAP_SYS_ADMIN"
		s.addFilter(e, also)
	case also:
		e.Blame, e.Cause, e.Remedy = BlameSeccomp, "a seccomp filter forbids io_uring, as container runtimes do by default", allowByProfile
	case s.seccomp.Is("2"):
		e.Blame, e.Remedy = BlameSeccomp, allowByProfile
		e.Cause = "a seccomp filter forbids " + e.Op + " alone, or a security module (SELinux, AppArmor) does"
	default:
		e.Blame, e.Cause = BlamePolicy, "a security module (SELinux, AppArmor) forbids io_uring"
		if s.disabled.Err != nil && !s.sysctls {
			e.Cause += ", or sysctl kernel.io_uring_disabled, which cannot be read"
		}
		e.Remedy = "allow io_uring in its policy, and " + allowBySysctl
	}
}

// filtered reports that a filter answers for the kernel.
func (s *surroundings) filtered() bool { return s.enter == unix.EPERM || s.enter == unix.EACCES }

// addFilter mentions the second hurdle.
func (s *surroundings) addFilter(e *Error, filtered bool) {
	if filtered {
		e.Cause += ", and so does a seccomp filter"
		e.Remedy += "; " + allowByProfile
	}
}

// explainAbsence tells a kernel without io_uring from a filter that says so.
func (s *surroundings) explainAbsence(e *Error) {
	since66 := !s.kernel.Less(Version{6, 6})
	switch {
	case s.enter != unix.ENOSYS, s.disabled.Err == nil:
		e.Blame, e.Remedy = BlameSeccomp, allowByProfile
		e.Cause = "a seccomp filter says that this kernel has no io_uring, which it has"
	case s.seccomp.Is("0"), s.sysctls && since66:
		e.Blame, e.Remedy = BlameKernel, "run Linux 6.1 or newer, with CONFIG_IO_URING"
		e.Cause = "this kernel has no io_uring: it is older than 5.1, built without CONFIG_IO_URING, or a sandbox that lacks it"
	default:
		e.Blame, e.Remedy = BlameSeccomp, "run Linux 6.1 or newer, and "+allowByProfile
		e.Cause = "a seccomp filter says that this kernel has no io_uring, or it was built without CONFIG_IO_URING: nothing tells them apart here"
		if !s.seccomp.Is("2") {
			e.Blame = BlameUnknown
		}
	}
}
