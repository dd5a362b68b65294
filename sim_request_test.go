package ringwire

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"strings"

	"github.com/ringwire/ringwire/proto/h1"
)

// simRequest is a request and the answer to it.
type simRequest struct {
	kind    string
	method  string
	raw     string
	status  int
	body    string
	mark    string // the answer's X-Mark
	trailer string // the answer's X-Sum
	expect  bool   // 100 (Continue) may come first
}

// newSimRequest makes a request with its own mark; the last one may end the connection.
func newSimRequest(rng *rand.Rand, mark string, blocking bool, end simEnd, last bool) simRequest {
	kinds := simKinds
	switch {
	case last && end == endServer:
		kinds = simLastKinds
	case last && end == endCut:
		kinds = simCutKinds
	}
	kind := kinds[rng.IntN(len(kinds))]
	if blocking && rng.IntN(2) == 0 {
		kind.path = "/b" + kind.path
	}
	r := simRequest{kind: kind.path, mark: mark, status: 200}
	kind.make(rng, &r, kind.path+"/"+mark)
	return r
}

type simKind struct {
	path string
	make func(rng *rand.Rand, r *simRequest, path string)
}

var simKinds = []simKind{
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "")
		r.body = path + "\n"
	}},
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "")
		r.method, r.raw = "HEAD", strings.Replace(r.raw, "GET", "HEAD", 1)
	}},
	{"/none", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "")
		r.status = 204
	}},
	{"/big", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1<<rng.IntN(20)))
		r.get(path+"?n="+itoa(len(r.body)), "")
	}},
	{"/whole", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1<<rng.IntN(17)))
		r.get(path+"?n="+itoa(len(r.body)), "")
	}},
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		body := simText(r.mark, rng.IntN(1500))
		r.post(rng, path, body, "")
		r.body = path + "\n" + body
	}},
	{"/pieces", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1500))
		r.post(rng, path, r.body, "")
		r.trailer = itoa(len(r.body))
	}},
	{"/stream", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1500)) // arrives before the handler is called
		r.post(rng, path, r.body, "")
		r.trailer = itoa(len(r.body))
	}},
	{"/sink", func(rng *rand.Rand, r *simRequest, path string) {
		body := simText(r.mark, rng.IntN(min(simMaxBody, 1<<rng.IntN(20))))
		r.post(rng, path, body, "")
		r.body = fmt.Sprintf("%d bytes, sum %x", len(body), crc32.ChecksumIEEE([]byte(body)))
	}},
}

// simLastKinds end the connection after the answer.
var simLastKinds = []simKind{
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "Connection: close\r\n")
		r.body = path + "\n"
	}},
	{"/pieces", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1500))
		r.post(rng, path, r.body, "Connection: close\r\n")
		r.trailer = itoa(len(r.body))
	}},
	{"/big", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(300_000))
		r.get(path+"?n="+itoa(len(r.body)), "Connection: close\r\n")
		r.raw += "GET /surplus HTTP/1.1\r\nHost: sim\r\n\r\n" // not answered, and no reset either
	}},
	{"/stream", func(rng *rand.Rand, r *simRequest, path string) {
		// An answer that begins before the body has ended says Connection: close.
		r.body = simText(r.mark, 2500+rng.IntN(100_000))
		r.post(rng, path, r.body, closeIfBlocking(path))
		r.trailer = itoa(len(r.body))
	}},
	{"/ignore", func(rng *rand.Rand, r *simRequest, path string) {
		r.post(rng, path, simText(r.mark, 3000+rng.IntN(90_000)), closeIfBlocking(path))
		r.body = path + "\n"
	}},
	{"/sink", func(rng *rand.Rand, r *simRequest, path string) {
		body := simText(r.mark, simMaxBody+1+rng.IntN(300_000))
		if strings.HasPrefix(path, "/b") { // in chunks the handler would be at work already
			r.raw = r.head(rng, path, "") + withLength(body)
		} else {
			r.post(rng, path, body, "")
		}
		r.refused(413, "request body is too large")
	}},
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "No-Field : x\r\n")
		r.refused(400, "whitespace between field name and colon")
		r.raw += simText(r.mark, rng.IntN(200_000))
	}},
}

// closeIfBlocking asks for the end: a worker may be so late that the body has ended before
// the answer begins, and the connection persists.
func closeIfBlocking(path string) string {
	if strings.HasPrefix(path, "/b") {
		return "Connection: close\r\n"
	}
	return ""
}

// simCutKinds break off in the middle.
var simCutKinds = []simKind{
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "")
		r.raw = r.raw[:1+rng.IntN(len(r.raw)-1)]
		r.refused(400, h1.ErrTruncatedHead.Text)
	}},
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.raw = r.head(rng, path, "") + withLength(simText(r.mark, 1000))
		r.raw = r.raw[:len(r.raw)-1-rng.IntN(1000)]
		r.refused(400, h1.ErrTruncatedBody.Text)
	}},
	{"/sink", func(rng *rand.Rand, r *simRequest, path string) {
		r.raw = r.head(rng, path, "") + inChunks(rng, simText(r.mark, 90_000), "")
		r.raw = r.raw[:len(r.raw)-4-rng.IntN(90_000)]
		r.refused(400, h1.ErrTruncatedBody.Text)
	}},
}

func (r *simRequest) get(target, fields string) {
	r.method = "GET"
	r.raw = "GET " + target + " HTTP/1.1\r\nHost: sim\r\n" + fields + "\r\n"
}

// post sends the body with its length or in chunks of any size.
func (r *simRequest) post(rng *rand.Rand, path, body, fields string) {
	r.raw = r.head(rng, path, fields)
	if rng.IntN(2) == 0 {
		r.raw += withLength(body)
	} else {
		r.raw += inChunks(rng, body, r.mark)
	}
}

// head is the beginning of a POST's head.
func (r *simRequest) head(rng *rand.Rand, path, fields string) string {
	r.method = "POST"
	if rng.IntN(4) == 0 {
		r.expect, fields = true, fields+"Expect: 100-continue\r\n"
	}
	return "POST " + path + " HTTP/1.1\r\nHost: sim\r\n" + fields
}

func withLength(body string) string {
	return "Content-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}

// inChunks is the body in chunks, some with an extension, and perhaps a trailer.
func inChunks(rng *rand.Rand, body, mark string) string {
	var raw strings.Builder
	raw.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	for len(body) > 0 {
		n := min(len(body), 1+rng.IntN(1<<rng.IntN(16)))
		ext := ""
		if rng.IntN(8) == 0 {
			ext = ";x=\"y\""
		}
		fmt.Fprintf(&raw, "%x%s\r\n%s\r\n", n, ext, body[:n])
		body = body[n:]
	}
	raw.WriteString("0\r\n")
	if rng.IntN(2) == 0 {
		raw.WriteString("X-Trailer: " + mark + "\r\n")
	}
	raw.WriteString("\r\n")
	return raw.String()
}

// refused expects the server's own answer.
func (r *simRequest) refused(status int, why string) {
	r.status, r.mark = status, ""
	r.body = why + "\n"
}

// simText is n bytes that say whose they are at every place.
func simText(mark string, n int) string {
	var text strings.Builder
	for i := 0; text.Len() < n; i++ {
		text.WriteString(mark)
		text.WriteByte('.')
		text.WriteString(itoa(i))
		text.WriteByte(' ')
	}
	return text.String()[:n]
}
