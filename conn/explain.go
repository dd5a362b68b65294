package conn

import (
	"errors"
	"fmt"
	"syscall"
)

// noDescriptors is the remedy for EMFILE.
const noDescriptors = "no file descriptors left: raise ulimit -n"

// explainListen adds the remedy to the errors that people meet.
func explainListen(address string, err error) error {
	remedy := ""
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		remedy = "another process listens there: stop it or choose another port"
	case errors.Is(err, syscall.EACCES):
		remedy = "ports below 1024 need CAP_NET_BIND_SERVICE or the sysctl net.ipv4.ip_unprivileged_port_start"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = "no interface of this machine has that address"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		remedy = noDescriptors
	default:
		return fmt.Errorf("conn: listen on %q: %w", address, err)
	}
	return fmt.Errorf("conn: listen on %q: %w (%s)", address, err, remedy)
}

// explainDial adds the remedy to the errors that need one: what net says names the address.
func explainDial(err error) error {
	remedy := ""
	switch {
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		remedy = "no local port is free for that address: keep connections instead of making new ones, or widen " +
			"the range of ports, on Linux the sysctl net.ipv4.ip_local_port_range"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		remedy = noDescriptors
	default:
		return fmt.Errorf("conn: %w", err)
	}
	return fmt.Errorf("conn: %w (%s)", err, remedy)
}
