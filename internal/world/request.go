package world

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// request is one request, and what must be answered.
type request struct {
	raw    []byte
	pause  bool // it waits for the answers before it
	expect int  // how much of raw is sent before 100 (Continue) is awaited; 0 = it is not
	last   bool // the server closes with the answer
	limit  bool // only a timeout brings the answer

	status  int
	head    bool  // the answer has no body, whatever it says
	length  int64 // of the answer's body; -1 = whatever it says
	key     uint64
	trailer bool   // the body's length is repeated in X-Sum
	accept  string // the answer to a WebSocket's key

	extensions string // and to its offer
}

// The kinds of requests are letters in the path: /kind/connection/request/length. Host's handler answers with
// that many bytes of the stream Key(connection, request, FromServer), and finds a body to be
// Key(connection, request, FromClient). They say which of the server's ways the answer takes.
const (
	Whole   = 'w' // written at once
	Empty   = 'z' // 204
	Stream  = 's' // by a Stream callback, while there is room
	Pieces  = 'p' // in pieces, each of them flushed, with a trailer
	Collect = 'c' // after the body, which comes whole
	Sink    = 'k' // after the body, which a Body.Stream callback takes
	Duplex  = 'd' // while the body comes, as many bytes as that has
	Panic   = 'x' // not at all: the handler panics
)

// draw makes the request of a connection that has the number n.
func draw(r *rand.Rand, p *Plan, conn, n int, e end, last bool) request {
	q := request{status: 200, key: Key(conn, n, FromServer), pause: r.IntN(2) == 0}
	if last {
		switch e {
		case endServer:
			q.drawClosing(r, p, conn, n)
			return q
		case endCut, endSlowHead, endSlowBody:
			q.drawBroken(r, conn, n, e)
			return q
		case endStall:
			q.get(Stream, conn, n, 500_000, "")
			return q
		}
	}
	length := size(r, p.longest())
	q.pause = q.pause || length > p.Window
	switch r.IntN(10) {
	case 0:
		q.get(Whole, conn, n, length, "")
		q.head = true
		q.raw = append([]byte("HEAD"), q.raw[3:]...)
	case 1:
		q.get(Empty, conn, n, 0, "")
		q.status, q.head = 204, true
	case 2, 3:
		q.get(Stream, conn, n, length, "")
	case 4:
		q.get(Pieces, conn, n, min(length, 5000), "")
		q.trailer = true
	case 5, 6:
		q.post(r, Collect, conn, n, length, r.IntN(p.BodyBuffer-500), "")
	case 7:
		q.post(r, Sink, conn, n, length, size(r, int(p.MaxBody)), "")
	case 8:
		body := r.IntN(p.BodyBuffer - 500) // it comes before the handler is called: no reason to close
		q.post(r, Duplex, conn, n, body, body, "")
	default:
		q.get(Whole, conn, n, length, "")
	}
	return q
}

// drawMuch makes one of many that are sent before the first answer is read: more is answered than a server likes to
// keep, and then more is sent than it likes to keep.
func drawMuch(r *rand.Rand, p *Plan, conn, n int) request {
	q := request{status: 200, key: Key(conn, n, FromServer)}
	q.post(r, Collect, conn, n, 8000, p.BodyBuffer-500, "")
	q.expect = 0
	return q
}

// drawClosing makes one with which the server closes.
func (q *request) drawClosing(r *rand.Rand, p *Plan, conn, n int) {
	q.last = true
	switch length := size(r, p.longest()); r.IntN(7) {
	case 0:
		q.get(Panic, conn, n, 0, "")
		q.answered(500)
	case 1: // an answer that begins before the body has ended says that it is the last
		body := min(p.BodyBuffer+1000+r.IntN(p.longest()), int(p.MaxBody))
		q.post(r, Duplex, conn, n, body, body, "")
	case 2:
		q.post(r, Sink, conn, n, length, int(p.MaxBody)+1+r.IntN(30_000), "")
		q.answered(413)
	case 3:
		q.get(Whole, conn, n, length, "No-Field : x\r\n")
		q.answered(400)
	case 4:
		q.get(Stream, conn, n, length, "Connection: close\r\n")
	default:
		q.get(Whole, conn, n, length, "Connection: close\r\n")
	}
}

// drawBroken makes one that never ends.
func (q *request) drawBroken(r *rand.Rand, conn, n int, e end) {
	q.last = true
	if e == endSlowHead || e == endCut && r.IntN(2) == 0 {
		q.get(Whole, conn, n, 10, "")
		q.raw = q.raw[:1+r.IntN(len(q.raw)-1)]
	} else {
		body := 1 + r.IntN(4000)
		q.post(r, Sink, conn, n, 10, body, "")
		q.raw = q.raw[:len(q.raw)-1-r.IntN(min(body, 50))]
		q.expect = 0
	}
	if q.answered(400); e != endCut {
		q.answered(408)
		q.limit, q.pause = true, true
	}
}

// answered is the answer of the server itself, which says why.
func (q *request) answered(status int) { q.status, q.length = status, -1 }

func (q *request) get(kind byte, conn, n, length int, fields string) {
	q.length = int64(length)
	q.raw = fmt.Appendf(nil, "GET /%c/%d/%d/%d HTTP/1.1\r\nHost: world\r\n%s\r\n", kind, conn, n, length, fields)
}

// post has a body, with its length or in chunks.
func (q *request) post(r *rand.Rand, kind byte, conn, n, length, body int, fields string) {
	q.length, q.trailer = int64(length), kind == Duplex
	expect := r.IntN(6) == 0
	if expect {
		fields += "Expect: 100-continue\r\n"
	}
	q.raw = fmt.Appendf(nil, "POST /%c/%d/%d/%d HTTP/1.1\r\nHost: world\r\n%s", kind, conn, n, length, fields)
	chunked := r.IntN(2) == 0
	if chunked {
		q.raw = append(q.raw, "Transfer-Encoding: chunked\r\n\r\n"...)
	} else {
		q.raw = fmt.Appendf(q.raw, "Content-Length: %d\r\n\r\n", body)
	}
	if wait := r.IntN(2) == 0; expect && wait && body > 0 && kind != Duplex { // whose answer begins at once
		q.expect = len(q.raw)
	}
	key := Key(conn, n, FromClient)
	if !chunked {
		q.fill(key, 0, body)
		return
	}
	for at := 0; at < body; {
		n := min(body-at, 1+r.IntN(1<<r.IntN(16)))
		q.raw = strconv.AppendInt(q.raw, int64(n), 16)
		if r.IntN(8) == 0 {
			q.raw = append(q.raw, `;x="y"`...)
		}
		q.raw = append(q.raw, "\r\n"...)
		q.fill(key, at, n)
		q.raw = append(q.raw, "\r\n"...)
		at += n
	}
	q.raw = append(q.raw, "0\r\n"...)
	if r.IntN(2) == 0 {
		q.raw = append(q.raw, "X-Trailer: x\r\n"...)
	}
	q.raw = append(q.raw, "\r\n"...)
}

// fill appends n bytes of the body, from at on.
func (q *request) fill(key uint64, at, n int) {
	from := len(q.raw)
	q.raw = append(q.raw, make([]byte, n)...)
	Fill(q.raw[from:], key, int64(at))
}
