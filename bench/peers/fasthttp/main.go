// Command fasthttp is github.com/valyala/fasthttp behind the profiles' endpoints.
package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"

	"github.com/valyala/fasthttp"

	"github.com/ringwire/ringwire/bench/internal/dataset"
	"github.com/ringwire/ringwire/bench/internal/endpoint"
	"github.com/ringwire/ringwire/bench/internal/payload"
	"github.com/ringwire/ringwire/bench/internal/peer"
)

func main() { peer.Main("fasthttp", start) }

// streamAbove is the size from which a request body is streamed instead of buffered: fasthttp calls the handler
// early for bodies over MaxRequestBodySize when StreamRequestBody is on.
const streamAbove = 64 << 10

func start(o peer.Options) (peer.Server, error) {
	ln, err := net.Listen("tcp4", o.Addr)
	if err != nil {
		return nil, err
	}
	if ln, err = o.TLS.Listener(ln); err != nil {
		return nil, err
	}
	srv := &fasthttp.Server{
		Handler:            handle,
		StreamRequestBody:  true,
		MaxRequestBodySize: streamAbove,
		CloseOnShutdown:    true,
	}
	if o.Timeouts {
		// fasthttp has no timeout for the head alone; ReadTimeout also spans the body, so it gets the longer one.
		srv.ReadTimeout = peer.IdleTimeout
		srv.IdleTimeout = peer.IdleTimeout
	}
	go func() {
		if err := srv.Serve(ln); err != nil {
			slog.Error("serve", "err", err)
		}
	}()
	return server{srv}, nil
}

type server struct{ *fasthttp.Server }

func (s server) Shutdown(ctx context.Context) error { return s.ShutdownWithContext(ctx) }

func handle(ctx *fasthttp.RequestCtx) {
	path := ctx.Path()
	switch string(path) {
	case endpoint.Pipeline:
		ctx.SetContentType(endpoint.Text)
		ctx.SetBodyString(endpoint.OK)
	case endpoint.Baseline:
		baseline(ctx)
	case endpoint.Upload:
		upload(ctx)
	default:
		if count, ok := endpoint.Count(path); ok {
			list(ctx, count)
		} else if size, ok := endpoint.Size(path); ok {
			ctx.SetContentType(endpoint.Blob)
			ctx.Response.SetBodyRaw(payload.Bytes(size))
		} else {
			ctx.SetStatusCode(fasthttp.StatusNotFound)
		}
	}
}

func baseline(ctx *fasthttp.RequestCtx) {
	query := ctx.QueryArgs()
	sum := endpoint.Int(query.Peek("a")) + endpoint.Int(query.Peek("b"))
	if ctx.IsPost() {
		sum += intBody(ctx)
	}
	number(ctx, int64(sum))
}

// bodies are buffers for small bodies.
var bodies = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// intBody reads the body as a number. As bodies are streamed, PostBody would log a warning.
func intBody(ctx *fasthttp.RequestCtx) int {
	body := ctx.RequestBodyStream()
	if body == nil {
		return endpoint.Int(ctx.PostBody())
	}
	buf := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(body); err != nil {
		return 0
	}
	return endpoint.Int(buf.Bytes())
}

func list(ctx *fasthttp.RequestCtx, count int) {
	buf := dataset.GetBuffer()
	defer dataset.PutBuffer(buf)
	ctx.SetContentType(endpoint.JSON)
	ctx.SetBody(dataset.AppendJSON(*buf, count, endpoint.Multiplier(ctx.QueryArgs().Peek("m"))))
}

func number(ctx *fasthttp.RequestCtx, n int64) {
	var buf [20]byte
	ctx.SetContentType(endpoint.Text)
	ctx.SetBody(strconv.AppendInt(buf[:0], n, 10))
}

func upload(ctx *fasthttp.RequestCtx) {
	n, err := countBody(ctx)
	if err != nil {
		ctx.Error(err.Error(), fasthttp.StatusBadRequest)
		return
	}
	number(ctx, n)
}

func countBody(ctx *fasthttp.RequestCtx) (int64, error) {
	if body := ctx.RequestBodyStream(); body != nil {
		return io.Copy(io.Discard, body)
	}
	return int64(len(ctx.PostBody())), nil
}
