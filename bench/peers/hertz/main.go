// Command hertz is github.com/cloudwego/hertz on its default transport (netpoll on Linux) behind the profiles'
// endpoints.
package main

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/cloudwego/hertz/pkg/app"
	"github.com/cloudwego/hertz/pkg/app/server"
	"github.com/cloudwego/hertz/pkg/common/config"
	"github.com/cloudwego/hertz/pkg/common/hlog"

	"github.com/ringwire/ringwire/bench/internal/dataset"
	"github.com/ringwire/ringwire/bench/internal/endpoint"
	"github.com/ringwire/ringwire/bench/internal/payload"
	"github.com/ringwire/ringwire/bench/internal/peer"
)

func main() { peer.Main("hertz", start) }

const startLimit = 5 * time.Second

func start(o peer.Options) (peer.Server, error) {
	if err := o.Plain(); err != nil {
		return nil, err
	}
	if err := peer.Available(o.Addr); err != nil {
		return nil, err
	}
	hlog.SetLevel(hlog.LevelError)
	options := []config.Option{
		server.WithHostPorts(o.Addr),
		server.WithStreamBody(true),
		server.WithMaxRequestBodySize(endpoint.MaxUpload),
		server.WithDisablePrintRoute(true),
		server.WithExitWaitTime(time.Second),
	}
	if o.Timeouts { // without, hertz has its own, three minutes for either
		options = append(options, server.WithReadTimeout(peer.HeadTimeout), server.WithIdleTimeout(peer.IdleTimeout))
	}
	h := server.Default(options...)
	h.GET(endpoint.Pipeline, pipeline)
	h.GET(endpoint.Baseline, baseline)
	h.POST(endpoint.Baseline, baseline)
	h.GET(endpoint.JSONPrefix+":count", list)
	h.GET(endpoint.BytesPrefix+":size", download)
	h.POST(endpoint.Upload, upload)
	ended := make(chan error, 1)
	go func() { ended <- h.Run() }()
	return h, waitListening(o.Addr, ended)
}

// waitListening returns once a connection succeeds: hertz listens inside Run and does not tell when.
func waitListening(addr string, ended <-chan error) error {
	for deadline := time.Now().Add(startLimit); ; time.Sleep(time.Millisecond) {
		select {
		case err := <-ended:
			return err
		default:
		}
		c, err := net.Dial("tcp", addr)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
	}
}

func pipeline(_ context.Context, c *app.RequestContext) {
	c.SetContentType(endpoint.Text)
	c.SetBodyString(endpoint.OK)
}

func baseline(_ context.Context, c *app.RequestContext) {
	query := c.QueryArgs()
	sum := endpoint.Int(query.Peek("a")) + endpoint.Int(query.Peek("b"))
	if c.IsPost() {
		body, err := c.Body()
		if err != nil {
			c.AbortWithMsg(err.Error(), http.StatusBadRequest)
			return
		}
		sum += endpoint.Int(body)
	}
	number(c, int64(sum))
}

func list(_ context.Context, c *app.RequestContext) {
	count, ok := endpoint.Count(c.Path())
	if !ok {
		c.NotFound()
		return
	}
	buf := dataset.GetBuffer()
	defer dataset.PutBuffer(buf)
	c.SetContentType(endpoint.JSON)
	c.Response.SetBody(dataset.AppendJSON(*buf, count, endpoint.Multiplier(c.QueryArgs().Peek("m"))))
}

func download(_ context.Context, c *app.RequestContext) {
	n, ok := endpoint.Size(c.Path())
	if !ok {
		c.NotFound()
		return
	}
	c.SetContentType(endpoint.Blob)
	c.Response.SetBodyRaw(payload.Bytes(n))
}

func upload(_ context.Context, c *app.RequestContext) {
	n, err := io.Copy(io.Discard, c.RequestBodyStream())
	if err != nil {
		slog.Error("upload", "err", err)
		c.AbortWithMsg(err.Error(), http.StatusBadRequest)
		return
	}
	number(c, n)
}

func number(c *app.RequestContext, n int64) {
	var buf [20]byte
	c.SetContentType(endpoint.Text)
	c.Response.SetBody(strconv.AppendInt(buf[:0], n, 10))
}
