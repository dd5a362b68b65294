package ringwire_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
)

// serve runs h on a port of the system's choice; stop ends it in order.
func serve(h ringwire.HandlerFunc) (url string, stop func() error) {
	srv := &ringwire.Server{Addr: "127.0.0.1:0", Handler: h, Config: ringwire.Config{
		MaxBody: 1 << 30, Logger: slog.New(slog.DiscardHandler),
	}}
	done := make(chan error, 1)
	go func() { done <- srv.ListenAndServe() }()
	url = "http://" + srv.Started().String()
	return url, func() error {
		http.DefaultClient.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := srv.Shutdown(ctx); err != nil {
			return err
		}
		return <-done
	}
}

func show(res *http.Response, err error) {
	if err != nil {
		fmt.Println(err)
		return
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	fmt.Printf("%d %q %v\n", res.StatusCode, body, err)
}

// A handler that waits runs on a worker, and reads its body as one is used to.
func ExampleBlocking() {
	url, stop := serve(ringwire.Blocking(ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		time.Sleep(time.Millisecond) // a database, say
		body, err := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %v", body, err)
	})).ServeHTTP)
	show(http.Post(url, "text/plain", strings.NewReader("a row")))
	_ = stop()
	// Output: 200 "a row <nil>" <nil>
}

// An upload of any size is counted on the loop as it comes, and kept nowhere.
func ExampleBody_Stream() {
	url, stop := serve(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		n := 0
		r.Body.Stream(func(p []byte, err error) {
			if n += len(p); err != nil { // io.EOF, or why it was cut short
				fmt.Fprintf(w, "%d bytes, %v", n, err)
			}
		})
	})
	show(http.Post(url, "text/plain", strings.NewReader(strings.Repeat("x", 3_000_000))))
	_ = stop()
	// Output: 200 "3000000 bytes, EOF" <nil>
}

// A response of any length is written as the client takes it.
func ExampleResponseWriter_Stream() {
	url, stop := serve(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		n := 0
		w.Stream(func(w *ringwire.ResponseWriter) error {
			if n++; n > 3 {
				return io.EOF
			}
			_, err := fmt.Fprintf(w, "part %d;", n)
			return err
		})
	})
	show(http.Get(url))
	_ = stop()
	// Output: 200 "part 1;part 2;part 3;" <nil>
}

// An answer that many get is encoded once, and sent from where it lies.
func ExampleResponseWriter_Append() {
	a := mem.NewAllocator(mem.Config{Shared: true})
	kept := a.Lease(1000)
	n := copy(kept.Bytes(), "the answer to everybody")
	url, stop := serve(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		_ = w.Append(kept.Clone(), 0, n)
	})
	show(http.Get(url))
	show(http.Get(url))
	_ = stop()
	kept.Release()
	fmt.Println("leaks:", a.Close())
	// Output:
	// 200 "the answer to everybody" <nil>
	// 200 "the answer to everybody" <nil>
	// leaks: <nil>
}

// shout speaks on a connection after its upgrade: it gives back what comes, in capitals.
type shout struct{}

func (shout) OnData(c *conn.Conn, p []byte) int {
	_, _ = c.Output().WriteString(strings.ToUpper(string(p)))
	c.Flush()
	return len(p)
}
func (shout) OnEnd(c *conn.Conn, _ error) { c.Close() }
func (shout) OnDrain(*conn.Conn)          {}
func (shout) OnTimeout(*conn.Conn)        {}
func (shout) OnShutdown(c *conn.Conn)     { c.Close() }
func (shout) OnClose(*conn.Conn, error)   {}

// After 101 the connection is another protocol's.
func ExampleResponseWriter_Upgrade() {
	url, stop := serve(func(w *ringwire.ResponseWriter, r *ringwire.Request) {
		if err := w.Upgrade("shout", shout{}); err != nil {
			ringwire.Error(w, err.Error(), 426)
		}
	})
	c, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: shout\r\n\r\nhello")
	_ = c.(*net.TCPConn).CloseWrite()
	all, _ := io.ReadAll(c)
	head, rest, _ := strings.Cut(string(all), "\r\n\r\n")
	fmt.Println(head[:12], rest)
	_ = c.Close()
	_ = stop()
	// Output: HTTP/1.1 101 HELLO
}

// Shutdown lets requests in progress come to their end; ListenAndServe then returns.
func ExampleServer_Shutdown() {
	srv := ringwire.Server{Addr: "127.0.0.1:0", Config: ringwire.Config{Logger: slog.New(slog.DiscardHandler)},
		Handler: ringwire.HandlerFunc(func(w *ringwire.ResponseWriter, r *ringwire.Request) { _, _ = w.WriteString("ok") })}
	done := make(chan error)
	go func() { done <- srv.ListenAndServe() }()
	show(http.Get("http://" + srv.Started().String()))
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	http.DefaultClient.CloseIdleConnections()
	fmt.Println(srv.Shutdown(ctx))
	fmt.Println(<-done)
	// Output:
	// 200 "ok" <nil>
	// <nil>
	// ringwire: server closed
}
