package conn

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
)

// Listen opens n listeners for one address, one for each loop. Where the system
// spreads connections over sockets that share a port (SO_REUSEPORT on Linux)
// each loop gets a socket of its own; elsewhere, and for unix sockets, all share one.
//
// The first socket is bound without sharing, so that an address in use is an error
// even if the other user shares it.
func Listen(ctx context.Context, network, address string, n int) ([]net.Listener, error) {
	lc := net.ListenConfig{KeepAlive: noKeepAlive}
	first, err := lc.Listen(ctx, network, address)
	if err != nil {
		return nil, explainListen(address, err)
	}
	if n <= 1 {
		return []net.Listener{first}, nil
	}
	lns, err := listenMore(ctx, network, first, n)
	if err == nil {
		return lns, nil
	}
	for _, ln := range lns[1:] {
		_ = ln.Close()
	}
	if lns, err = ShareListener(first, n); err != nil {
		_ = first.Close()
	}
	return lns, err
}

// noKeepAlive spares every accepted connection the calls that would set TCP keep-alive:
// the loops close idle and stuck connections themselves, and sooner.
const noKeepAlive = -1

// listenMore opens n-1 further sockets on first's port. What was opened is returned with the error.
func listenMore(ctx context.Context, network string, first net.Listener, n int) ([]net.Listener, error) {
	lns := []net.Listener{first}
	tcp, ok := first.(*net.TCPListener)
	if !ok || reusePort == nil {
		return lns, errors.ErrUnsupported
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return lns, err
	}
	if err := reusePort("", "", raw); err != nil {
		return lns, err
	}
	lc := net.ListenConfig{Control: reusePort, KeepAlive: noKeepAlive}
	addr := tcp.Addr().(*net.TCPAddr)
	for len(lns) < n {
		ln, err := lc.Listen(ctx, tcpNetwork(network, addr), addr.String())
		if err != nil {
			return lns, err
		}
		lns = append(lns, ln)
	}
	return lns, nil
}

// tcpNetwork keeps an IPv4 wildcard from becoming a dual-stack one when it is bound again.
func tcpNetwork(network string, addr *net.TCPAddr) string {
	if addr.IP.To4() != nil {
		return "tcp4"
	}
	return network
}

// ShareListener returns n listeners that accept from ln's queue. Each is closed by
// itself; a unix socket's file goes with the first.
func ShareListener(ln net.Listener, n int) ([]net.Listener, error) {
	lns := []net.Listener{ln}
	for len(lns) < n {
		dup, err := dupListener(ln)
		if err != nil {
			for _, ln := range lns[1:] {
				_ = ln.Close()
			}
			return nil, fmt.Errorf("conn: share listener %v between %d loops: %w; use one loop", ln.Addr(), n, err)
		}
		lns = append(lns, dup)
	}
	return lns, nil
}

func dupListener(ln net.Listener) (net.Listener, error) {
	filer, ok := ln.(interface{ File() (*os.File, error) })
	if !ok {
		return nil, fmt.Errorf("%T has no file descriptor: %w", ln, errors.ErrUnsupported)
	}
	f, err := filer.File()
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dup, err := net.FileListener(f)
	if u, ok := dup.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	return dup, err
}
