package conn

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// descriptors counts the open ones.
func descriptors(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

// limitDescriptors lets only few more be opened for the rest of the test.
func limitDescriptors(t *testing.T, more int) {
	t.Helper()
	// The limit is on the numbers; fill the holes below it first.
	f, err := os.Open("/dev/null")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Skip(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: uint64(int(f.Fd()) + 1 + more), Max: old.Max}); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &old) })
}

// TestListenOutOfDescriptors: what was opened before they ran out is closed again.
func TestListenOutOfDescriptors(t *testing.T) {
	warm, err := net.Listen("tcp", "127.0.0.1:0") // the poller has descriptors of its own
	if err != nil {
		t.Fatal(err)
	}
	_ = warm.Close()
	before := descriptors(t)
	for _, network := range []string{"tcp", "unix"} {
		address := "127.0.0.1:0"
		if network == "unix" {
			address = filepath.Join(socketDir(t), "s")
		}
		for more := range 10 {
			t.Run("", func(t *testing.T) {
				limitDescriptors(t, more)
				lns, err := Listen(context.Background(), network, address, 8)
				closeAtEnd(t, lns)
				wantError(t, err, syscall.EMFILE)
			})
			if n := descriptors(t); n != before {
				t.Errorf("%s: %d descriptors are open after the error, %d before", network, n, before)
			}
		}
	}
}

// TestListenForbidden: a port below 1024, and no right to it. Only the superuser has rights to
// give up; for others it is as it is.
func TestListenForbidden(t *testing.T) {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlock: the thread ends with the goroutine
		hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var none [2]unix.CapUserData
		if err := unix.Capset(&hdr, &none[0]); err != nil {
			done <- nil
			return
		}
		lns, err := Listen(context.Background(), "tcp", "127.0.0.1:81", 2)
		for _, ln := range lns {
			_ = ln.Close()
		}
		done <- err
	}()
	err := <-done
	if err == nil {
		t.Skip("ports below 1024 are free for all here (net.ipv4.ip_unprivileged_port_start)")
	}
	wantError(t, err, syscall.EACCES, "127.0.0.1:81", "CAP_NET_BIND_SERVICE")
}
