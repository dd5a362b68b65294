package h1

import (
	"slices"
	"strings"
	"testing"
)

// FuzzAgainstNetHTTP gives a stream to an engine and to net/http's server. What is served here must be
// served there, and be the same to the byte; where net/http goes on and the engine does not, the error
// must be one of the divergences.
func FuzzAgainstNetHTTP(f *testing.F) {
	for _, s := range []string{
		get(""), browserGet + wrkGet, chunked("5;a=\"b\"\r\nhello\r\n0\r\nT: v\r\n\r\n") + get(""),
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\nabc\r\n" + get(""),
		"HEAD http://x/?y HTTP/1.0\r\nHost: X:80\r\nConnection: keep-alive\r\n\r\nOPTIONS * HTTP/1.1\r\nHost:\r\n\r\n",
		"CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\n\r\n" + get("Connection: close\r\n") + get(""),
		post("Trailer: T\r\nTransfer-Encoding: chunked\r\n") + "1\r\na\r\nff\r\n",
	} {
		f.Add(s)
	}
	for _, d := range divergences {
		f.Add(d.in)
	}
	std := startStd(f)
	f.Fuzz(func(t *testing.T, in string) {
		here := serveHere(in)
		there := std.serve(in)
		if why := stricter(here.list, there); why != "" {
			t.Fatalf("%q: %s\nhere\t%v\nerror\t%v\nnet/http\t%v", in, why, texts(here.list), here.err, texts(there))
		}
		if goesOn(here.list, there) && !here.justified() {
			t.Fatalf("%q: net/http goes on, here\t%v\nerror\t%v\nnet/http\t%v", in, texts(here.list), here.err, texts(there))
		}
	})
}

func texts(list []message) (lines []string) {
	for i := range list {
		lines = append(lines, list[i].String())
	}
	return lines
}

// stricter says where here is not what there begins with.
func stricter(here, there []message) string {
	for i := range here {
		if i == len(there) {
			return "net/http does not serve what is served"
		}
		h, n := &here[i], &there[i]
		switch {
		case h.line != n.line || h.host != n.host || !slices.Equal(h.fields, n.fields):
			return "the heads differ"
		case h.whole && (!n.whole || h.body != n.body || !slices.Equal(h.trailers, n.trailers)):
			return "the messages differ"
		case !h.whole && !strings.HasPrefix(n.body, h.body):
			return "the bodies differ"
		}
	}
	return ""
}

// goesOn reports whether there, which begins as here, has more.
func goesOn(here, there []message) bool {
	if len(here) < len(there) || len(here) == 0 {
		return len(here) < len(there)
	}
	h, n := &here[len(here)-1], &there[len(here)-1]
	return n.whole && !h.whole || len(n.body) > len(h.body)
}

// justified reports whether it is known why nothing more was served.
func (o *outcome) justified() bool {
	if o.err == nil { // it closed, as Connection may have it
		if len(o.list) == 0 {
			return false
		}
		last := &o.list[len(o.list)-1]
		return slices.ContainsFunc(last.fields, func(f string) bool { return strings.HasPrefix(f, "Connection: ") })
	}
	return folded(o.rest) || slices.ContainsFunc(divergences, func(d divergence) bool { return d.err == o.err })
}

// folded reports whether a line goes on in the next, before the first empty one. net/http puts the two together; here
// the first may be refused already, by whatever is wrong with it alone.
func folded(section string) bool {
	for line := range strings.Lines(section) {
		switch {
		case line == "\r\n" || line == "\n":
			return false
		case line[0] == ' ' || line[0] == '\t':
			return true
		}
	}
	return false
}
