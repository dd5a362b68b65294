//go:build !linux

package conn

import "syscall"

var reusePort func(network, address string, raw syscall.RawConn) error
