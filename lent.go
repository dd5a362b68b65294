package ringwire

import (
	"sync"

	"github.com/ringwire/ringwire/mem"
)

// lent is the memory of an exchange that its handler sees and that is no lease: the
// body of a small response. It is used for the next request without having been given back in
// between. In a checking build it is leased, so that a slice that was kept faults.
type lent struct {
	mu     sync.Mutex // a worker and its loop may both want some
	leases []mem.Lease
}

// bytes returns an empty slice with room for n bytes, valid until the exchange is reset.
func (l *lent) bytes(svc *service, n int) []byte {
	if !mem.Checking || svc.srv == nil {
		return make([]byte, 0, n)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	lease := svc.srv.shared.Lease(n)
	l.leases = append(l.leases, lease)
	return lease.Bytes()[:0:n]
}

// end gives all of it back.
func (l *lent) end() {
	for _, lease := range l.leases {
		lease.Release()
	}
	l.leases = nil
}
