package ringwire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/proto/ws"
)

// DialError says why Dial has failed.
type DialError struct {
	URL    string
	Status int // that the server has answered with, 0 if it did not
	Err    error
}

func (e *DialError) Error() string {
	if e.Status != 0 {
		return fmt.Sprintf("ringwire: dial %s: status %d: %v", e.URL, e.Status, e.Err)
	}
	return fmt.Sprintf("ringwire: dial %s: %v", e.URL, e.Err)
}

// Unwrap returns Err.
func (e *DialError) Unwrap() error { return e.Err }

// Dial opens a WebSocket with DefaultWebSocketDialer.
func Dial(ctx context.Context, url string, cfg *WebSocketConfig) (*WebSocket, error) {
	return DefaultWebSocketDialer.Dial(ctx, url, cfg)
}

// DialBlocking opens a WebSocket for a goroutine with DefaultWebSocketDialer.
func DialBlocking(ctx context.Context, url string, cfg *WebSocketConfig) (*BlockingWebSocket, error) {
	return DefaultWebSocketDialer.DialBlocking(ctx, url, cfg)
}

// Dial opens a WebSocket to a ws or wss URL. It looks the name up and connects on the calling
// goroutine, which must not be one of the dialer's loops, and returns when OnOpen has been called, on
// the loop. The WebSocket is the loop's: others reach it by Post. An error is a *DialError, or says what is
// wrong about the dialer's configuration. When ctx ends first nothing is left.
func (d *WebSocketDialer) Dial(ctx context.Context, url string, cfg *WebSocketConfig) (*WebSocket, error) {
	return d.dial(ctx, url, cfg, false)
}

// DialBlocking is Dial for a goroutine. Its Close must be called.
func (d *WebSocketDialer) DialBlocking(ctx context.Context, url string, cfg *WebSocketConfig) (*BlockingWebSocket, error) {
	s, err := d.dial(ctx, url, cfg, true)
	if err != nil {
		return nil, err
	}
	return s.block, nil
}

func (d *WebSocketDialer) dial(ctx context.Context, rawURL string, cfg *WebSocketConfig, blocking bool) (*WebSocket, error) {
	if cfg == nil {
		cfg = new(WebSocketConfig)
	}
	target, err := d.parse(rawURL)
	if err != nil {
		return nil, &DialError{URL: rawURL, Err: err}
	}
	l, err := d.start()
	if err != nil {
		return nil, err
	}
	if target.secure {
		target.remote.TLS = d.tls
		if d.TLS != nil && d.TLS.System != nil {
			target.remote.ServerName = d.TLS.System.ServerName
		}
	}
	s := &WebSocket{set: cfg.settings(), host: &l.ws, client: true}
	if blocking {
		s.block = newBlocking(s)
	}
	h := &wsDial{ws: s, done: make(chan error, 1)}
	if err = h.prepare(d, target); err == nil {
		err = h.run(ctx, l, target)
	}
	if err != nil {
		return nil, &DialError{URL: rawURL, Status: h.res.Status, Err: err}
	}
	return s, nil
}

// dialTarget is what a URL says (RFC 6455 §3).
type dialTarget struct {
	remote       conn.Remote
	host, target string
	secure       bool
}

var (
	errScheme   = errors.New("the scheme is neither ws nor wss")
	errNoHost   = errors.New("there is no host")
	errUserinfo = errors.New("user information does not belong into a WebSocket's URL")
	errFragment = errors.New("a WebSocket's URL has no fragment")
)

func (d *WebSocketDialer) parse(rawURL string) (t dialTarget, err error) {
	u, err := url.Parse(rawURL)
	if err != nil {
		return t, err
	}
	port := "80"
	switch u.Scheme {
	case "ws":
	case "wss":
		t.secure, port = true, "443"
	default:
		return t, errScheme
	}
	switch {
	case u.Hostname() == "":
		return t, errNoHost
	case u.User != nil:
		return t, errUserinfo
	case strings.Contains(rawURL, "#"):
		return t, errFragment
	}
	t.target, t.host = u.RequestURI(), strings.TrimSuffix(u.Host, ":"+port)
	if p := u.Port(); p != "" {
		port = p
	}
	t.remote = conn.Remote{Network: "tcp", Address: net.JoinHostPort(u.Hostname(), port), Dialer: d.Dialer}
	return t, nil
}

