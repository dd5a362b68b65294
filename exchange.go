package ringwire

import (
	"net/netip"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/h1"
)

// exchange is one request and its response. A loop reuses its exchanges: an idle
// connection has none, and a handler that runs to its end on the loop always gets the
// same one.
type exchange struct {
	req  Request
	res  ResponseWriter
	body Body

	svc  *service
	hc   *h1Conn // nil once the connection is gone
	head h1.Head

	headLease mem.Lease // the head's copy, when it must outlive the receive buffer
	trailed   []field   // the trailers' copy, likewise
	scratch   []byte    // decoded paths and query values, for the views handed out
	lent      lent      // of what is not leased otherwise, in checking builds
	worker    *job      // the Blocking side, nil on the loop
}

func newExchange(svc *service) *exchange {
	ex := &exchange{svc: svc}
	ex.req.ex, ex.res.ex, ex.body.ex = ex, ex, ex
	ex.req.Body = &ex.body
	ex.res.out.Init(svc.alloc, bodyChunk)
	ex.res.declared = -1
	if !svc.cfg.DisablePooling {
		ex.res.small = ex.lent.bytes(svc, copyBody)
	}
	ex.body.segs.Init(svc.alloc)
	return ex
}

// keepHead copies the head out of the receive buffer, for a request that outlives it.
func (ex *exchange) keepHead(a *mem.Allocator) {
	ex.req.reset() // what it remembers lies in the receive buffer
	if ex.body.done && ex.trailed == nil {
		ex.trailed = ex.copyTrailers()
	}
	if ex.headLease.Valid() {
		return
	}
	raw := ex.head.Raw()
	ex.headLease = a.Lease(len(raw))
	n := copy(ex.headLease.Bytes(), raw)
	ex.head.Rebase(ex.headLease.Bytes()[:n])
}

// reset makes the exchange ready for the next request. Nothing of this one stays
// reachable through it.
func (ex *exchange) reset() {
	if ex.headLease.Valid() {
		ex.headLease.Release()
		ex.headLease = mem.Lease{}
	}
	ex.hc, ex.trailed = nil, nil
	if ex.scratch = ex.scratch[:0]; cap(ex.scratch) > maxScratch {
		ex.scratch = nil
	}
	ex.req.reset()
	ex.res.reset()
	ex.body.reset()
	ex.lent.end()
}

// maxScratch is how much decoding scratch an exchange keeps between requests.
const maxScratch = 4 << 10

// grow makes room for n more bytes without moving what has been handed out: views of
// the old scratch stay valid, because the collector keeps it for them.
func (ex *exchange) grow(n int) []byte {
	if cap(ex.scratch)-len(ex.scratch) < n {
		ex.scratch = ex.lent.bytes(ex.svc, max(2*n, 512))
	}
	return ex.scratch[len(ex.scratch):len(ex.scratch)]
}

// keep makes b, which was appended to what grow returned, part of the scratch.
func (ex *exchange) keep(b []byte) []byte {
	ex.scratch = ex.scratch[:len(ex.scratch)+len(b)]
	return b[:len(b):len(b)] // behind it lies what an earlier request had decoded
}

// addr looks up an address; a worker's were looked up for it beforehand.
func (ex *exchange) addr(remote bool) netip.AddrPort {
	switch {
	case ex.worker != nil && remote:
		return ex.worker.remote.remote
	case ex.worker != nil:
		return ex.worker.remote.local
	case ex.hc == nil:
		return netip.AddrPort{}
	case remote:
		return ex.hc.conn.RemoteAddr()
	}
	return ex.hc.conn.LocalAddr()
}

// field is a copied field line.
type field struct{ name, value []byte }

// trailerHead is what receives the trailers: the request's head, unless a worker reads it.
func (ex *exchange) trailerHead() *h1.Head {
	if ex.worker != nil {
		return &ex.worker.tail
	}
	return &ex.head
}

// copyTrailers copies the trailers, which lie in the receive buffer, too.
func (ex *exchange) copyTrailers() (fields []field) {
	head := ex.trailerHead()
	for i := range head.TrailerLen() {
		name, value := head.TrailerAt(i)
		fields = append(fields, field{ex.clone(name), ex.clone(value)})
	}
	return fields
}

// clone copies p for the exchange's lifetime.
func (ex *exchange) clone(p []byte) []byte { return append(ex.lent.bytes(ex.svc, len(p)), p...) }
