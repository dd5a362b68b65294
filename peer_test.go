package ringwire

import (
	"bufio"
	stdtls "crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// peer is a client in a dialogue: it sends bytes as the test wrote them, and reads the
// answers with net/http's parser, which did not come from the same head as ours.
type peer struct {
	t testing.TB
	net.Conn
	r *bufio.Reader
}

// patience is how long a peer waits for what must come.
const patience = 30 * time.Second

func (s *testServer) dial() *peer {
	s.t.Helper()
	p := dialPeer(s.t, "tcp", s.addr)
	if s.TLS != nil {
		p.secure()
	}
	return p
}

// secure makes the TLS handshake.
func (p *peer) secure() {
	p.t.Helper()
	_, pool := testIdentity()
	c := stdtls.Client(p.Conn, &stdtls.Config{RootCAs: pool, ServerName: "localhost", MaxVersion: testTLS})
	_ = p.SetDeadline(time.Now().Add(patience))
	if err := c.Handshake(); err != nil {
		p.t.Fatalf("TLS handshake: %v", err)
	}
	_ = p.SetDeadline(time.Time{})
	p.Conn, p.r = c, bufio.NewReader(c)
}

func dialPeer(t testing.TB, network, addr string) *peer {
	t.Helper()
	c, err := net.DialTimeout(network, addr, patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return newPeer(t, c)
}

func newPeer(t testing.TB, c net.Conn) *peer { return &peer{t, c, bufio.NewReader(c)} }

// send sends text as it stands.
func (p *peer) send(text string) {
	p.t.Helper()
	_ = p.SetWriteDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(p.Conn, text); err != nil {
		p.t.Fatalf("send %.60q: %v", text, err)
	}
}

// sendSplit sends text in pieces that the server will read one by one.
func (p *peer) sendSplit(pieces ...string) {
	p.t.Helper()
	for i, piece := range pieces {
		if i > 0 {
			time.Sleep(3 * time.Millisecond)
		}
		p.send(piece)
	}
}

// finish half-closes: the server sees the end of our bytes, and can still answer.
func (p *peer) finish() {
	p.t.Helper()
	err := p.Conn.(interface{ CloseWrite() error }).CloseWrite()
	if _, ok := p.Conn.(*stdtls.Conn); ok && (errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)) {
		return // with TLS it is a write, which a server that has closed already refuses
	}
	if err != nil {
		p.t.Fatal(err)
	}
}

// reset ends the connection with RST.
func (p *peer) reset() {
	_ = p.tcp().SetLinger(0)
	_ = p.tcp().Close()
}

// tcp is the connection's socket.
func (p *peer) tcp() *net.TCPConn {
	if c, ok := p.Conn.(*stdtls.Conn); ok {
		return c.NetConn().(*net.TCPConn)
	}
	return p.Conn.(*net.TCPConn)
}

// answer is a response, read to its end.
type answer struct {
	*http.Response
	body string
}

// response reads the response to a request of that method. An error of the body is fatal.
func (p *peer) response(method string) answer {
	p.t.Helper()
	a, err := p.tryResponse(method)
	if err != nil {
		p.t.Fatalf("no response to %s: %v (body so far %.80q)", method, err, a.body)
	}
	return a
}

func (p *peer) tryResponse(method string) (answer, error) {
	_ = p.SetReadDeadline(time.Now().Add(patience))
	res, err := http.ReadResponse(p.r, &http.Request{Method: method})
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	return answer{res, string(body)}, err
}

// get sends a GET and reads the answer.
func (p *peer) get(target string) answer {
	p.t.Helper()
	p.send("GET " + target + " HTTP/1.1\r\nHost: test\r\n\r\n")
	return p.response("GET")
}

// expect reads a response and compares status and body.
func (p *peer) expect(method string, status int, body, why string) answer {
	p.t.Helper()
	a := p.response(method)
	if a.StatusCode != status || a.body != body {
		p.t.Fatalf("got %d %.100q, want %d %.100q: %s", a.StatusCode, a.body, status, body, why)
	}
	return a
}

// expectRaw reads as many bytes as want has and compares them. In want the value of a
// Date field is written as "Date: …".
func (p *peer) expectRaw(want, why string) {
	p.t.Helper()
	full := strings.ReplaceAll(want, "Date: …", "Date: "+strings.Repeat("?", len(http.TimeFormat)))
	got := make([]byte, len(full))
	_ = p.SetReadDeadline(time.Now().Add(patience))
	n, err := io.ReadFull(p.r, got)
	if text := dateValue.ReplaceAllString(string(got[:n]), "Date: …"); text != want {
		p.t.Fatalf("got %q (%v)\nwant %q: %s", text, err, want, why)
	}
}

var dateValue = regexp.MustCompile(`Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT`)

// expectEnd reads to the end of the connection, which must be a clean FIN with nothing before it.
func (p *peer) expectEnd(why string) {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	rest, err := io.ReadAll(p.r)
	if err != nil || len(rest) > 0 {
		p.t.Fatalf("got %.200q, %v, want the connection's end: %s", rest, err, why)
	}
}

// expectGone reads to the end of the connection, by FIN or RST, and returns what came before.
func (p *peer) expectGone(why string) string {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(patience))
	rest, err := io.ReadAll(p.r)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
		p.t.Fatalf("got %.200q, %v, want the connection's end: %s", rest, err, why)
	}
	return string(rest)
}

// expectSilence checks that nothing arrives for a while.
func (p *peer) expectSilence(d time.Duration, why string) {
	p.t.Helper()
	_ = p.SetReadDeadline(time.Now().Add(d))
	if c, err := p.r.ReadByte(); !errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatalf("got byte %q, %v, want nothing: %s", c, err, why)
	}
}

// post is a POST with Content-Length.
func post(target, body string, fields ...string) string {
	return "POST " + target + " HTTP/1.1\r\nHost: test\r\nContent-Length: " + itoa(len(body)) + "\r\n" +
		lines(fields) + "\r\n" + body
}

// postChunked is the head of a POST whose chunks follow.
func postChunked(target string, fields ...string) string {
	return "POST " + target + " HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n" + lines(fields) + "\r\n"
}

// chunk is one chunk.
func chunk(data string) string { return hex(len(data)) + "\r\n" + data + "\r\n" }

// get is a GET.
func get(target string, fields ...string) string {
	return "GET " + target + " HTTP/1.1\r\nHost: test\r\n" + lines(fields) + "\r\n"
}

func lines(fields []string) string {
	var text strings.Builder
	for _, f := range fields {
		text.WriteString(f + "\r\n")
	}
	return text.String()
}