// wsDial is the handler of a connection until its opening handshake is over.
type wsDial struct {
	ws      *WebSocket
	conn    *conn.Conn
	head    []byte // the request
	req     ws.Request
	res     ws.Response
	timeout time.Duration
	stage   atomic.Int32
	done    chan error
}

// Whose a dialled connection is: the loop and the goroutine that waits move on by compare and swap.
const (
	dialWaiting int32 = iota
	dialDone          // the outcome is in done, or will be in a moment
	dialGivenUp       // nobody waits
)

// prepare makes the request.
func (h *wsDial) prepare(d *WebSocketDialer, t dialTarget) (err error) {
	var random [16]byte
	_, _ = rand.Read(random[:]) // never fails
	set := h.ws.set
	h.req = ws.Request{
		Host: t.host, Target: t.target, Key: ws.MakeKey(random), Origin: d.Origin,
		Protocols: set.Subprotocols, Compress: set.compress,
	}
	for _, f := range d.Header {
		h.req.Fields = append(h.req.Fields, ws.Field(f))
	}
	h.timeout = d.HandshakeTimeout
	defaultTime(&h.timeout, 10*time.Second)
	h.head, err = ws.AppendRequest(nil, &h.req)
	return err
}

// run connects, and waits for the outcome.
func (h *wsDial) run(ctx context.Context, l *clientLoop, t dialTarget) error {
	if err := l.loop.Dial(ctx, t.remote, h); err != nil {
		return err
	}
	select {
	case err := <-h.done:
		return err
	case <-ctx.Done():
	}
	if !h.stage.CompareAndSwap(dialWaiting, dialGivenUp) {
		return <-h.done // it was a moment earlier
	}
	l.loop.Post((*wsDialCancel)(h))
	return context.Cause(ctx)
}

// finish tells the outcome, and reports whether anybody waits for it.
func (h *wsDial) finish(err error) bool {
	if !h.stage.CompareAndSwap(dialWaiting, dialDone) {
		return false
	}
	h.done <- err
	return true
}

// OnOpen implements conn.Opener.
func (h *wsDial) OnOpen(c *conn.Conn) {
	h.conn = c
	_, _ = c.Output().Write(h.head)
	c.Flush()
	c.SetDeadline(c.Loop().Now() + int64(h.timeout))
}

// OnData implements conn.Handler.
func (h *wsDial) OnData(c *conn.Conn, p []byte) int {
	n, err := h.res.Read(p, &h.req)
	h.res.Head = nil // it lies in p
	switch {
	case err != nil:
		h.finish(err)
		c.Abort(err)
		return len(p)
	case n == 0:
		return 0
	case !h.stage.CompareAndSwap(dialWaiting, dialDone):
		c.Abort(context.Canceled)
		return len(p)
	}
	h.conn = nil
	s := h.ws
	s.proto, s.agreed = h.res.Protocol, h.res.Compression
	s.begin(c)
	h.done <- nil
	return n
}

// OnEnd implements conn.Handler.
func (h *wsDial) OnEnd(c *conn.Conn, err error) {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	h.finish(err)
	c.Abort(err)
}

// OnTimeout implements conn.Handler.
func (h *wsDial) OnTimeout(c *conn.Conn) { c.Abort(os.ErrDeadlineExceeded) }

// OnShutdown implements conn.Handler.
func (h *wsDial) OnShutdown(c *conn.Conn) { c.Abort(ErrDialerClosed) }

// OnDrain implements conn.Handler.
func (h *wsDial) OnDrain(*conn.Conn) {}

// OnClose implements conn.Handler. Of a connection that was not opened Loop.Dial tells.
func (h *wsDial) OnClose(_ *conn.Conn, err error) {
	h.conn = nil
	if err == nil {
		err = ErrDialerClosed
	}
	h.finish(err)
}

// wsDialCancel ends a connection for which nobody waits any more.
type wsDialCancel wsDial

func (t *wsDialCancel) RunTask() {
	if t.conn != nil {
		t.conn.Abort(context.Canceled)
	}
}
