//go:build unix && (!linux || 386 || s390x || race)

package fallback

import "syscall"

// The race detector learns from syscall.Read and Write that what happened before a write
// happened before the read that brings it, so checking builds take this file.

// read receives from a non-blocking socket.
func read(fd int, p []byte) (int, error) {
	for {
		n, err := syscall.Read(fd, p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// joinLimit is the size in bytes up to which several buffers are copied together to save
// system calls.
const joinLimit = 16 << 10

// gather is a loop's scratch for writing several buffers by one call.
type gather struct {
	joined []byte
}

// write writes bufs to a non-blocking descriptor.
func (g *gather) write(fd int, bufs [][]byte) (int, error) {
	done := 0
	for len(bufs) > 0 {
		b, k := g.join(bufs)
		bufs = bufs[k:]
		if len(b) == 0 {
			continue
		}
		n, err := writeOne(fd, b)
		done += max(n, 0)
		if err != nil || n < len(b) {
			return done, err
		}
	}
	return done, nil
}

// join returns the first bytes of bufs as one slice, and how many buffers they are.
func (g *gather) join(bufs [][]byte) (b []byte, k int) {
	if len(bufs) == 1 || len(bufs[0])+len(bufs[1]) > joinLimit {
		return bufs[0], 1
	}
	g.joined = g.joined[:0]
	for _, b := range bufs {
		if len(g.joined)+len(b) > joinLimit {
			break
		}
		g.joined = append(g.joined, b...)
		k++
	}
	return g.joined, k
}

func writeOne(fd int, b []byte) (int, error) {
	for {
		n, err := syscall.Write(fd, b)
		if err != syscall.EINTR {
			return n, err
		}
	}
}
