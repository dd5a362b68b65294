package h1

import (
	"bytes"
	"strings"
	"testing"
	"unsafe"
)

func TestEngineServesExchanges(t *testing.T) {
	const next = "GET /n HTTP/1.1\r\nHost: x\r\n\r\n"
	const served = "\nGET /n 1.1 | Host=x\nend"
	for _, c := range []struct{ name, in, want string }{
		{"no body", "GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n" + next, "GET /a?b 1.1 | Host=x\nend" + served},
		{"fixed body", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello" + next,
			"POST / 1.1 | Host=x | Content-Length=5\ndata hello\nend" + served},
		{"chunked body with extensions and trailers", chunked("3\r\nabc\r\nA;x=y;z=\"q\\\"\"\r\n0123456789\r\n000\r\nT: v\r\nU:\r\n\r\n") + next,
			"POST / 1.1 | Host=x | Transfer-Encoding=chunked\ndata abc0123456789\nend | T=v | U=" + served},
		{"GET with a body", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nGET " + next,
			"GET / 1.1 | Host=x | Content-Length=4\ndata GET \nend" + served},
		{"DELETE with a chunked body", "DELETE / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n" + next,
			"DELETE / 1.1 | Host=x | Transfer-Encoding=chunked\ndata x\nend" + served},
		{"HEAD with a body", "HEAD / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n!" + next,
			"HEAD / 1.1 | Host=x | Content-Length=1\ndata !\nend" + served},
		{"length zero", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n" + next,
			"POST / 1.1 | Host=x | Content-Length=0\nend" + served},
		{"close ends it", get("Connection: close\r\n") + next, "GET / 1.1 | Host=x | Connection=close (close)\nend\nclosed"},
		{"1.0 ends it", "GET / HTTP/1.0\r\n\r\n" + next, "GET / 1.0 (close)\nend\nclosed"},
		{"1.0 with keep-alive goes on", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n" + next,
			"GET / 1.0 | Connection=Keep-Alive\nend" + served},
		{"an empty line before each", "\r\n" + next + "\r\n" + next, served[1:] + served},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := everyWay(t, &defaults, c.in); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestEngineRefusesMoreThanOneEmptyLine(t *testing.T) {
	refuse(t, &defaults, []refusal{
		{"RFC 9112 §2.2 two empty lines", "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", ErrEmptyLines},
		{"RFC 9112 §2.2 CR alone before the request line", "\rGET / HTTP/1.1\r\nHost: x\r\n\r\n", ErrBareCR},
		{"RFC 9112 §2.2 LF alone before the request line", "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", ErrBareLF},
		{"RFC 9112 §2.2 space before the request line", " GET / HTTP/1.1\r\nHost: x\r\n\r\n", ErrLeadingSpace},
		{"RFC 9112 §2.2 an empty line, then a space", "\r\n GET / HTTP/1.1\r\nHost: x\r\n\r\n", ErrLeadingSpace},
	})
}

// dialogue drives one engine step by step.
type dialogue struct {
	t *testing.T
	e Engine
	h Head
}

func newDialogue(t *testing.T) *dialogue {
	d := &dialogue{t: t}
	d.e.Init(Server, &defaults)
	return d
}

// next expects one event: its kind, how much it consumes, and its data.
func (d *dialogue) next(in string, kind Kind, n int, data, why string) {
	d.t.Helper()
	ev := d.e.Next([]byte(in), &d.h)
	if ev.Kind != kind || ev.N != n || string(ev.Data) != data {
		d.t.Fatalf("Next(%.60q) = kind %d, N %d, data %q, %v; want kind %d, N %d, data %q: %s",
			in, ev.Kind, ev.N, ev.Data, ev.Err, kind, n, data, why)
	}
}

// respond expects a response head that holds want.
func (d *dialogue) respond(r *ResponseHead, want, why string) {
	d.t.Helper()
	if got := string(d.e.AppendResponseHead(nil, r)); !strings.Contains(got, want) {
		d.t.Fatalf("response\n%s\nlacks %q: %s", got, want, why)
	}
}

func (d *dialogue) finish(keepAlive bool, why string) {
	d.t.Helper()
	if got := d.e.FinishResponse(); got != keepAlive {
		d.t.Fatalf("FinishResponse = %v: %s", got, why)
	}
}

func TestEngineHoldsPipelinedRequestsBack(t *testing.T) {
	d, in := newDialogue(t), get("")
	d.next(in+in, HeadDone, len(in), "", "the first request")
	d.next(in, End, 0, "", "it has no body")
	d.next(in, Paused, 0, "", "responses must come in order (RFC 9112 §9.3.2)")
	d.respond(&ResponseHead{Status: 200, ContentLength: 0}, "200 OK", "the first response")
	d.next(in, Paused, 0, "", "the response is not finished")
	d.finish(true, "nobody wants to close")
	d.next(in, HeadDone, len(in), "", "now it is the second's turn")
}

func TestEngineEndMayBeSkippedWithoutBody(t *testing.T) {
	d, in := newDialogue(t), get("")
	for range 3 {
		d.next(in, HeadDone, len(in), "", "a request")
		if !d.h.Bodyless() {
			t.Fatal("no framing fields, no body")
		}
		d.respond(&ResponseHead{Status: 204}, "204 No Content", "answered without asking for End")
		d.finish(true, "the exchange is complete")
	}
}

func TestEngineAnswersBeforeTheBodyEnds(t *testing.T) {
	d := newDialogue(t)
	head := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n"
	d.next(head+"ab", HeadDone, len(head), "", "the head alone")
	d.next("ab", Data, 2, "ab", "what is there of the body")
	d.respond(&ResponseHead{Status: 413, ContentLength: 0}, "Content-Length: 0", "an early answer")
	d.finish(true, "the body can still be read to its end")
	d.next("", NeedMore, 0, "", "the body is not over")
	d.next("cdefGET", Data, 4, "cdef", "and not a byte more")
	d.next("GET", End, 0, "", "the body's end")
	d.next("GET", NeedMore, 0, "", "the next head begins")
	if d.e.Idle() {
		t.Error("Idle with part of a head")
	}
}

func TestEngineClosesAfterAnUnpersistentExchange(t *testing.T) {
	d := newDialogue(t)
	head := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
	d.next(head, HeadDone, len(head), "", "the head")
	d.respond(&ResponseHead{Status: 200, ContentLength: 0}, "Connection: close", "the client asked for it (RFC 9112 §9.6)")
	d.finish(false, "the client asked for it")
	d.next("abc", Data, 3, "abc", "the body may be drained")
	d.next("GET", End, 0, "", "to its end")
	d.next("GET", Closed, 0, "", "no further request is read (RFC 9112 §9.6)")
	if err := d.e.HandleEOF(); err != nil {
		t.Error("the end after a close is proper:", err)
	}
}

func TestEngineFailureIsLatched(t *testing.T) {
	d := newDialogue(t)
	d.next("GET / HTTP/1.1\r\nHost x\r\n", Fail, 0, "", "no colon")
	d.next(get(""), Fail, 0, "", "still the same, and nothing is consumed")
	if ev := d.e.Next(nil, &d.h); ev.Err != ErrSpaceAfterName {
		t.Errorf("the error changed to %v", ev.Err)
	}
	if err := d.e.HandleEOF(); err != ErrSpaceAfterName {
		t.Errorf("HandleEOF says %v", err)
	}
	if d.e.Idle() {
		t.Error("Idle after a failure")
	}
}

func TestEngineFailsInABodyWhileAnswering(t *testing.T) {
	d := newDialogue(t)
	head := chunked("")
	d.next(head, HeadDone, len(head), "", "the head")
	d.respond(&ResponseHead{Status: 200, ContentLength: 1}, "200", "an early answer")
	d.next("zz", Fail, 0, "", "not a chunk size")
	d.finish(false, "the rest of the stream makes no sense")
	d.next("GET", Fail, 0, "", "latched")
}

func TestEngineAnswersAFailedRequestWithClose(t *testing.T) {
	d := newDialogue(t)
	head := chunked("")
	d.next(head, HeadDone, len(head), "", "the head")
	d.next("zz", Fail, 0, "", "not a chunk size")
	d.respond(&ResponseHead{Status: 400, ContentLength: 0}, "Connection: close", "RFC 9112 §9.6")
	d.finish(false, "it is over")
}

func TestEngineSwitchesProtocols(t *testing.T) {
	d, in := newDialogue(t), get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n")
	d.next(in+"\x81\x00", HeadDone, len(in), "", "the request")
	if string(d.h.Upgrade()) != "websocket" {
		t.Fatalf("Upgrade = %q", d.h.Upgrade())
	}
	var f Fields
	if err := f.Set("Upgrade", "websocket"); err != nil {
		t.Fatal(err)
	}
	d.respond(&ResponseHead{Status: 101, Fields: &f}, "Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n", "RFC 9110 §7.8")
	d.next("\x81\x00", Upgraded, 2, "\x81\x00", "what follows is not HTTP")
	d.next("", Upgraded, 0, "", "and stays so")
	if err := d.e.HandleEOF(); err != nil || d.e.Idle() {
		t.Error("the end is the new protocol's business")
	}
}

func TestEngineMayDeclineToSwitch(t *testing.T) {
	d, in := newDialogue(t), get("Connection: upgrade\r\nUpgrade: h2c\r\n")
	d.next(in, HeadDone, len(in), "", "the request")
	d.respond(&ResponseHead{Status: 200, ContentLength: 0}, "200 OK", "an offer can be ignored (RFC 9110 §7.8)")
	d.finish(true, "and the connection goes on")
	d.next(get(""), HeadDone, len(get("")), "", "as HTTP/1.1")
}

func TestEngineHandleEOF(t *testing.T) {
	body := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"
	for _, c := range []struct {
		name, in string
		want     *Error
	}{
		{"nothing came", "", nil},
		{"CR of an empty line", "\r", nil},
		{"an empty line", "\r\n", nil},
		{"an empty line and a byte", "\r\nG", ErrTruncatedHead},
		{"part of a method", "G", ErrTruncatedHead},
		{"a head but its last byte", get("")[:len(get(""))-1], ErrTruncatedHead},
		{"after an exchange", get(""), nil},
		{"part of the next head", get("") + "GE", ErrTruncatedHead},
		{"no byte of a fixed body", body, ErrTruncatedBody},
		{"part of a fixed body", body + "ab", ErrTruncatedBody},
		{"all of it", body + "abc", nil},
		{"no byte of a chunked body", chunked(""), ErrTruncatedBody},
		{"part of a chunk size", chunked("1"), ErrTruncatedBody},
		{"part of a chunk", chunked("2\r\na"), ErrTruncatedBody},
		{"before the last chunk", chunked("2\r\nab\r\n"), ErrTruncatedBody},
		{"before the trailers", chunked("0\r\n"), ErrTruncatedBody},
		{"in the trailers", chunked("0\r\na: b\r\n\r"), ErrTruncatedBody},
		{"after them", chunked("0\r\na: b\r\n\r\n"), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPeer(&defaults)
			p.receive(c.in)
			if got := p.e.HandleEOF(); got != c.want {
				t.Fatalf("HandleEOF = %v, want %v (RFC 9112 §8)", got, c.want)
			}
			if ev := p.e.Next(p.in, &p.h); c.want != nil && (ev.Kind != Fail || ev.Err != c.want) {
				t.Errorf("Next says %d %v after a truncated message", ev.Kind, ev.Err)
			}
		})
	}
}

func TestEngineHandleEOFBeforeEndIsTaken(t *testing.T) {
	d := newDialogue(t)
	head := "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n"
	d.next(head, HeadDone, len(head), "", "the head")
	d.next("a", Data, 1, "a", "the body")
	if err := d.e.HandleEOF(); err != nil {
		t.Fatal("every byte of the body came:", err)
	}
	d.next("", End, 0, "", "so it ends")
}

func TestEngineIdle(t *testing.T) {
	d, in := newDialogue(t), get("")
	steps := []struct {
		in   string
		idle bool
	}{{"", true}, {"\r\n", true}, {in[:1], false}, {in[:len(in)-1], false}, {in, false}}
	if !d.e.Idle() {
		t.Error("a new engine is idle")
	}
	for _, s := range steps {
		d.e.Next([]byte(s.in), &d.h)
		if d.e.Idle() != s.idle {
			t.Errorf("Idle = %v after %q", !s.idle, s.in)
		}
	}
	d.e.AppendResponseHead(nil, &ResponseHead{Status: 200})
	d.e.FinishResponse()
	if !d.e.Idle() {
		t.Error("not idle after an exchange")
	}
}

// A caller that breaks the rule about Heads loses speed, not correctness.
func TestEngineStartsOverWithAnotherHead(t *testing.T) {
	in := "GET /path?q HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nA: b\r\n\r\n"
	for i := 1; i < len(in); i++ {
		d := newDialogue(t)
		d.next(in[:i], NeedMore, 0, "", "part of a head")
		var other dialogue
		other.e.Init(Server, &defaults)
		other.e.Next([]byte("POST /other HTTP/1.0\r\nContent-Length: 9\r\n"), &d.h) // another connection uses the Head
		d.next(in, HeadDone, len(in), "", "the same head with a Head that was taken away")
		if got, want := describe(&d.h), "GET /path?q 1.1 | Host=x | Content-Length=1 | A=b"; got != want {
			t.Fatalf("split at %d: %s, want %s", i, got, want)
		}
	}
}

// Two Heads in turn: the one that comes back knows less than the engine does.
func TestEngineStartsOverWithAHeadThatMissedSomething(t *testing.T) {
	in := "GET /path?q HTTP/1.1\r\nHost: x\r\nA: b\r\n\r\n"
	for i := 1; i < len(in)-1; i++ {
		d, second := newDialogue(t), new(Head)
		d.next(in[:i], NeedMore, 0, "", "part of a head")
		if ev := d.e.Next([]byte(in[:i+1]), second); ev.Kind != NeedMore {
			t.Fatalf("kind %d", ev.Kind)
		}
		d.next(in, HeadDone, len(in), "", "with the first Head again")
		if got, want := describe(&d.h), "GET /path?q 1.1 | Host=x | A=b"; got != want {
			t.Fatalf("split at %d: %s, want %s", i, got, want)
		}
		if d.h.owner != nil {
			t.Fatal("a finished Head still holds on to its engine")
		}
	}
}

func TestEngineStartsTrailersOverWithAnotherHead(t *testing.T) {
	d, in := newDialogue(t), chunked("")
	d.next(in, HeadDone, len(in), "", "the head")
	d.next("0\r\nA: b\r\nC", NeedMore, 3, "", "part of the trailers")
	d.h = Head{}
	d.next("A: b\r\nC: d\r\n\r\n", End, 14, "", "the section from its start")
	if d.h.TrailerLen() != 2 {
		t.Errorf("%d trailers, want 2", d.h.TrailerLen())
	}
}

// Byte-at-a-time input must not cost more than a few times its length: each call goes on where the last one stopped.
func TestEngineNeverRescans(t *testing.T) {
	const n = 12 << 10
	inputs := map[string]string{
		"target":  "GET /" + strings.Repeat("a", 7<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"name":    get(strings.Repeat("n", n) + ": v\r\n"),
		"value":   get("N: " + strings.Repeat("v", n) + "\r\n"),
		"spaces":  get("N: " + strings.Repeat(" ", n) + "\r\n"),
		"trailer": chunked("0\r\nN: ") + strings.Repeat("v", 7<<10) + "\r\n\r\n",
	}
	for name, in := range inputs {
		t.Run(name, func(t *testing.T) {
			var e Engine
			var h Head
			e.Init(Server, &defaults)
			p, from := []byte(in), 0
			for to := 1; to <= len(p); to++ {
				before := e.pos
				ev := e.Next(p[from:to], &h)
				from += ev.N
				if ev.Kind == NeedMore && ev.N == 0 && e.phase != phaseStart && e.pos < before {
					t.Fatalf("the scan went back from %d to %d", before, e.pos)
				}
				if ev.Kind == NeedMore && to > 40 && e.phase != phaseStart && int(e.pos)+12 < to-from {
					t.Fatalf("the scan stopped at %d of %d", e.pos, to-from)
				}
			}
		})
	}
}

func TestEngineSize(t *testing.T) {
	if n := unsafe.Sizeof(Engine{}); n > 96 {
		t.Errorf("Engine is %d bytes, 96 are budgeted", n)
	}
}

func TestEngineDoesNotAllocate(t *testing.T) {
	inputs := map[string]string{
		"get":     browserGet,
		"fixed":   "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"chunked": chunked("5;a=b\r\nhello\r\n0\r\nT: v\r\n\r\n"),
	}
	var f Fields
	if err := f.Set("Content-Type", "text/plain"); err != nil {
		t.Fatal(err)
	}
	r := &ResponseHead{Status: 200, ContentLength: -1, Fields: &f, Date: AppendDate(nil, 0)}
	for name, in := range inputs {
		var e Engine
		var h Head
		e.Init(Server, &defaults)
		out, p := make([]byte, 0, 1024), []byte(in)
		n := testing.AllocsPerRun(100, func() {
			b := p
			for {
				ev := e.Next(b, &h)
				b = b[ev.N:]
				if ev.Kind == End {
					break
				}
			}
			out = e.AppendResponseHead(out[:0], r)
			out = AppendLastChunk(AppendChunk(out, p), &f)
			e.FinishResponse()
		})
		if n != 0 || !e.Idle() {
			t.Errorf("%s: %v allocations per exchange, idle %v", name, n, e.Idle())
		}
	}
}

func TestEngineViewsDoNotReachPastTheirEnd(t *testing.T) {
	d := newDialogue(t)
	in := []byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nab")
	ev := d.e.Next(in, &d.h)
	if cap(d.h.Raw()) != ev.N || cap(d.h.Host()) != 1 {
		t.Error("appending to a view would overwrite what follows")
	}
	if ev = d.e.Next(in[ev.N:], &d.h); cap(ev.Data) != 1 {
		t.Error("appending to Data would overwrite what follows")
	}
}

// FuzzEngine cuts a stream in two ways and wants the same events each time.
func FuzzEngine(f *testing.F) {
	for _, s := range []string{get(""), browserGet, chunked("5;a=\"b\"\r\nhello\r\n0\r\nT: v\r\n\r\n") + get(""),
		"\r\nPOST http://x/?y HTTP/1.0\r\nHost: X:80\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabcOPTIONS * HTTP/1.1\r\nHost:\r\n\r\n"} {
		f.Add(s, uint16(7), uint16(30), false)
		f.Add(s, uint16(1), uint16(2), true)
	}
	tight := Limits{RequestLine: 40, Head: 80, Headers: 4, ChunkLine: 12, Extensions: 16, Trailers: 24}.WithDefaults()
	f.Fuzz(func(t *testing.T, in string, a, b uint16, small bool) {
		lim := &defaults
		if small {
			lim = &tight
		}
		want := whole(lim, in)
		cuts := []int{min(int(a), len(in)), min(int(a)+int(b), len(in))}
		if got := pieces(lim, in, cuts...); got != want {
			t.Errorf("cut at %v:\n%s\nwhole:\n%s", cuts, got, want)
		}
		var all []int
		for i := 1; i < len(in); i++ {
			all = append(all, i)
		}
		if got := pieces(lim, in, all...); got != want {
			t.Errorf("byte by byte:\n%s\nwhole:\n%s", got, want)
		}
		checkInvariants(t, lim, []byte(in))
	})
}

// checkInvariants watches one engine over in: consumption moves on, views lie in the input, a failure stays.
func checkInvariants(t *testing.T, lim *Limits, in []byte) {
	var e Engine
	var h Head
	e.Init(Server, lim)
	copied := bytes.Clone(in)
	for calls, p := 0, in; ; calls++ {
		ev := e.Next(p, &h)
		if ev.Kind == Data && (len(ev.Data) == 0 || &ev.Data[len(ev.Data)-1] != &p[ev.N-1]) {
			t.Fatal("Data is not a view of what was consumed")
		}
		if calls > 3*len(in)+3 {
			t.Fatal("the engine does not get on")
		}
		switch p = p[ev.N:]; ev.Kind {
		case Fail:
			if again := e.Next(p, &h); again.Kind != Fail || again.Err != ev.Err || again.N != 0 || ev.N != 0 {
				t.Fatal("a failure was forgotten")
			}
			fallthrough
		case NeedMore, Closed:
			if !bytes.Equal(in, copied) {
				t.Fatal("the input was written to")
			}
			return
		case End:
			e.AppendResponseHead(nil, &ResponseHead{Status: 200})
			e.FinishResponse()
		}
	}
}

const (
	wrkGet     = "GET /pipeline HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
	browserGet = "GET /static/app.js?v=1 HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n" +
		"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36\r\n" +
		"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8\r\n" +
		"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-GB,en;q=0.9\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\n\r\n"
)

func BenchmarkEngineParse(b *testing.B) {
	for _, c := range []struct{ name, in string }{{"wrk", wrkGet}, {"browser", browserGet}} {
		b.Run(c.name, func(b *testing.B) {
			var e Engine
			var h Head
			in := []byte(c.in)
			b.ReportAllocs()
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				e.Init(Server, &defaults)
				if ev := e.Next(in, &h); ev.Kind != HeadDone {
					b.Fatal(ev)
				}
			}
		})
	}
}

func BenchmarkEngineExchange(b *testing.B) {
	var e Engine
	var h Head
	e.Init(Server, &defaults)
	in, out := []byte(wrkGet), make([]byte, 0, 512)
	r := &ResponseHead{Status: 200, ContentLength: 2, Date: AppendDate(nil, 0)}
	b.ReportAllocs()
	for b.Loop() {
		if ev := e.Next(in, &h); ev.Kind != HeadDone {
			b.Fatal(ev)
		}
		out = e.AppendResponseHead(out[:0], r)
		out = append(out, "ok"...)
		e.FinishResponse()
	}
}

func BenchmarkEngineByteByByte(b *testing.B) {
	var e Engine
	var h Head
	in := []byte(browserGet)
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		e.Init(Server, &defaults)
		for n := range in {
			e.Next(in[:n+1], &h)
		}
	}
}
