//go:build linux

package ring

import (
	"errors"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func TestExplainRefusal(t *testing.T) {
	for _, c := range []struct {
		disabled      string
		seccomp, root bool
		cause, remedy string
	}{
		{"2", true, true, "io_uring_disabled=2", "sysctl -w"},
		{"2", false, false, "io_uring_disabled=2", "sysctl -w"},
		{"1", false, false, "io_uring_disabled=1", "io_uring_group"},
		{"1", true, true, "seccomp", "docker"},
		{"0", true, false, "seccomp", "io_uring_setup"},
		{"", true, false, "seccomp", "io_uring_setup"}, // 6.1 lacks the sysctl
		{"0", false, false, "SELinux", "policy"},
	} {
		cause, remedy := explainRefusal(c.disabled, c.seccomp, c.root)
		if !strings.Contains(cause, c.cause) || !strings.Contains(remedy, c.remedy) {
			t.Errorf("%+v: %q, %q", c, cause, remedy)
		}
	}
}

// Every errno that setup answers with comes with a cause, a remedy and a kind.
func TestSetupError(t *testing.T) {
	for errno, kind := range map[syscall.Errno]Kind{
		unix.EPERM: Forbidden, unix.EACCES: Forbidden, unix.ENOSYS: Unsupported, unix.ENOMEM: Exhausted,
		unix.EMFILE: Exhausted, unix.ENFILE: Exhausted, unix.EINVAL: Unsupported,
	} {
		e := setupError(errno)
		if e.Kind != kind || e.Cause == "" || e.Remedy == "" || !errors.Is(e, errno) {
			t.Errorf("%v: %+v", errno, e)
		}
	}
	if e := setupError(unix.EIO); e.Kind != Failed || !errors.Is(e, unix.EIO) {
		t.Errorf("EIO: %+v", e)
	}
}

func TestMemlockText(t *testing.T) {
	var lim unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &lim); err != nil {
		t.Fatal(err)
	}
	if text := memlockText(); (lim.Cur == ^uint64(0)) != strings.Contains(text, "unlimited") {
		t.Errorf("limit %d: %q", lim.Cur, text)
	}
}

func TestReadTrimmed(t *testing.T) {
	if s := readTrimmed("/proc/self/comm"); s == "" || strings.HasSuffix(s, "\n") {
		t.Errorf("comm is %q", s)
	}
	if s := readTrimmed("/nonexistent"); s != "" {
		t.Errorf("a missing file is %q", s)
	}
}
