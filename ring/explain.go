//go:build linux

package ring

import (
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// setupError explains why io_uring_setup, or mapping the ring, failed.
func setupError(errno syscall.Errno) *Error {
	e := &Error{Kind: Failed, Op: "io_uring_setup", Err: errno}
	switch errno {
	case unix.EPERM, unix.EACCES:
		e.Kind = Forbidden
		e.Cause, e.Remedy = explainRefusal(readTrimmed("/proc/sys/kernel/io_uring_disabled"), seccompActive(), os.Geteuid() == 0)
	case unix.ENOSYS:
		e.Kind = Unsupported
		e.Cause = "this kernel has no io_uring: it is older than 5.4, built without CONFIG_IO_URING, a sandbox that lacks it, or a seccomp filter says so"
		e.Remedy = "run Linux 6.1 or newer, or allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile"
	case unix.ENOMEM:
		e.Kind = Exhausted
		e.Cause = "no memory for the ring, which this kernel may charge to RLIMIT_MEMLOCK, " + memlockText()
		e.Remedy = "raise the limit (ulimit -l, LimitMEMLOCK=), grant CAP_IPC_LOCK, or use smaller or fewer rings"
	case unix.EMFILE:
		e.Kind, e.Cause, e.Remedy = Exhausted, "this process has too many open descriptors", "raise RLIMIT_NOFILE (ulimit -n, LimitNOFILE=)"
	case unix.ENFILE:
		e.Kind, e.Cause, e.Remedy = Exhausted, "the system has too many open files", "raise sysctl fs.file-max"
	case unix.EINVAL:
		e.Kind, e.Cause, e.Remedy = Unsupported, "this kernel does not know one of the required setup flags", "run a newer kernel, or ask for less"
	}
	return e
}

// explainRefusal tells who answers EPERM: the sysctl, a seccomp filter, or a
// security module.
func explainRefusal(disabled string, seccomp, root bool) (cause, remedy string) {
	switch {
	case disabled == "2":
		return "sysctl kernel.io_uring_disabled=2 forbids io_uring to everyone",
			"sysctl -w kernel.io_uring_disabled=0"
	case disabled == "1" && !root:
		return "sysctl kernel.io_uring_disabled=1 forbids io_uring to unprivileged processes",
			"sysctl -w kernel.io_uring_disabled=0, or join the group in kernel.io_uring_group, or grant CAP_SYS_ADMIN"
	case seccomp:
		return "a seccomp filter forbids io_uring, as container runtimes do by default",
			"allow io_uring_setup, io_uring_enter and io_uring_register in the seccomp profile, e.g. docker run --security-opt seccomp=profile.json"
	}
	return "a security module (SELinux, AppArmor) or sysctl kernel.io_uring_disabled forbids io_uring",
		"allow io_uring in its policy, and sysctl -w kernel.io_uring_disabled=0"
}

// seccompActive reports whether this process runs under a seccomp filter.
func seccompActive() bool {
	for line := range strings.Lines(readTrimmed("/proc/self/status")) {
		if mode, ok := strings.CutPrefix(line, "Seccomp:"); ok {
			return strings.TrimSpace(mode) == "2"
		}
	}
	return false
}

// readTrimmed is a small file's text, empty when it cannot be read.
func readTrimmed(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// memlockText is the limit in words.
func memlockText() string {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &lim); err != nil {
		return "which cannot be read"
	}
	if lim.Cur == ^uint64(0) {
		return "which is unlimited here, so memory itself is short"
	}
	return fmt.Sprintf("%d KiB here", lim.Cur>>10)
}
