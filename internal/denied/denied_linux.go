package denied

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Memlock limits the memory that may be locked.
func Memlock(bytes uint64) error {
	return setrlimit("RLIMIT_MEMLOCK", unix.RLIMIT_MEMLOCK, bytes)
}

// NoFile limits the descriptors, hard limit included: Go raises the soft one to it.
func NoFile(n uint64) error { return setrlimit("RLIMIT_NOFILE", unix.RLIMIT_NOFILE, n) }

func setrlimit(name string, resource int, n uint64) error {
	if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: n, Max: n}); err != nil {
		return fmt.Errorf("setrlimit %s: %w", name, err)
	}
	return nil
}

// nobody is a user who owns nothing.
const nobody = 65534

// Root takes the calling thread's privileges, if it has any.
func Root() error {
	if os.Geteuid() != 0 {
		return nil
	}
	// By hand: package syscall would change all threads.
	for _, call := range []uintptr{unix.SYS_SETRESGID, unix.SYS_SETRESUID} {
		if _, _, errno := unix.RawSyscall(call, nobody, nobody, nobody); errno != 0 {
			return fmt.Errorf("give up root: %w", errno)
		}
	}
	return nil
}

// NoProc leaves the calling thread without /proc.
func NoProc() error {
	if err := ownMounts(); err != nil {
		return err
	}
	// What is mounted below it goes, too.
	if err := unix.Unmount("/proc", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount /proc: %w", err)
	}
	return nil
}

// ReadOnlyRoot leaves the calling thread with a root that nobody writes to.
func ReadOnlyRoot() error {
	if err := ownMounts(); err != nil {
		return err
	}
	if err := unix.Mount("", "/", "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
		return fmt.Errorf("make the root read-only: %w", err)
	}
	return nil
}

// ownMounts gives the calling thread mounts of its own, so that the machine's stay as they are.
func ownMounts() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("mounts of one's own: %w", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts of one's own: %w", err)
	}
	return nil
}

// Memory puts another process into a new control group that has so many bytes. leave removes the group, once
// that process and its children have ended.
func Memory(pid int, bytes uint64) (leave func(), err error) {
	name := fmt.Sprintf("ringwire-%d", pid)
	for _, g := range []struct{ root, file string }{
		{"/sys/fs/cgroup", "memory.max"},
		{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
	} {
		dir := filepath.Join(g.root, name)
		if err = os.Mkdir(dir, 0o755); err != nil {
			continue
		}
		if err = put(filepath.Join(dir, g.file), strconv.FormatUint(bytes, 10)); err == nil {
			err = put(filepath.Join(dir, "cgroup.procs"), strconv.Itoa(pid))
		}
		if err == nil {
			return func() { _ = os.Remove(dir) }, nil
		}
		_ = os.Remove(dir)
	}
	return nil, fmt.Errorf("no control group for memory: %w", err)
}

// put writes to a file that is there: where no control group is mounted, none must be made.
func put(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	return errors.Join(err, f.Close())
}

// Program is a program to become once everything is taken, even the way to its file.
type Program struct {
	fd   int
	name string
}

// Open looks a program up.
func Open(name string) (*Program, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	return &Program{fd, name}, nil
}

// Exec becomes the program, from the calling thread. It returns only if that failed.
func (p *Program) Exec(args ...string) error {
	argv, err := pointers(append([]string{p.name}, args...))
	if err != nil {
		return err
	}
	envp, err := pointers(os.Environ())
	if err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	empty := [1]byte{}
	_, _, errno := unix.Syscall6(unix.SYS_EXECVEAT, uintptr(p.fd), uintptr(unsafe.Pointer(&empty[0])),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&envp[0])), unix.AT_EMPTY_PATH, 0)
	return fmt.Errorf("exec %s: %w", p.name, errno)
}

// pointers are strings as execve(2) wants them.
func pointers(list []string) ([]*byte, error) {
	out := make([]*byte, 0, len(list)+1)
	for _, s := range list {
		p, err := unix.BytePtrFromString(s)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return append(out, nil), nil
}
