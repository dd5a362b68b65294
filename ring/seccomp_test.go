//go:build linux

package ring

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/denied"
	"github.com/ringwire/ringwire/internal/host"
)

// childEnv makes the test binary run as a child of a test: see runChild.
const childEnv = "RING_TEST_CHILD"

// refusals are filters, by the name that a child is given.
var refusals = map[string]struct {
	errno syscall.Errno
	calls []uintptr
	says  []string
}{
	"all EPERM":       {unix.EPERM, []uintptr{unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER}, []string{"ring: io_uring_setup", "a seccomp filter forbids io_uring,"}},
	"all ENOSYS":      {unix.ENOSYS, []uintptr{unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER}, []string{"ring: io_uring_setup", "a seccomp filter says"}},
	"setup EPERM":     {unix.EPERM, []uintptr{unix.SYS_IO_URING_SETUP}, []string{"ring: io_uring_setup", "a seccomp filter forbids io_uring_setup alone"}},
	"setup ENOSYS":    {unix.ENOSYS, []uintptr{unix.SYS_IO_URING_SETUP}, []string{"ring: io_uring_setup", "which it has"}},
	"enter EPERM":     {unix.EPERM, []uintptr{unix.SYS_IO_URING_ENTER}, []string{"ring: io_uring_enter", "a seccomp filter forbids io_uring,"}},
	"enter ENOSYS":    {unix.ENOSYS, []uintptr{unix.SYS_IO_URING_ENTER}, []string{"ring: io_uring_enter", "a seccomp filter says"}},
	"register EPERM":  {unix.EPERM, []uintptr{unix.SYS_IO_URING_REGISTER}, []string{"ring: io_uring_register", "a seccomp filter forbids io_uring_register alone"}},
	"register ENOSYS": {unix.ENOSYS, []uintptr{unix.SYS_IO_URING_REGISTER}, []string{"ring: io_uring_register", "which it has"}},
}

// runChild is the child's whole life: it forbids itself calls with the errno that its name says, prints what
// Available says, and exits. Other children have names of their own.
func runChild(name string) {
	if missing, ok := strings.CutPrefix(name, "without "); ok {
		restrictedChild(missing)
	}
	if name == "memlock" {
		memlockChild()
		os.Exit(0)
	}
	r := refusals[name]
	if err := denied.Calls(r.errno, r.calls...); err != nil {
		fmt.Println("skip:", err)
		os.Exit(0)
	}
	err := Available()
	var e *Error
	if !errors.As(err, &e) {
		fmt.Printf("available: %v\n", err)
		os.Exit(0)
	}
	fmt.Printf("kind=%d blame=%d errno=%v unsupported=%v\n%v\n", e.Kind, e.Blame, errors.Is(err, r.errno), errors.Is(err, errors.ErrUnsupported), err)
	os.Exit(0)
}

// child runs a child and returns what it printed. It skips the test when the child says so.
func child(t *testing.T, name string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+name)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
	if why, skip := strings.CutPrefix(string(out), "skip:"); skip {
		t.Skip(why)
	}
	return string(out)
}

// Refused by a filter, Available names it and what to do, whichever of the calls it refuses, and whichever
// errno it answers with.
func TestSeccomp(t *testing.T) {
	if f := host.Here.Read("/proc/sys/kernel/io_uring_disabled"); f.Is("2") || Available() != nil {
		t.Skipf("io_uring is refused without a filter: %v", Available())
	}
	for name, r := range refusals {
		t.Run(name, func(t *testing.T) {
			out := child(t, name)
			kind := Forbidden
			if r.errno == unix.ENOSYS {
				kind = Unsupported
			}
			want := fmt.Sprintf("kind=%d blame=%d errno=true unsupported=%v", kind, BlameSeccomp, kind == Unsupported)
			for _, w := range append(r.says, want, "io_uring_setup, io_uring_enter and io_uring_register") {
				if !strings.Contains(out, w) {
					t.Errorf("no %q in\n%s", w, out)
				}
			}
		})
	}
}
