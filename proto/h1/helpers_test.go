package h1

import (
	"fmt"
	"strings"
	"testing"
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

// receive appends b to what is unread and drains the engine. The bytes move to fresh memory each time and the old are
// overwritten, so that a view kept too long shows.
func (p *peer) receive(b string) {
	old := p.in
	p.in = append(append(make([]byte, 0, len(old)+len(b)), old...), b...)
	for i := range old {
		old[i] = '!'
	}
	for {
		ev := p.e.Next(p.in, &p.h)
		if ev.N < 0 || ev.N > len(p.in) {
			panic(fmt.Sprintf("consumed %d of %d", ev.N, len(p.in)))
		}
		going := p.event(ev)
		p.in = p.in[ev.N:]
		if !going {
			return
		}
	}
}

// over reports whether nothing that is received can matter any more.
func (p *peer) over() bool { return p.e.request == reqFailed || p.e.request == reqClosed }

// event writes ev down and reports whether there may be more at once.
func (p *peer) event(ev Event) bool {
	switch ev.Kind {
	case NeedMore:
		return false
	case HeadDone:
		p.log = append(p.log, describe(&p.h))
	case Data:
		p.data(ev.Data)
	case End:
		p.end()
	case Fail:
		p.log = append(p.log, fmt.Sprintf("fail %d %s", ev.Err.Status, ev.Err.Text))
		return false
	case Closed:
		p.log = append(p.log, "closed")
		return false
	default:
		panic(fmt.Sprintf("event %d", ev.Kind))
	}
	return true
}

// data joins the pieces of one body, because where they are cut is not the engine's to say.
func (p *peer) data(b []byte) {
	if len(b) == 0 {
		panic("empty Data")
	}
	if last := len(p.log) - 1; strings.HasPrefix(p.log[last], "data ") {
		p.log[last] += string(b)
		return
	}
	p.log = append(p.log, "data "+string(b))
}

func (p *peer) end() {
	s := "end"
	for i := range p.h.TrailerLen() {
		n, v := p.h.TrailerAt(i)
		s += fmt.Sprintf(" | %s=%s", n, v)
	}
	p.log = append(p.log, s)
	p.e.AppendResponseHead(nil, &ResponseHead{Status: 200})
	p.e.FinishResponse()
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

// pieces runs an input cut at the given places.
func pieces(lim *Limits, input string, cuts ...int) string {
	p, from := newPeer(lim), 0
	for _, to := range append(cuts, len(input)) {
		if !p.over() {
			p.receive(input[from:to])
		}
		from = to
	}
	return p.String()
}

// everyWay checks that an input gives the same events whole, byte by byte, and split in two at every point, and
// returns them.
func everyWay(t *testing.T, lim *Limits, input string) string {
	t.Helper()
	want := whole(lim, input)
	var all []int
	for i := 1; i < len(input); i++ {
		all = append(all, i)
		if got := pieces(lim, input, i); got != want {
			t.Fatalf("%q split at %d:\n%s\nwhole:\n%s", input, i, got, want)
		}
	}
	if got := pieces(lim, input, all...); got != want {
		t.Fatalf("%q byte by byte:\n%s\nwhole:\n%s", input, got, want)
	}
	return want
}

// refusal is one vector that must fail with one error.
type refusal struct {
	name string // the paragraph, and what is wrong
	in   string
	want *Error
}

// refuse runs each vector every way, and with a request behind it that must not be served.
func refuse(t *testing.T, lim *Limits, vectors []refusal) {
	t.Helper()
	for _, v := range vectors {
		t.Run(v.name, func(t *testing.T) {
			t.Helper()
			want := fmt.Sprintf("fail %d %s", v.want.Status, v.want.Text)
			for _, in := range []string{v.in, v.in + "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n", v.in + "\x00\n\r"} {
				got := everyWay(t, lim, in)
				if last := got[strings.LastIndexByte(got, '\n')+1:]; last != want {
					t.Errorf("%.300q\n got %s\nwant %s", in, got, want)
				}
				if strings.Contains(got, "smuggled") {
					t.Errorf("%q: the bytes behind were served:\n%s", in, got)
				}
			}
		})
	}
}

// accept runs each input every way, followed by a second request, and wants both served.
func accept(t *testing.T, lim *Limits, inputs ...string) {
	t.Helper()
	for _, in := range inputs {
		got := everyWay(t, lim, in+"GET /next HTTP/1.1\r\nHost: x\r\n\r\n")
		if !strings.HasSuffix(got, "\nGET /next 1.1 | Host=x\nend") || strings.Contains(got, "fail") {
			t.Errorf("%q is legal, got\n%s", in, got)
		}
	}
}

// parse returns the Head of an input that must be one complete head.
func parse(t *testing.T, in string) *Head {
	t.Helper()
	var e Engine
	e.Init(Server, &defaults)
	h := new(Head)
	if ev := e.Next([]byte(in), h); ev.Kind != HeadDone {
		t.Fatalf("%q: kind %d, %v", in, ev.Kind, ev.Err)
	}
	return h
}

// get is a GET request whose head ends with fields.
func get(fields string) string { return "GET / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" }

// chunked is a POST with a chunked body.
func chunked(body string) string {
	return "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body
}
