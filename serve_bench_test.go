package ringwire

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/ringwire/ringwire/conn"
)

// nullDriver takes every send at once, so that what is measured is this side of the driver.
type nullDriver struct {
	ev   conn.Events
	now  int64
	sent []int
}

func (d *nullDriver) Name() string                     { return "null" }
func (d *nullDriver) Listen(net.Listener) error        { return nil }
func (d *nullDriver) PauseAccept()                     {}
func (d *nullDriver) ResumeAccept()                    {}
func (d *nullDriver) StopAccept()                      {}
func (d *nullDriver) Adopt(net.Conn) (uint32, error)   { return 0, net.ErrClosed }
func (d *nullDriver) Run(ev conn.Events) error         { d.ev = ev; return nil }
func (d *nullDriver) Stop()                            {}
func (d *nullDriver) Post(conn.Task) bool              { return false }
func (d *nullDriver) Now() int64                       { return d.now }
func (d *nullDriver) Clock() int64                     { return d.now }
func (d *nullDriver) Receive(uint32)                   {}
func (d *nullDriver) Pause(uint32)                     {}
func (d *nullDriver) CloseWrite(uint32)                {}
func (d *nullDriver) Close(uint32)                     {}
func (d *nullDriver) RemoteAddr(uint32) netip.AddrPort { return netip.AddrPort{} }
func (d *nullDriver) LocalAddr(uint32) netip.AddrPort  { return netip.AddrPort{} }
func (d *nullDriver) Send(_ uint32, bufs [][]byte) {
	n := 0
	for _, b := range bufs {
		n += len(b)
	}
	d.sent = append(d.sent, n)
}

// turn ends a batch and completes its sends.
func (d *nullDriver) turn() {
	d.now += 1000
	d.ev.Turn(d.now)
	for _, n := range d.sent {
		d.ev.Sent(0, n, nil)
	}
	d.sent = d.sent[:0]
}

// nullPeer is one connection to a server on a nullDriver.
type nullPeer struct {
	svc *service
	drv *nullDriver
}

func newNullPeer(tb testing.TB, srv *Server) *nullPeer {
	if err := srv.prepare(); err != nil {
		tb.Fatal(err)
	}
	p := &nullPeer{drv: &nullDriver{now: 1}}
	p.svc = srv.newService(p.drv, 1)
	_ = p.svc.loop.Run()
	p.drv.ev.Opened(0)
	return p
}

// receive has the server get a request and send its response.
func (p *nullPeer) receive(request []byte) {
	p.drv.ev.Received(0, request)
	p.drv.turn()
}

func benchmarkRequest(b *testing.B, request string) {
	p := newNullPeer(b, &Server{Handler: HandlerFunc(func(w *ResponseWriter, r *Request) { _, _ = w.WriteString("ok") })})
	raw := []byte(request)
	b.ReportAllocs()
	for b.Loop() {
		p.receive(raw)
	}
}

func BenchmarkGet(b *testing.B) {
	benchmarkRequest(b, "GET /pipeline HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n")
}

func BenchmarkGetBrowser(b *testing.B) {
	benchmarkRequest(b, "GET /pipeline?a=1 HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0\r\nAccept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\nAccept-Language: en-US,en;q=0.5\r\nAccept-Encoding: gzip, deflate, br\r\nConnection: keep-alive\r\nCookie: session=0123456789abcdef\r\n\r\n")
}

func BenchmarkPost(b *testing.B) {
	benchmarkRequest(b, "POST /baseline11?a=1&b=2 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nContent-Length: 2\r\n\r\n20")
}

func BenchmarkGetPipelined16(b *testing.B) {
	benchmarkRequest(b, strings.Repeat("GET /pipeline HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n", 16))
}
