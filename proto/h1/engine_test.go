package h1

import (
	"fmt"
	"strings"
	"testing"
	"unsafe"
)

// peer is a scripted client and server around one engine: it hands over bytes as they arrive, keeps what was not
// consumed, answers each request as soon as it is complete, and writes down what happened.
type peer struct {
	e   Engine
	h   Head
	in  []byte
	log []string
}

var defaults = Limits{}.WithDefaults()

func newPeer(lim *Limits) *peer {
	p := &peer{}
	p.e.Init(Server, lim)
	return p
}

// receive appends b to what is unread and drains the engine. The bytes are copied to fresh memory each time, so that
// a view kept too long shows.
func (p *peer) receive(b string) {
	p.in = append(append([]byte(nil), p.in...), b...)
	for {
		ev := p.e.Next(p.in, &p.h)
		if ev.N < 0 || ev.N > len(p.in) {
			panic(fmt.Sprintf("consumed %d of %d", ev.N, len(p.in)))
		}
		p.in = p.in[ev.N:]
		if !p.event(ev) {
			return
		}
	}
}

func (p *peer) event(ev Event) bool {
	switch ev.Kind {
	case NeedMore:
		return false
	case HeadDone:
		p.log = append(p.log, describe(&p.h))
	case Data:
		if last := len(p.log) - 1; strings.HasPrefix(p.log[last], "data ") {
			p.log[last] += string(ev.Data)
		} else {
			p.log = append(p.log, "data "+string(ev.Data))
		}
	case End:
		s := "end"
		for i := range p.h.TrailerLen() {
			n, v := p.h.TrailerAt(i)
			s += fmt.Sprintf(" %s=%s", n, v)
		}
		p.log = append(p.log, s)
		p.e.AppendResponseHead(nil, &ResponseHead{Status: 200})
		p.e.FinishResponse()
	case Fail:
		p.log = append(p.log, fmt.Sprintf("fail %d %s", ev.Err.Status, ev.Err.Text))
		return false
	default:
		p.log = append(p.log, [...]string{Paused: "paused", Upgraded: "upgraded", Closed: "closed"}[ev.Kind])
		return false
	}
	return true
}

func describe(h *Head) string {
	s := fmt.Sprintf("%s %s 1.%d", h.Method(), h.Target(), h.Minor())
	for i := range h.Len() {
		n, v := h.At(i)
		s += fmt.Sprintf(" | %s=%s", n, v)
	}
	if !h.KeepAlive() {
		s += " (close)"
	}
	return s
}

// String is the log, one line each.
func (p *peer) String() string { return strings.Join(p.log, "\n") }

// whole runs an input in one piece.
func whole(lim *Limits, input string) string {
	p := newPeer(lim)
	p.receive(input)
	return p.String()
}

// everyWay checks that an input gives the same events whole, byte by byte, and split in two at every point.
func everyWay(t *testing.T, lim *Limits, input string) string {
	t.Helper()
	want := whole(lim, input)
	p := newPeer(lim)
	for i := range len(input) {
		p.receive(input[i : i+1])
		if p.e.request == reqFailed || p.e.request == reqClosed {
			break
		}
	}
	if got := p.String(); got != want {
		t.Fatalf("%q byte by byte:\n%s\nwhole:\n%s", input, got, want)
	}
	for i := 1; i < len(input); i++ {
		p := newPeer(lim)
		p.receive(input[:i])
		if p.e.request != reqFailed && p.e.request != reqClosed {
			p.receive(input[i:])
		}
		if got := p.String(); got != want {
			t.Fatalf("%q split at %d:\n%s\nwhole:\n%s", input, i, got, want)
		}
	}
	return want
}

func TestEngineServesExchanges(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"no body", "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n", "GET /a?b 1.1 | Host=x\nend"},
		{"pipelined", "GET /a HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: y\r\n\r\n", "GET /a 1.1 | Host=x\nend\nGET /b 1.1 | Host=y\nend"},
		{"fixed body, then another", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: x\r\n\r\n",
			"POST / 1.1 | Host=x | Content-Length=5\ndata hello\nend\nGET / 1.1 | Host=x\nend"},
		{"chunked body with trailer, then another", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y;z=\"q\\\"\"\r\n0123456789\r\n000\r\nT: v\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
			"POST / 1.1 | Host=x | Transfer-Encoding=chunked\ndata abc0123456789\nend T=v\nGET / 1.1 | Host=x\nend"},
		{"close ends it", "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n", "GET / 1.1 | Host=x | Connection=close (close)\nend\nclosed"},
		{"one empty line before a request", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET / 1.1 | Host=x\nend"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := everyWay(t, &defaults, c.in); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestEngineSize(t *testing.T) {
	if n := unsafe.Sizeof(Engine{}); n > 96 {
		t.Errorf("Engine is %d bytes, 96 are budgeted", n)
	}
}

const wrkGet = "GET /pipeline HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"

func BenchmarkEngineGet(b *testing.B) {
	var e Engine
	var h Head
	e.Init(Server, &defaults)
	in := []byte(wrkGet)
	out := make([]byte, 0, 512)
	r := &ResponseHead{Status: 200, ContentLength: 2, Date: AppendDate(nil, 0)}
	b.ReportAllocs()
	b.Run("parse", func(b *testing.B) {
		b.SetBytes(int64(len(in)))
		for b.Loop() {
			e.Init(Server, &defaults)
			if ev := e.Next(in, &h); ev.Kind != HeadDone {
				b.Fatal(ev)
			}
		}
	})
	b.Run("exchange", func(b *testing.B) {
		e.Init(Server, &defaults)
		for b.Loop() {
			if ev := e.Next(in, &h); ev.Kind != HeadDone {
				b.Fatal(ev)
			}
			out = e.AppendResponseHead(out[:0], r)
			e.FinishResponse()
		}
	})
}
