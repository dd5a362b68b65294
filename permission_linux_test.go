package ringwire

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Who may not listen somewhere is told so, and where.
func TestNoPermission(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		dir := filepath.Join(t.TempDir(), "closed")
		if err := os.Mkdir(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		addrs := map[string]string{"unix:" + filepath.Join(dir, "sock"): dir}
		if text, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); err == nil && strings.TrimSpace(string(text)) == "1024" {
			addrs["127.0.0.1:1"] = "CAP_NET_BIND_SERVICE"
		}
		for addr, says := range addrs {
			s := &Server{Addr: addr, Handler: HandlerFunc(hello), Config: testConfig(driver)}
			var err error
			asNobody(t, func() { err = s.ListenAndServe() })
			if !errors.Is(err, syscall.EACCES) || !strings.Contains(err.Error(), says) {
				t.Errorf("listening on %s: %v, want EACCES and %q", addr, err, says)
			}
		}
	})
}

// asNobody runs f on a thread that has no privileges, for as long as f takes.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	done := make(chan error)
	go func() {
		// By hand: syscall.Setresuid changes all threads. The thread ends with the
		// goroutine, which stays locked to it.
		runtime.LockOSThread()
		const keep = ^uintptr(0)
		if _, _, errno := unix.RawSyscall(unix.SYS_SETRESUID, keep, 65534, keep); errno != 0 {
			done <- errno
			return
		}
		f()
		done <- nil
	}()
	if err := <-done; err != nil {
		t.Skipf("cannot drop privileges: %v", err)
	}
}
