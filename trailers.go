package ringwire

import (
	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/h1"
)

// field is a copied field line.
type field struct{ name, value []byte }

// trailers is a copy of the fields behind a chunked body, for a request that outlives the
// receive buffer in which they lie.
type trailers struct {
	fields []field // views of lease
	lease  mem.Lease
}

// keep copies a head's trailers, unless they were copied before.
func (t *trailers) keep(head *h1.Head, from *mem.Account) {
	n, size := head.TrailerLen(), 0
	if n == 0 || t.lease.Valid() {
		return
	}
	for i := range n {
		name, value := head.TrailerAt(i)
		size += len(name) + len(value)
	}
	t.lease = from.Lease(size)
	text := t.lease.Bytes()[:0:size]
	for i := range n {
		name, value := head.TrailerAt(i)
		at, mid := len(text), len(text)+len(name)
		text = append(append(text, name...), value...)
		t.fields = append(t.fields, field{text[at:mid:mid], text[mid:len(text):len(text)]})
	}
}

// maxKeptFields is how many trailers the next request has room for without allocating.
const maxKeptFields = 100

// release forgets them.
func (t *trailers) release() {
	if !t.lease.Valid() {
		return
	}
	t.lease.Release()
	t.lease = mem.Lease{}
	clear(t.fields)
	if t.fields = t.fields[:0]; cap(t.fields) > maxKeptFields {
		t.fields = nil
	}
}
