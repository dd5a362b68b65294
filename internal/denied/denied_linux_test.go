package denied

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/host"
)

// The test binary plays who is denied something, and the program that is run then.
const (
	roleEnv   = "RINGWIRE_DENIED_ROLE"
	deniedEnv = "RINGWIRE_DENIED_WHAT"
)

func TestMain(m *testing.M) {
	switch os.Getenv(roleEnv) {
	case "group":
		group()
	case "enter":
		runtime.LockOSThread()
		self, err := Open(os.Args[0])
		if err == nil {
			err = denials[os.Getenv(deniedEnv)].enter()
		}
		if err == nil {
			_ = os.Setenv(roleEnv, "look")
			err = self.Exec()
		}
		fmt.Println("skip:", err)
		os.Exit(0)
	case "look":
		if err := denials[os.Getenv(deniedEnv)].look(); err != nil {
			fmt.Println("bad:", err)
		} else {
			fmt.Println("good")
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// denials are what can be taken, and how the program sees that it is gone, and nothing else is.
var denials = map[string]struct{ enter, look func() error }{
	"io_uring": {func() error { return IOUring(unix.ENOSYS) }, func() error {
		return errors.Join(want(unix.SYS_IO_URING_SETUP, unix.ENOSYS), want(unix.SYS_IO_URING_ENTER, unix.ENOSYS),
			want(unix.SYS_IO_URING_REGISTER, unix.ENOSYS), want(unix.SYS_GETPID, 0))
	}},
	"call": {func() error { return Calls(unix.EPERM, unix.SYS_GETPPID) }, func() error {
		return errors.Join(want(unix.SYS_GETPPID, unix.EPERM), want(unix.SYS_GETPID, 0))
	}},
	"register": {func() error {
		if err := want(unix.SYS_IO_URING_REGISTER, unix.EBADF, ^uintptr(1), 12); err != nil {
			return fmt.Errorf("io_uring is denied already: %w", err)
		}
		return Register(11, unix.EACCES)
	}, func() error {
		return errors.Join(want(unix.SYS_IO_URING_REGISTER, unix.EACCES, ^uintptr(1), 11),
			want(unix.SYS_IO_URING_REGISTER, unix.EBADF, ^uintptr(1), 12))
	}},
	"all but": {allButWhatStartsGo, func() error { return want(unix.SYS_GETPPID, unix.EPERM) }},
	"memlock": {func() error { return Memlock(64 << 10) }, func() error { return limited(unix.RLIMIT_MEMLOCK, 64<<10) }},
	"nofile":  {func() error { return NoFile(20) }, func() error { return limited(unix.RLIMIT_NOFILE, 20) }},
	"root": {Root, func() error {
		if os.Geteuid() == 0 || os.Getegid() == 0 {
			return errors.New("still root")
		}
		return nil
	}},
	"proc": {NoProc, func() error {
		if _, err := os.Stat("/proc/self"); err == nil {
			return errors.New("/proc is there")
		}
		return nil
	}},
	"writing": {ReadOnlyRoot, func() error {
		if f, err := os.CreateTemp("/", "ringwire-"); !errors.Is(err, unix.EROFS) {
			_ = f.Close()
			return fmt.Errorf("made a file: %v", err)
		}
		return nil
	}},
}

// allButWhatStartsGo refuses getppid in the other way round.
func allButWhatStartsGo() error {
	var numbers []uintptr
	for nr := range uintptr(600) {
		if nr != unix.SYS_GETPPID {
			numbers = append(numbers, nr)
		}
	}
	return AllBut(unix.EPERM, numbers...)
}

// want makes a system call that should fail so.
func want(nr uintptr, errno syscall.Errno, args ...uintptr) error {
	args = append(args, 0, 0)
	if _, _, got := unix.Syscall(nr, args[0], args[1], 0); got != errno {
		return fmt.Errorf("call %d: %v, want %v", nr, got, errno)
	}
	return nil
}

func limited(resource int, n uint64) error {
	var lim unix.Rlimit
	if err := unix.Getrlimit(resource, &lim); err != nil || lim.Cur != n || lim.Max != n {
		return fmt.Errorf("the limit is %+v, %v", lim, err)
	}
	return nil
}

// What was taken is taken from the program that is run afterwards.
func TestDenials(t *testing.T) {
	for name := range denials {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), roleEnv+"=enter", deniedEnv+"="+name)
			out, err := cmd.CombinedOutput()
			text := strings.TrimSpace(string(out))
			if why, skip := strings.CutPrefix(text, "skip: "); skip && err == nil {
				t.Skip(why)
			}
			lines := strings.Split(text, "\n") // the race detector may have complained about what it cannot read
			if err != nil || lines[len(lines)-1] != "good" {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// A process in a group of its own finds the limit there, and the group goes when it has ended.
func TestMemory(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"=group")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	leave, err := Memory(cmd.Process.Pid, 64<<20)
	_ = stdin.Close() // it looks now
	if werr := cmd.Wait(); werr != nil {
		t.Error(werr)
	}
	if err != nil {
		t.Skip(err)
	}
	leave()
	if _, dir, _ := strings.Cut(out.String(), " "); !strings.HasPrefix(out.String(), "67108864 ") {
		t.Errorf("the child found %q", out.String())
	} else if _, err := os.Stat(strings.TrimSpace(dir)); err == nil {
		t.Errorf("%s was left behind", dir)
	}
}

// group is TestMemory's child.
func group() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	c := host.Here.Cgroup()
	fmt.Println(c.Memory, filepath.Dir(c.MemoryFrom.Source))
	os.Exit(0)
}
