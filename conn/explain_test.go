package conn

import (
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
)

// TestExplainListen has the errors that are hard to come by.
func TestExplainListen(t *testing.T) {
	for _, c := range []struct {
		err    error
		remedy string
	}{
		{syscall.EACCES, "CAP_NET_BIND_SERVICE"},
		{syscall.EMFILE, "ulimit -n"},
		{syscall.ENFILE, "ulimit -n"},
		{syscall.EADDRINUSE, "choose another port"},
	} {
		cause := &net.OpError{Op: "listen", Err: os.NewSyscallError("bind", c.err)}
		wantError(t, explainListen(":80", cause), c.err, `listen on ":80"`, c.remedy)
	}
	if text := explainListen(":80", syscall.EINVAL).Error(); strings.Contains(text, "(") {
		t.Errorf("an error without a remedy has one: %s", text)
	}
}

// TestExplainDial has them, too; TestPortsUsedUp of the root comes by one.
func TestExplainDial(t *testing.T) {
	for _, c := range []struct {
		err    error
		remedy string
	}{
		{syscall.EADDRNOTAVAIL, "ip_local_port_range"},
		{syscall.EMFILE, "ulimit -n"},
		{syscall.ENFILE, "ulimit -n"},
	} {
		cause := &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", c.err)}
		wantError(t, explainDial(cause), c.err, "conn: dial", c.remedy)
	}
	if text := explainDial(syscall.ECONNREFUSED).Error(); strings.Contains(text, "(") {
		t.Errorf("an error without a remedy has one: %s", text)
	}
}
