package tls

import (
	"errors"
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Where the kernel lists the module, the probe must find it; where it does not, after the probe
// has had it loaded if it can be, there is none.
func TestKernelTLS(t *testing.T) {
	tx, rx, rekey := kTLS()
	t.Logf("sending %+v, receiving %+v, key update %+v", tx, rx, rekey)
	ulps, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_ulp")
	if err != nil {
		t.Skip(err)
	}
	listed := strings.Contains(string(ulps), "tls")
	if listed != tx.has || listed != rx.has {
		t.Errorf("the kernel lists %q, the probe says %+v and %+v", ulps, tx, rx)
	}
	if !tx.has && (tx.why == "" || rx.why == "" || rekey.why == "") {
		t.Errorf("absent without a reason: %+v, %+v, %+v", tx, rx, rekey)
	}
}

func TestKernelTLSLeavesNothing(t *testing.T) {
	fd, done, err := loopbackPair()
	if err != nil {
		t.Skip(err)
	}
	if _, err := unix.Getpeername(fd); err != nil {
		t.Errorf("the socket is not connected: %v", err)
	}
	done()
	if _, err := unix.Getpeername(fd); !errors.Is(err, unix.EBADF) {
		t.Errorf("the socket is still open: %v", err)
	}
}

func TestRekeyByVersion(t *testing.T) {
	for release, want := range map[string]probeVerdict{
		"6.13.12":          {false, "Linux 6.13 is older than 6.14, by version, not tested"},
		"6.14.0-rc1":       {true, "Linux 6.14 is 6.14 or newer, by version, not tested"},
		"7.2.13+deb-cloud": {true, "Linux 7.2 is 6.14 or newer, by version, not tested"},
		"5.20":             {false, "Linux 5.20 is older than 6.14, by version, not tested"},
		"unknown":          {false, "the kernel's version is not known: unknown"},
	} {
		if got := rekeyByVersion(release); got != want {
			t.Errorf("%s: %+v, want %+v", release, got, want)
		}
	}
	if kernelRelease() == "" {
		t.Error("this kernel's release is empty")
	}
}

func TestExplainULP(t *testing.T) {
	if why := explainULP(unix.ENOENT); !strings.Contains(why, "modprobe tls") {
		t.Errorf("no remedy: %s", why)
	}
	if why := explainULP(unix.EPERM); strings.Contains(why, "module") {
		t.Errorf("a wrong remedy: %s", why)
	}
}
