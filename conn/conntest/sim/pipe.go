package sim

import (
	"io"
	"syscall"
)

// pipe is one direction of a connection.
type pipe struct {
	limit int
	data  []byte
	fin   bool // nothing follows data
	gone  bool // nobody will read: writing gives EPIPE
	reset bool // broken
}

// room is how many bytes can be written now.
func (p *pipe) room() int { return max(0, p.limit-len(p.data)) }

// write takes what there is room for.
func (p *pipe) write(b []byte) (int, error) {
	switch {
	case p.reset:
		return 0, syscall.ECONNRESET
	case p.gone || p.fin:
		return 0, syscall.EPIPE
	}
	n := min(len(b), p.room())
	p.data = append(p.data, b[:n]...)
	return n, nil
}

// read takes what there is; 0 and no error means to come again.
func (p *pipe) read(b []byte) (int, error) {
	n := copy(b, p.data)
	p.data = p.data[n:]
	switch {
	case n > 0 || len(b) == 0:
		return n, nil
	case p.reset:
		return 0, syscall.ECONNRESET
	case p.fin:
		return 0, io.EOF
	}
	return 0, nil
}

// readable tells whether read would bring something, be it an error.
func (p *pipe) readable() bool { return len(p.data) > 0 || p.fin || p.reset }
