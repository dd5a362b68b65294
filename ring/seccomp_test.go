//go:build linux

package ring

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// childEnv makes the test binary run as a child of a test: see runChild.
const childEnv = "RING_TEST_CHILD"

// runChild is the child's whole life: it forbids itself io_uring with the errno
// that the environment names, prints what Available says, and exits.
func runChild(name string) {
	errno := map[string]syscall.Errno{"EPERM": unix.EPERM, "ENOSYS": unix.ENOSYS}[name]
	if err := forbid(errno); err != nil {
		fmt.Println("skip:", err)
		os.Exit(0)
	}
	err := Available()
	var e *Error
	if !errors.As(err, &e) {
		fmt.Printf("available: %v\n", err)
		os.Exit(0)
	}
	fmt.Printf("kind=%d errno=%v unsupported=%v\n%v\n", e.Kind, errors.Is(err, errno), errors.Is(err, errors.ErrUnsupported), err)
	os.Exit(0)
}

// forbid installs a seccomp filter on every thread of this process that lets
// io_uring_setup fail with errno.
func forbid(errno syscall.Errno) error {
	const nr = 0 // offsetof(struct seccomp_data, nr)
	prog := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: nr},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, K: unix.SYS_IO_URING_SETUP, Jt: 0, Jf: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	fprog := unix.SockFprog{Len: uint16(len(prog)), Filter: &prog[0]}
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&fprog)))
	runtime.KeepAlive(prog)
	if e != 0 {
		return fmt.Errorf("seccomp: %w", e)
	}
	return nil
}

// Refused by a filter, Available names it and what to do, whichever errno the
// filter answers with.
func TestSeccomp(t *testing.T) {
	for name, want := range map[string][]string{
		"EPERM":  {fmt.Sprintf("kind=%d errno=true unsupported=false", Forbidden), "seccomp", "io_uring_setup, io_uring_enter and io_uring_register"},
		"ENOSYS": {fmt.Sprintf("kind=%d errno=true unsupported=true", Unsupported), "seccomp", "CONFIG_IO_URING"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "EPERM" && readTrimmed("/proc/sys/kernel/io_uring_disabled") == "2" {
				want = append(want[:1:1], "io_uring_disabled=2") // which has the first word
			}
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"="+name)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("child: %v\n%s", err, out)
			}
			if why, skip := strings.CutPrefix(string(out), "skip:"); skip {
				t.Skip(why)
			}
			for _, w := range want {
				if !strings.Contains(string(out), w) {
					t.Errorf("no %q in\n%s", w, out)
				}
			}
		})
	}
}
