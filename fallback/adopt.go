package fallback

import (
	"errors"
	"fmt"
	"net"
	"time"
)

// Adopt takes over nc, which is connected already. Any net.Conn will do. On the loop.
func (l *Loop) Adopt(nc net.Conn) (id uint32, err error) {
	if nc == nil {
		return 0, fmt.Errorf("fallback: adopt: no connection: %w", errors.ErrUnsupported)
	}
	if l.ev == nil || l.dying {
		return 0, fmt.Errorf("fallback: adopt: the loop does not run: %w", net.ErrClosed)
	}
	// A deadline of the time before would end our waiting. Not every net.Conn has them.
	if err := nc.SetDeadline(time.Time{}); errors.Is(err, net.ErrClosed) {
		return 0, fmt.Errorf("fallback: adopt: %w", err)
	}
	id = l.begin(nc)
	l.note(didAdopt, l.conns[id], 0, 0, nil)
	return id, nil
}
