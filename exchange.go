package ringwire

import (
	"net/netip"

	"github.com/ringwire/ringwire/internal/plant"
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

	headLease mem.Lease  // the head's copy, when it must outlive the receive buffer
	trailed   trailers   // their copy, likewise
	decoded   mem.Writer // decoded paths and values, for the views handed out; a worker's are the job's
	lent      lent       // of what is not leased otherwise, in checking builds
	worker    *job       // the Blocking side, nil on the loop

	parts *partReader // multipart bodies are read with, kept
}

func newExchange(svc *service) *exchange {
	ex := &exchange{svc: svc}
	ex.req.ex, ex.res.ex, ex.body.ex = ex, ex, ex
	ex.req.Body = &ex.body
	ex.res.out.InitFor(svc.mem.response, bodyChunk)
	ex.res.declared = -1
	if !svc.cfg.DisablePooling {
		ex.res.small = ex.lent.bytes(svc.mem.response, copyBody)
	}
	ex.body.segs.InitFor(svc.mem.body)
	ex.decoded.InitFor(svc.mem.decoded, decodedChunk)
	return ex
}

// keepHead copies the head out of the receive buffer, for a request that outlives it.
func (ex *exchange) keepHead() {
	ex.req.reset() // what it remembers lies in the receive buffer
	if ex.body.done {
		ex.trailed.keep(ex.trailerHead(), ex.svc.mem.trailers)
	}
	if ex.headLease.Valid() || plant.On(plant.HeadNotKept) {
		return
	}
	raw := ex.head.Raw()
	ex.headLease = ex.svc.mem.head.Lease(len(raw))
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
	ex.hc = nil
	ex.trailed.release()
	if ex.decoded.Len() > 0 {
		ex.decoded.Release()
	}
	ex.req.reset()
	ex.res.reset()
	if !plant.On(plant.BodyNotReset) {
		ex.body.reset()
	}
	ex.lent.end()
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

// trailerHead is what receives the trailers: the request's head, unless a worker reads it.
func (ex *exchange) trailerHead() *h1.Head {
	if ex.worker != nil {
		return &ex.worker.tail
	}
	return &ex.head
}
