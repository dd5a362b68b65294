package h1

import (
	"math"
	"strconv"
	"strings"
	"testing"
)

func post(fields string) string { return "POST / HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n" }

func TestContentLengthRefused(t *testing.T) {
	var vectors []refusal
	for _, v := range []string{
		"", "+5", "-5", "-0", "5 5", "5,5", "5, 5", "5,6", "5,5,5", ",5", "5,", "0x5", "0X5", "5.0", "5e1", "5_0", "five", "5;", "'5'", "\"5\"",
		"5a", "\xb2", "٥", "5\xa0", "\xa05", "-123456789123456789123456789", "NaN", "Infinity",
	} {
		vectors = append(vectors, refusal{"RFC 9112 §6.3 " + v, post("Content-Length: " + v + "\r\n"), ErrBadLength})
	}
	refuse(t, &defaults, append(vectors,
		refusal{"RFC 9110 §8.6 2^63", post("Content-Length: 9223372036854775808\r\n"), ErrLengthOverflow},
		refusal{"RFC 9110 §8.6 2^64", post("Content-Length: 18446744073709551616\r\n"), ErrLengthOverflow},
		refusal{"RFC 9110 §8.6 2^64 + 5", post("Content-Length: 18446744073709551621\r\n"), ErrLengthOverflow},
		refusal{"RFC 9110 §8.6 forty digits", post("Content-Length: 9999999999999999999999999999999999999999\r\n"), ErrLengthOverflow},
		refusal{"RFC 9112 §6.3 two that differ", post("Content-Length: 5\r\nContent-Length: 6\r\n"), ErrManyLengths},
		refusal{"RFC 9112 §6.3 two that agree", post("Content-Length: 5\r\ncontent-length: 5\r\n"), ErrManyLengths},
		refusal{"RFC 9112 §6.3 two zeros", post("Content-Length: 0\r\nContent-Length: 0\r\n"), ErrManyLengths},
		refusal{"RFC 9112 §6.3 two, one empty", post("Content-Length: 5\r\nContent-Length:\r\n"), ErrManyLengths},
		refusal{"RFC 9112 §6.3 in HTTP/1.0", "POST / HTTP/1.0\r\nContent-Length: +1\r\n\r\n", ErrBadLength},
		refusal{"RFC 9112 §11.2 an underscore", post("Content_Length: 5\r\n"), ErrLookalike},
		refusal{"RFC 9112 §11.2 an underscore beside the true one", post("Content-Length: 1\r\nContent_Length: 5\r\n"), ErrLookalike},
	))
}

func TestContentLengthAccepted(t *testing.T) {
	for in, want := range map[string]int64{
		"Content-Length: 0\r\n": 0, "Content-Length:7\r\n": 7, "CONTENT-LENGTH: \t 7 \t\r\n": 7, "Content-Length: 9223372036854775807\r\n": math.MaxInt64,
		"Content-Length: 007\r\n": 7, "Content-Length: 00\r\n": 0, "Content-Length: 010\r\n": 10, // 1*DIGIT, and decimal
		"Content-Lengthy: 7\r\n": -1, "XContent-Length: 7\r\n": -1, "Content-Langth: 7\r\n": -1, "": -1,
	} {
		if h := parse(t, post(in)); h.ContentLength() != want || h.Bodyless() != (want <= 0) {
			t.Errorf("%q: %d, bodyless %v", in, h.ContentLength(), h.Bodyless())
		}
	}
}

// A body of more bytes than an int of 32 bits holds is still counted.
func TestHugeFixedBody(t *testing.T) {
	const size = 5 << 30
	var e Engine
	var h Head
	e.Init(Server, &defaults)
	e.Next([]byte(post("Content-Length: "+strconv.FormatInt(size, 10)+"\r\n")), &h)
	want, piece := h.ContentLength(), make([]byte, 16<<20)
	for got := int64(0); ; {
		ev := e.Next(piece, &h)
		if got += int64(len(ev.Data)); ev.Kind == End {
			if got != want {
				t.Errorf("%d bytes of %d", got, want)
			}
			return
		}
	}
}

