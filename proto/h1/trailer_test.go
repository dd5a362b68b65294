package h1

import (
	"strings"
	"testing"
)

func TestTrailerRefused(t *testing.T) {
	trailer := func(lines string) string { return chunked("1\r\na\r\n0\r\n" + lines + "\r\n") }
	var vectors []refusal
	for _, name := range []string{"Content-Length", "content-length", "Transfer-Encoding", "TRANSFER-ENCODING", "Host", "Connection", "TE", "Trailer", "Upgrade",
		"Expect", "Authorization", "Proxy-Authorization", "Cookie", "Content_Length", "Transfer_Encoding"} {
		vectors = append(vectors, refusal{"RFC 9110 §6.5.1 " + name, trailer(name + ": x\r\n"), ErrTrailerField})
	}
	for _, list := range []string{"Content-Length", "x, transfer-encoding", ",Trailer ,x", "cookie"} {
		vectors = append(vectors, refusal{"RFC 9110 §6.6.2 announced: " + list, post("Trailer: " + list + "\r\n"), ErrTrailerField})
	}
	refuse(t, &defaults, append(vectors,
		refusal{"RFC 9110 §6.5.1 behind a good one", trailer("A: b\r\nContent-Length: 1\r\n"), ErrTrailerField},
		refusal{"RFC 9112 §5.1 space before the colon", trailer("A : b\r\n"), ErrSpaceAfterName},
		refusal{"RFC 9112 §5.2 obs-fold", trailer("A: b\r\n c\r\n"), ErrSpaceBeforeName},
		refusal{"RFC 9112 §5 no colon", trailer("A\r\n"), ErrFieldNoColon},
		refusal{"RFC 9110 §5.1 an empty name", trailer(": b\r\n"), ErrFieldNameEmpty},
		refusal{"RFC 9110 §5.1 a bad name", trailer("a(b): c\r\n"), ErrFieldName},
		refusal{"RFC 9112 §2.2 bare LF", trailer("A: b\nC: d\r\n"), ErrBareLF},
		refusal{"RFC 9112 §2.2 bare LF for the empty line", chunked("0\r\n\n"), ErrBareLF},
		refusal{"RFC 9112 §2.2 bare CR", trailer("A: b\rC: d\r\n"), ErrBareCR},
		refusal{"RFC 9112 §2.2 bare CR for the empty line", chunked("0\r\n\rX"), ErrBareCR},
		refusal{"RFC 9110 §5.5 NUL", trailer("A: \x00\r\n"), ErrFieldNUL},
		refusal{"RFC 9112 §7.1.2 another request for trailers", chunked("0\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"), ErrSpaceAfterName},
	))
}

func TestTrailerAccepted(t *testing.T) {
	accept(t, &defaults,
		chunked("0\r\nVary: *\r\nContent-Type: text/plain\r\n\r\n"),
		chunked("0\r\nExpires: x\r\nHosts: x\r\nTEX: x\r\nContent-Lengths: 1\r\nX-Host: y\r\n\r\n"),
		chunked("0\r\na:\r\n\r\n"),
		post("Trailer: Expires, , X-Digest\r\nTransfer-Encoding: chunked\r\n")+"0\r\nExpires: x\r\n\r\n",
	)
}

func TestTrailersTooLarge(t *testing.T) {
	lim := Limits{Trailers: 40}.WithDefaults()
	section := func(n int) string { return chunked("0\r\nA: " + strings.Repeat("v", n-7) + "\r\n\r\n") }
	accept(t, &lim, section(40))
	refuse(t, &lim, []refusal{
		{"RFC 9112 §7.1.2 one byte too many", section(41), ErrTrailersTooLarge},
		{"RFC 9112 §7.1.2 as many bytes as there may be, and no end", chunked("0\r\nA: " + strings.Repeat("v", 37)), ErrTrailersTooLarge},
		{"RFC 9112 §7.1.2 without end", chunked("0\r\nA: " + strings.Repeat("v", 100)), ErrTrailersTooLarge},
		{"RFC 9112 §7.1.2 fields without end", chunked("0\r\n" + strings.Repeat("A: b\r\n", 20)), ErrTrailersTooLarge},
	})
	if got := whole(&defaults, chunked("0\r\nA: "+strings.Repeat("v", 9<<10))); !strings.HasSuffix(got, "fail 431 the trailer section is too large") {
		t.Errorf("the default limit: %.100s", got)
	}
}

// Trailers stay apart from header fields (RFC 9110 §6.5.1) and from those of other messages.
func TestTrailersAreKeptApart(t *testing.T) {
	p := newPeer(&defaults)
	p.receive(chunked("0\r\nX: trailer\r\n\r\n"))
	if p.h.Get("x") != nil || p.h.Len() != 2 || p.h.TrailerLen() != 1 {
		t.Errorf("Get %q, %d fields, %d trailers", p.h.Get("x"), p.h.Len(), p.h.TrailerLen())
	}
	if p.h.owner != nil {
		t.Error("a finished Head still holds on to its engine")
	}
	p.receive(get(""))
	if p.h.TrailerLen() != 0 {
		t.Error("the last message's trailers are still there")
	}
}
