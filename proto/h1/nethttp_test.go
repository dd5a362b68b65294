package h1

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// message is one request of a stream, as either server sees it.
type message struct {
	line     string // method, target and version
	host     string
	fields   []string // "Name: value" by name; of one name in their order
	body     string
	trailers []string
	whole    bool // its end was seen
}

func (m *message) String() string {
	end := ""
	if !m.whole {
		end = " …"
	}
	return fmt.Sprintf("%s, host %q, %q, body %q, trailers %q%s", m.line, m.host, m.fields, m.body, m.trailers, end)
}

// notCompared are fields that net/http takes out of a head, or puts in.
var notCompared = []string{"Host", "Transfer-Encoding", "Trailer", "Cache-Control"}

func fieldsOf(header http.Header) (lines []string) {
	for name, values := range header {
		if !slices.Contains(notCompared, name) {
			for _, v := range values {
				lines = append(lines, name+": "+v)
			}
		}
	}
	slices.SortStableFunc(lines, compareNames)
	return lines
}

func compareNames(a, b string) int {
	a, _, _ = strings.Cut(a, ":")
	b, _, _ = strings.Cut(b, ":")
	return strings.Compare(a, b)
}

// outcome is what an engine made of a stream.
type outcome struct {
	list []message
	err  *Error // why it did not go on; nil when the stream or the connection was at its end
	rest string // what was not consumed
}

// serveHere gives a stream to an engine, and answers each request. It ends before a request behind an empty
// line, but for one behind a POST: a server should skip that line (RFC 9112 §2.2), net/http does not.
func serveHere(in string) (o outcome) {
	var e Engine
	var h Head
	// What net/http bounds by the size of its buffer.
	lim := Limits{Trailers: 2 << 10}.WithDefaults()
	e.Init(Server, &lim)
	for p := []byte(in); ; {
		ev := e.Next(p, &h)
		o.rest = string(p)
		p = p[ev.N:]
		last := len(o.list) - 1
		switch ev.Kind {
		case HeadDone:
			skipped := ev.N > len(h.Raw())
			if skipped && (last < 0 || !strings.HasPrefix(o.list[last].line, "POST ")) {
				return o
			}
			o.list = append(o.list, headOf(&h))
		case Data:
			o.list[last].body += string(ev.Data)
		case End:
			o.list[last].end(&h)
			e.AppendResponseHead(nil, &ResponseHead{Status: 404})
			e.FinishResponse()
		case NeedMore:
			o.err = e.HandleEOF()
			return o
		case Closed:
			return o
		case Fail:
			o.err = ev.Err
			return o
		default:
			panic(fmt.Sprint("event ", ev.Kind))
		}
	}
}

func (m *message) end(h *Head) {
	m.whole = true
	for i := range h.TrailerLen() {
		m.trailers = append(m.trailers, line(h.TrailerAt(i)))
	}
	slices.SortStableFunc(m.trailers, compareNames)
}

func line(name, value []byte) string {
	return http.CanonicalHeaderKey(string(name)) + ": " + string(value)
}

func headOf(h *Head) message {
	m := message{line: fmt.Sprintf("%s %s 1.%d", h.Method(), h.Target(), h.Minor()), host: string(h.Authority())}
	for i := range h.Len() {
		name, value := h.At(i)
		if !slices.Contains(notCompared, http.CanonicalHeaderKey(string(name))) {
			m.fields = append(m.fields, line(name, value))
		}
	}
	slices.SortStableFunc(m.fields, compareNames)
	return m
}

// stdConn is a connection of net/http's server that reads a string and answers to nobody.
type stdConn struct {
	net.Conn
	in   strings.Reader
	list []message
	once sync.Once
	over chan struct{}
}

func (c *stdConn) Read(p []byte) (int, error)     { return c.in.Read(p) }
func (*stdConn) Write(p []byte) (int, error)      { return len(p), nil }
func (*stdConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (*stdConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*stdConn) SetDeadline(time.Time) error      { return nil }
func (*stdConn) SetReadDeadline(time.Time) error  { return nil }
func (*stdConn) SetWriteDeadline(time.Time) error { return nil }

func (c *stdConn) Close() error {
	c.once.Do(func() { close(c.over) })
	return nil
}

// stdListener is where net/http's server gets them from.
type stdListener chan *stdConn

func (l stdListener) Accept() (net.Conn, error) {
	if c, ok := <-l; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (stdListener) Close() error   { return nil }
func (stdListener) Addr() net.Addr { return &net.TCPAddr{} }

type stdKey struct{}

// startStd runs a server of net/http, whole and unchanged, until the test ends.
func startStd(t testing.TB) stdListener {
	l := make(stdListener)
	srv := &http.Server{
		Handler:     http.HandlerFunc(serveStd),
		ErrorLog:    log.New(io.Discard, "", 0),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context { return context.WithValue(ctx, stdKey{}, c) },
	}
	// As here: OPTIONS * goes to the handler.
	srv.DisableGeneralOptionsHandler = true
	ended := make(chan error)
	go func() { ended <- srv.Serve(l) }()
	t.Cleanup(func() {
		close(l)
		if err := <-ended; !errors.Is(err, net.ErrClosed) {
			t.Error(err)
		}
	})
	return l
}

func serveStd(w http.ResponseWriter, r *http.Request) {
	c := r.Context().Value(stdKey{}).(*stdConn)
	body, err := io.ReadAll(r.Body)
	c.list = append(c.list, message{
		line:     fmt.Sprintf("%s %s %d.%d", r.Method, r.RequestURI, r.ProtoMajor, r.ProtoMinor),
		host:     r.Host,
		fields:   fieldsOf(r.Header),
		body:     string(body),
		trailers: fieldsOf(r.Trailer),
		whole:    err == nil,
	})
	if err != nil {
		panic(http.ErrAbortHandler) // it would linger
	}
	w.Header().Set("Content-Length", "0") // lets HTTP/1.0 persist
	w.WriteHeader(http.StatusNotFound)
}

// serve gives a stream to net/http.
func (l stdListener) serve(in string) []message {
	c := &stdConn{over: make(chan struct{})}
	c.in.Reset(in)
	l <- c
	<-c.over
	return c.list
}
