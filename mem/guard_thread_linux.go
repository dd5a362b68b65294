//go:build memguard || race

package mem

import "golang.org/x/sys/unix"

// thread is the number of the calling thread.
func thread() int { return unix.Gettid() }