func TestTransferEncodingRefused(t *testing.T) {
	te := func(v string) string { return post("Transfer-Encoding: " + v + "\r\n") }
	vectors := []refusal{
		{"RFC 9112 §6.1 with Content-Length", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), ErrLengthAndCoding},
		{"RFC 9112 §6.1 with Content-Length behind", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), ErrLengthAndCoding},
		{"RFC 9112 §6.1 with Content-Length: 0", post("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), ErrLengthAndCoding},
		{"RFC 9112 §6.1 with Content-Length and close", post("Connection: close\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n"), ErrLengthAndCoding},
		{"RFC 9112 §6.1 in any case, with Content-Length", post("content-LengtH: 5\r\nTransFer-Encoding: chUnked\r\n"), ErrLengthAndCoding},
		{"RFC 9112 §6.1 in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingVersion},
		{"RFC 9112 §6.1 in HTTP/1.0 with keep-alive", "POST / HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", ErrCodingVersion},
		{"RFC 9112 §6.1 twice in a line", te("chunked, chunked"), ErrChunkedTwice},
		{"RFC 9112 §6.1 twice, another between", te("chunked, gzip, chunked"), ErrChunkedTwice},
		{"RFC 9112 §6.1 in two lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), ErrManyCodings},
		{"RFC 9112 §6.1 two lines, identity behind", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"), ErrManyCodings},
		{"RFC 9112 §6.1 two lines, one empty", post("Transfer-Encoding: chunked\r\nTransfer-Encoding:\r\n"), ErrManyCodings},
		{"RFC 9112 §6.3 chunked is not last", te("chunked, gzip"), ErrChunkedNotLast},
		{"RFC 9112 §6.3 chunked is not last, identity", te("chunked, identity"), ErrChunkedNotLast},
		{"RFC 9112 §11.2 an underscore", post("Transfer_Encoding: chunked\r\n"), ErrLookalike},
	}
	for _, v := range []string{"gzip, chunked", "identity, chunked", "cow, gzip,\tChunked", "xchunked, chunked"} {
		vectors = append(vectors, refusal{"RFC 9112 §6.1 unknown " + v, te(v), ErrCoding})
	}
	for _, v := range []string{"gzip", "identity", "xchunked", "chunkedx", "chunked-", "chunkedchunked", "x", "gzip, deflate", "cow"} {
		vectors = append(vectors,
			refusal{"RFC 9112 §6.3 no chunked at the end " + v, te(v), ErrChunkedNotLast},
			refusal{"RFC 9112 §6.3 no chunked at the end, a length beside it " + v, post("Content-Length: 5\r\nTransfer-Encoding: " + v + "\r\n"), ErrChunkedNotLast})
	}
	for _, v := range []string{"", ",chunked", "chunked,", ",", "chunked,,", ", , chunked", "chunked;q=1", "chunked; x", "chunked ,", "\"chunked\"", "'chunked\"",
		"chunk ed", "chunked identity", "chunked\x80", "\xa0chunked", "chun\u212aed", "[chunked]", "chunked:"} {
		vectors = append(vectors, refusal{"RFC 9112 §6.1 malformed " + v, te(v), ErrBadCoding})
	}
	for _, v := range []string{"\x0bchunked", "chunked\x0b", "\x0cchunked", "chunked\x0c", "\x1fchunked"} {
		vectors = append(vectors, refusal{"RFC 9110 §5.5 a control around chunked", te(v), ErrFieldControl})
	}
	refuse(t, &defaults, append(vectors, refusal{"RFC 9110 §5.5 NUL behind chunked", te("chunked\x00"), ErrFieldNUL}))
}

func TestTransferEncodingAccepted(t *testing.T) {
	for _, v := range []string{" chunked", "chunked", "\tchunked", " CHUNKED", " Chunked \t"} {
		accept(t, &defaults, post("Transfer-Encoding:"+v+"\r\n")+"1\r\na\r\n0\r\n\r\n")
	}
	if h := parse(t, post("X-Transfer-Encoding: chunked\r\nTransfer-Encodings: chunked\r\nTransfer-Encodin: chunked\r\nTransfer+Encoding: chunked\r\n")); h.Chunked() {
		t.Error("a name that is longer or shorter counts")
	}
}

func TestExpectRefused(t *testing.T) {
	refuse(t, &defaults, []refusal{
		{"RFC 9110 §10.1.1 another expectation", post("Expect: 200-ok\r\n"), ErrExpectation},
		{"RFC 9110 §10.1.1 another beside it", post("Expect: 100-continue, x=y\r\n"), ErrExpectation},
		{"RFC 9110 §10.1.1 a longer one", post("Expect: 100-continue-maybe\r\n"), ErrExpectation},
		{"RFC 9110 §10.1.1 an empty one", post("Expect:\r\n"), ErrExpectation},
		{"RFC 9110 §10.1.1 in a second line", post("Expect: 100-continue\r\nExpect: x\r\n"), ErrExpectation},
	})
}

func TestExpect100(t *testing.T) {
	for in, want := range map[string]bool{
		post("Expect: 100-continue\r\nContent-Length: 1\r\n"):                             true,
		post("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n"):                    true,
		post("Expect: 100-continue\r\n"):                                                  false, // nothing to wait for
		post("Expect: 100-continue\r\nContent-Length: 0\r\n"):                             false,
		"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n":            false, // RFC 9110 §10.1.1
		post("Expected: 100-continue\r\nContent-Length: 1\r\n"):                           false,
		"POST / HTTP/1.2\r\nHost: x\r\nexpect: 100-CONTINUE\r\nContent-Length: 1\r\n\r\n": true,
	} {
		if got := parse(t, in).Expect100(); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestConnectionOptions(t *testing.T) {
	for _, c := range []struct {
		minor, fields string
		want          bool
	}{
		{"1", "", true},
		{"1", "Connection: close\r\n", false},
		{"1", "connection: CLOSE\r\n", false},
		{"1", "Connection: keep-alive, close\r\n", false},
		{"1", "Connection: close, keep-alive\r\n", false},
		{"1", "Connection: ,, x ,\tclose ,\r\n", false},
		{"1", "Connection: x\r\nConnection: close\r\n", false},
		{"1", "Connection: closed\r\n", true},
		{"1", "Connection: x-close\r\n", true},
		{"1", "Connection: \r\n", true},
		{"1", "Connections: close\r\n", true},
		{"0", "", false},
		{"0", "Connection: keep-alive\r\n", true},
		{"0", "Connection: x, Keep-Alive\r\n", true},
		{"0", "Connection: keep-alive\r\nConnection: close\r\n", false},
		{"0", "Keep-Alive: timeout=5\r\n", false},
	} {
		h := parse(t, "GET / HTTP/1."+c.minor+"\r\nHost: x\r\n"+c.fields+"\r\n")
		if h.KeepAlive() != c.want {
			t.Errorf("1.%s %q: keep-alive %v (RFC 9112 §9.3)", c.minor, c.fields, h.KeepAlive())
		}
	}
}

func TestUpgradeOffers(t *testing.T) {
	const both = "Connection: Upgrade\r\nUpgrade: websocket\r\n"
	for _, c := range []struct{ in, want string }{
		{get(both), "websocket"},
		{get("connection: keep-alive\r\nUPGRADE: a, b\r\nconnection: x,UPGRADE\r\n"), "a, b"},
		{get("Connection: upgrade\r\nUpgrade: first\r\nUpgrade: second\r\n"), "first"},
		{get("Upgrade: websocket\r\n"), "-"},
		{get("Connection: upgrade\r\n"), "-"},
		{get("Connection: upgrades\r\nUpgrade: x\r\n"), "-"},
		{"GET / HTTP/1.0\r\nHost: x\r\n" + both + "\r\n", "-"}, // RFC 9110 §7.8
		{post(both + "Content-Length: 1\r\n"), "-"},
		{post(both + "Transfer-Encoding: chunked\r\n"), "-"},
		{post(both + "Content-Length: 0\r\n"), "websocket"},
	} {
		got := "-"
		if u := parse(t, c.in).Upgrade(); u != nil {
			got = string(u)
		}
		if got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
}

func TestAcceptsTrailers(t *testing.T) {
	for in, want := range map[string]bool{
		get("TE: trailers\r\nConnection: TE\r\n"):                true,
		get("te: gzip;q=0.5, Trailers\r\nconnection: te, x\r\n"): true,
		get("TE: trailers\r\n"):                                  false, // RFC 9110 §10.1.4: TE is per hop
		get("TE: gzip\r\nConnection: TE\r\n"):                    false,
		get("Connection: TE\r\n"):                                false,
	} {
		if got := parse(t, in).AcceptsTrailers(); got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
}

func TestTraceWithContentRefused(t *testing.T) {
	refuse(t, &defaults, []refusal{
		{"RFC 9110 §9.3.8 fixed", "TRACE / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", ErrTraceContent},
		{"RFC 9110 §9.3.8 chunked", "TRACE / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", ErrTraceContent},
	})
	accept(t, &defaults, "TRACE / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
}

// Requests that hide another one where two parsers of some kind disagree. Whatever is answered, the hidden one must
// not be served.
func TestSmugglingVectors(t *testing.T) {
	const hidden = "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
	refuse(t, &defaults, []refusal{
		{"CL.TE", post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" + hidden, ErrLengthAndCoding},
		{"TE.CL", post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n") + "5c\r\n" + hidden, ErrLengthAndCoding},
		{"TE.TE with an odd one", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n") + "0\r\n\r\n" + hidden, ErrManyCodings},
		{"TE.TE with a space", post("Transfer-Encoding : chunked\r\nContent-Length: 4\r\n") + "0\r\n\r\n", ErrSpaceAfterName},
		{"TE behind a folded line", post("X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 4\r\n") + hidden, ErrSpaceBeforeName},
		{"TE behind a bare LF", post("X: y\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n") + hidden, ErrBareLF},
		{"TE behind a bare CR", post("X: y\rTransfer-Encoding: chunked\r\nContent-Length: 4\r\n") + hidden, ErrBareCR},
		{"TE with a leading CR in the value", post("Transfer-Encoding: \rchunked\r\nContent-Length: 4\r\n") + hidden, ErrBareCR},
		{"TE with a folded value", post("Transfer-Encoding: chunked\r\n , identity\r\nContent-Length: 4\r\n") + hidden, ErrSpaceBeforeName},
		{"TE.0 with OPTIONS", "OPTIONS / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding\r\n : chunked\r\n\r\n" + hidden, ErrFieldNoColon},
		{"CL.CL", post("Content-Length: 0\r\nContent-Length: 36\r\n") + hidden, ErrManyLengths},
		{"CL with a sign", post("Content-Length: +0\r\n") + hidden, ErrBadLength},
		{"a chunk that is longer than it says", chunked("5\r\nhelloX\r\n0\r\n\r\n") + hidden, ErrChunkEnd},
		{"a chunk that ends with LF", chunked("5\r\nhello\n0\r\n\r\n") + hidden, ErrChunkEnd},
		{"a chunk line that ends with LF", chunked("5\nhello\r\n0\r\n\r\n") + hidden, ErrBareLF},
		{"a chunk extension with LF", chunked("5;a\nhello\r\n0\r\n\r\n") + hidden, ErrBareLF},
		{"a chunk line with CR and another byte", chunked("5\r\r;ABCD\r\n34\r\nE\r\n0\r\n\r\n") + hidden, ErrBareCR},
		{"a trailer section that frames", chunked("0\r\nContent-Length: 5\r\n\r\n") + hidden, ErrTrailerField},
	})
	// With a body that is framed well, what looks like a request is body.
	in := post("Content-Length: "+strconv.Itoa(len(hidden))+"\r\n") + hidden
	if got := everyWay(t, &defaults, in); got != "POST / 1.1 | Host=x | Content-Length="+strconv.Itoa(len(hidden))+"\ndata "+hidden+"\nend" {
		t.Errorf("got %s", got)
	}
}

// A Host that was valid once is not looked at again; one that only begins like it is.
func TestHostMemo(t *testing.T) {
	lim := Limits{}.WithDefaults()
	h := new(Head)
	for _, c := range []struct {
		host string
		ok   bool
	}{
		{"example.com:80", true}, {"example.com:80", true}, {"example.com:80x", false}, {"example.com:80", true},
		{"example.com:8", true}, {"exa mple.com", false}, {strings.Repeat("a", 64), true}, {strings.Repeat("a", 65), true},
		{strings.Repeat("a", 64) + "@", false}, {"", false}, {"[::1]:1", true}, {"[::1]:1", true},
	} {
		e := new(Engine)
		e.Init(Server, &lim)
		ev := e.Next([]byte("GET / HTTP/1.1\r\nHost: "+c.host+"\r\n\r\n"), h)
		if ok := ev.Kind == HeadDone; ok != c.ok {
			t.Errorf("Host %q: accepted = %v, want %v", c.host, ok, c.ok)
		} else if ok && string(h.Host()) != c.host {
			t.Errorf("Host() = %q, want %q", h.Host(), c.host)
		}
	}
}
