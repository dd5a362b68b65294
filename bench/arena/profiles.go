package main

import (
	"io"
	"strconv"
	"sync"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/mem"

	"github.com/ringwire/ringwire/bench/internal/dataset"
	"github.com/ringwire/ringwire/bench/internal/endpoint"
	"github.com/ringwire/ringwire/bench/internal/payload"
)

// The profiles. Write errors mean that the connection is gone, which the server knows by itself.

func pipeline(w *ringwire.ResponseWriter, _ *ringwire.Request) {
	_, _ = w.WriteString(endpoint.OK) // text/plain by default
}

func baseline(w *ringwire.ResponseWriter, r *ringwire.Request) {
	a, _ := r.QueryView("a")
	b, _ := r.QueryView("b")
	sum := endpoint.Int(a) + endpoint.Int(b)
	if r.Body.Len() != 0 {
		body, err := r.Body.View()
		if err != nil { // it is longer than bodyBuffer
			ringwire.Error(w, "a body of that length is no integer", ringwire.StatusContentTooLarge)
			return
		}
		sum += endpoint.Int(body)
	}
	number(w, int64(sum))
}

func list(w *ringwire.ResponseWriter, r *ringwire.Request, count int) {
	m, _ := r.QueryView("m")
	contentType(w, endpoint.JSON)
	_ = w.Commit(len(dataset.AppendJSON(w.Reserve(dataset.MaxJSON), count, endpoint.Multiplier(m))))
}

// blob is the payload in a lease that all loops send from. It is made when first asked for.
var blob = sync.OnceValue(func() mem.Lease {
	l := mem.NewAllocator(mem.Config{Shared: true}).Lease(payload.Max)
	copy(l.Bytes(), payload.Bytes(payload.Max))
	return l
})

func download(w *ringwire.ResponseWriter, size int) {
	contentType(w, endpoint.Blob)
	_ = w.Append(blob().Clone(), 0, size)
}

func upload(w *ringwire.ResponseWriter, r *ringwire.Request) {
	var n int64
	r.Body.Stream(func(p []byte, err error) {
		n += int64(len(p))
		if err == io.EOF {
			number(w, n)
		}
	})
}

func number(w *ringwire.ResponseWriter, n int64) {
	_ = w.Commit(len(strconv.AppendInt(w.Reserve(20), n, 10)))
}
