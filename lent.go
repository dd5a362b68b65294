package ringwire

import "github.com/ringwire/ringwire/mem"

// lent is the memory of an exchange that its handler sees and that is no lease: the body of a
// small response. It is used for the next request without having been given back in between.
// In a checking build it is leased, so that a slice that was kept faults.
type lent struct{ lease mem.Lease }

// bytes returns an empty slice with room for n bytes, valid until the exchange is reset. On
// the loop, once.
func (l *lent) bytes(from *mem.Account, n int) []byte {
	if !mem.Checking || from == nil {
		return make([]byte, 0, n)
	}
	l.lease = from.Lease(n)
	return l.lease.Bytes()[:0:n]
}

// end gives it back. On the loop.
func (l *lent) end() {
	if l.lease.Valid() {
		l.lease.Release()
		l.lease = mem.Lease{}
	}
}
