package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/internal/guest"
)

// size is how much load there is.
type size struct {
	clients  int // at a time, of each kind
	requests int // of each HTTP client
	messages int // of each WebSocket
	churn    int // connections, one request each
}

// loadSize takes some seconds in an emulated machine.
var loadSize = size{clients: 16, requests: 60, messages: 60, churn: 200}

// load serves and looks at every byte that comes back: bodies and messages from one byte to
// several receive buffers, on connections that stay and on such that do not.
func load(w io.Writer, n size) error {
	srv := &ringwire.Server{Addr: "127.0.0.1:0", Handler: ringwire.HandlerFunc(answer)}
	srv.Logger = slog.New(slog.DiscardHandler)
	ret := make(chan error, 1)
	go func() { ret <- srv.ListenAndServe() }()
	addr := srv.Started()
	if addr == nil {
		return <-ret
	}
	start := time.Now()
	var done atomic.Int64
	err := errors.Join(
		parallel(n.clients, func(i int) error { return requests(addr.String(), i, n.requests, &done) }),
		webSockets(addr.String(), n, &done),
		parallel(n.clients, func(i int) error { return churn(addr.String(), n.churn/n.clients, &done) }),
	)
	took := time.Since(start)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err = errors.Join(err, srv.Shutdown(ctx)); err != nil {
		return err
	}
	if err := <-ret; err != ringwire.ErrServerClosed {
		return err
	}
	fact := guest.Fact{Name: "load", Value: fmt.Sprintf("%d answers in %.1f s on %s", done.Load(), took.Seconds(), srv.DriverInfo().Name)}
	return guest.Event{Fact: &fact}.Write(w)
}

// answer is the server's handler: it echoes bodies, and messages on /ws.
func answer(w *ringwire.ResponseWriter, r *ringwire.Request) {
	if string(r.PathView()) == "/ws" {
		_, _ = ringwire.Upgrade(w, r, echo)
		return
	}
	p, err := r.Body.View()
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	_, _ = w.Write(p)
}

var echo = &ringwire.WebSocketConfig{
	OnMessage: func(ws *ringwire.WebSocket, m ringwire.Message) { _ = ws.Send(m.Kind, m.View()) },
}

// parallel runs f n times at once and joins what fails.
func parallel(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Add(1)
		go func() {
			defer wg.Done()
			errs[i] = f(i)
		}()
	}
	wg.Wait()
	return errors.Join(errs...)
}

// payload is the k-th of client i: its length crosses the sizes of buffers, and its bytes are
// nobody else's.
func payload(buf []byte, i, k int) []byte {
	lengths := [...]int{1, 125, 126, 2047, 2049, 4095, 4096, 4097, 8192, 12289, 40000, 65536}
	buf = buf[:0]
	for at := range lengths[(i+k)%len(lengths)] {
		buf = append(buf, byte(at*31+at>>8+i*7+k*13))
	}
	return buf
}

func requests(addr string, i, n int, done *atomic.Int64) error {
	tr := &http.Transport{MaxIdleConnsPerHost: 1}
	defer tr.CloseIdleConnections()
	client := &http.Client{Transport: tr, Timeout: 30 * time.Second}
	var buf []byte
	for k := range n {
		buf = payload(buf, i, k)
		if err := post(client, addr, buf); err != nil {
			return fmt.Errorf("client %d, request %d of %d bytes: %w", i, k, len(buf), err)
		}
		done.Add(1)
	}
	return nil
}

// post wants its body back.
func post(client *http.Client, addr string, body []byte) error {
	res, err := client.Post("http://"+addr+"/", "application/octet-stream", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("status %s", res.Status)
	}
	return same(got, body)
}

func same(got, want []byte) error {
	if bytes.Equal(got, want) {
		return nil
	}
	at := 0
	for at < len(got) && at < len(want) && got[at] == want[at] {
		at++
	}
	return fmt.Errorf("%d bytes came back, which differ from byte %d on", len(got), at)
}

// webSockets are clients on the driver under test, too.
func webSockets(addr string, n size, done *atomic.Int64) error {
	dialer := &ringwire.WebSocketDialer{Logger: slog.New(slog.DiscardHandler)}
	defer dialer.Close()
	return parallel(n.clients, func(i int) error {
		ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
		defer cancel()
		ws, err := dialer.DialBlocking(ctx, "ws://"+addr+"/ws", nil)
		if err != nil {
			return fmt.Errorf("WebSocket %d: %w", i, err)
		}
		var buf, got []byte
		for k := range n.messages {
			buf = payload(buf, i, k)
			if err = ws.Write(ctx, ringwire.BinaryMessage, buf); err == nil {
				if _, got, err = ws.Read(ctx, got[:0]); err == nil {
					err = same(got, buf)
				}
			}
			if err != nil {
				return fmt.Errorf("WebSocket %d, message %d of %d bytes: %w", i, k, len(buf), err)
			}
			done.Add(1)
		}
		return ws.Close(ringwire.CloseNormal, "")
	})
}

// churn makes a connection for each request.
func churn(addr string, n int, done *atomic.Int64) error {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 30 * time.Second}
	for k := range n {
		if err := post(client, addr, []byte{byte(k), 2, 3}); err != nil {
			return fmt.Errorf("connection %d: %w", k, err)
		}
		done.Add(1)
	}
	return nil
}
