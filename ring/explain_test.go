//go:build linux

package ring

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/host"
)

// missing is a file that is not there.
var missing = host.Fact{Source: "/proc/sys/kernel/io_uring_disabled", Err: fs.ErrNotExist}

func answer(v string) host.Fact { return host.Fact{Value: v, Source: "/file"} }

// Who is blamed follows from what was seen, whichever errno a filter answers with.
func TestExplain(t *testing.T) {
	const filtered, kernels = unix.EPERM, unix.EBADF
	old, recent := Version{6, 1}, Version{6, 12}
	for name, c := range map[string]struct {
		errno         syscall.Errno
		seen          surroundings
		blame         Blame
		cause, remedy string
	}{
		"sysctl 2":          {unix.EPERM, surroundings{kernels, answer("2"), true, true, answer("0"), recent}, BlameSysctl, "io_uring_disabled=2", "sysctl -w"},
		"sysctl 2, filter":  {unix.EPERM, surroundings{filtered, answer("2"), true, true, answer("2"), recent}, BlameSysctl, "so does a seccomp filter", "profile"},
		"sysctl 1":          {unix.EPERM, surroundings{kernels, answer("1"), true, false, answer("0"), recent}, BlameSysctl, "io_uring_disabled=1", "io_uring_group"},
		"sysctl 1, exempt":  {unix.EPERM, surroundings{filtered, answer("1"), true, true, answer("2"), recent}, BlameSeccomp, "a seccomp filter forbids io_uring,", "docker"},
		"filter":            {unix.EPERM, surroundings{filtered, answer("0"), true, false, answer("2"), recent}, BlameSeccomp, "a seccomp filter forbids io_uring,", "io_uring_setup"},
		"filter, EACCES":    {unix.EACCES, surroundings{unix.EACCES, missing, true, false, answer("2"), old}, BlameSeccomp, "a seccomp filter forbids io_uring,", "io_uring_setup"},
		"filter, no /proc":  {unix.EPERM, surroundings{filtered, missing, false, false, answer("2"), recent}, BlameSeccomp, "a seccomp filter forbids io_uring,", "io_uring_setup"},
		"filter of one":     {unix.EPERM, surroundings{kernels, answer("0"), true, true, answer("2"), recent}, BlameSeccomp, "io_uring_setup alone", "profile"},
		"policy":            {unix.EACCES, surroundings{kernels, answer("0"), true, false, answer("0"), recent}, BlamePolicy, "SELinux", "policy"},
		"policy, no /proc":  {unix.EPERM, surroundings{kernels, missing, false, false, answer("0"), recent}, BlamePolicy, "cannot be read", "policy"},
		"ENOSYS, sysctl":    {unix.ENOSYS, surroundings{unix.ENOSYS, answer("0"), true, false, answer("2"), recent}, BlameSeccomp, "which it has", "profile"},
		"ENOSYS of one":     {unix.ENOSYS, surroundings{kernels, missing, false, false, answer("2"), old}, BlameSeccomp, "which it has", "profile"},
		"ENOSYS, no filter": {unix.ENOSYS, surroundings{unix.ENOSYS, missing, true, false, answer("0"), old}, BlameKernel, "CONFIG_IO_URING", "6.1"},
		"ENOSYS, no sysctl": {unix.ENOSYS, surroundings{unix.ENOSYS, missing, true, false, answer("2"), recent}, BlameKernel, "CONFIG_IO_URING", "6.1"},
		"ENOSYS, old":       {unix.ENOSYS, surroundings{unix.ENOSYS, missing, true, false, answer("2"), old}, BlameSeccomp, "nothing tells them apart", "profile"},
		"ENOSYS, unknown":   {unix.ENOSYS, surroundings{unix.ENOSYS, missing, false, false, missing, recent}, BlameUnknown, "nothing tells them apart", "profile"},
	} {
		e := &Error{Kind: Failed, Op: "io_uring_setup", Seen: said("io_uring_setup", c.errno)}
		c.seen.explain(e, c.errno)
		kind := Forbidden
		if c.errno == unix.ENOSYS {
			kind = Unsupported
		}
		if e.Kind != kind || e.Blame != c.blame || !strings.Contains(e.Cause, c.cause) || !strings.Contains(e.Remedy, c.remedy) {
			t.Errorf("%s: kind %d, blame %d: %q, %q", name, e.Kind, e.Blame, e.Cause, e.Remedy)
		}
		for _, want := range []string{"io_uring_setup(2): E", "io_uring_enter(2): E", c.seen.disabled.String(), c.seen.seccomp.String()} {
			if !strings.Contains(e.Seen, want) {
				t.Errorf("%s: %q does not tell %q", name, e.Seen, want)
			}
		}
	}
}

// Every errno that setup answers with comes with a cause, a remedy, a kind, and who is to blame.
func TestSetupError(t *testing.T) {
	for errno, kind := range map[syscall.Errno]Kind{
		unix.EPERM: Forbidden, unix.EACCES: Forbidden, unix.ENOSYS: Unsupported, unix.ENOMEM: Exhausted,
		unix.EMFILE: Exhausted, unix.ENFILE: Exhausted, unix.EINVAL: Unsupported,
	} {
		e := setupError(errno)
		if e.Kind != kind || e.Cause == "" || e.Remedy == "" || e.Blame == BlameUnknown || !errors.Is(e, errno) ||
			!strings.HasPrefix(e.Seen, "io_uring_setup(2): "+unix.ErrnoName(errno)) {
			t.Errorf("%v: %+v", errno, e)
		}
	}
	if e := setupError(unix.EIO); e.Kind != Failed || !errors.Is(e, unix.EIO) {
		t.Errorf("EIO: %+v", e)
	}
}

// Only who is limited can be told to raise the limit.
func TestExplainMemory(t *testing.T) {
	locks, _ := host.Here.Capable(host.IPCLock)
	for soft, blame := range map[uint64]Blame{host.Unlimited: BlameMemory, 64 << 10: BlameMemlock} {
		if locks {
			blame = BlameMemory
		}
		var e Error
		explainMemory(&e, host.Limit{Soft: soft, Hard: soft, Source: "getrlimit(RLIMIT_MEMLOCK)"})
		if e.Blame != blame || (e.Blame == BlameMemlock) != strings.Contains(e.Cause, "64 KiB") || !strings.Contains(e.Seen, "RLIMIT_MEMLOCK") {
			t.Errorf("limit %d: %+v", soft, e)
		}
	}
}

// The kernel says of no ring that there is none, however it is configured: what else it says is a filter's.
func TestEnterWithoutARing(t *testing.T) {
	if Available() != nil {
		t.Skip(Available())
	}
	if s := lookAround(); s.enter != unix.EBADF || s.filtered() || s.seccomp.Err != nil || s.kernel == (Version{}) {
		t.Errorf("%+v", s)
	}
}
