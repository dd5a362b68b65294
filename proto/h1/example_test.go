package h1_test

import (
	"fmt"

	"github.com/ringwire/ringwire/proto/h1"
)

// A connection's bytes go in, and what to send comes out.
func Example() {
	lim := h1.Limits{}.WithDefaults()
	var e h1.Engine
	var h h1.Head
	e.Init(h1.Server, &lim)

	in := []byte("GET /hello?you HTTP/1.1\r\nHost: example.com\r\n\r\nGET / HTTP/1.1\r\n\r\n")
	var out []byte
	for {
		ev := e.Next(in, &h)
		in = in[ev.N:]
		switch ev.Kind {
		case h1.HeadDone:
			fmt.Printf("%s %s ? %s for %s\n", h.Method(), h.Path(), h.RawQuery(), h.Authority())
		case h1.Data:
			fmt.Printf("%d bytes of body\n", len(ev.Data))
		case h1.End:
			out = e.AppendResponseHead(out, &h1.ResponseHead{Status: 200, ContentLength: 3})
			out = append(out, "hi\n"...)
			e.FinishResponse()
		case h1.Fail:
			fmt.Println(ev.Err)
			out = e.AppendError(out, ev.Err, nil)
			fmt.Printf("%d bytes to send, then close\n", len(out))
			return
		default:
			return
		}
	}
	// Output:
	// GET /hello ? you for example.com
	// h1: Host is missing (RFC 9112 §3.2)
	// 165 bytes to send, then close
}
