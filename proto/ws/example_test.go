package ws_test

import (
	"fmt"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/ws"
)

// A server that echoes: a connection's bytes go in, and what to send comes out.
func Example() {
	alloc := mem.NewAllocator(mem.Config{})
	defer alloc.Close()
	lim := ws.Limits{}.WithDefaults()
	var e ws.Engine
	e.Init(ws.Server, &lim, alloc.Account("messages"))
	defer e.Release()
	var out mem.Writer
	out.Init(alloc, 4096)
	defer out.Release()
	var none [4]byte // a server does not mask

	in := []byte("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58" + "\x88\x82\x37\xfa\x21\x3d\x34\x12")
	for {
		ev := e.Next(in)
		in = in[ev.N:]
		switch ev.Kind {
		case ws.Message:
			fmt.Printf("%s\n", ev.Data)
			_ = e.AppendMessage(&out, ev.Op, ev.Data, none)
			continue
		case ws.CloseFrame:
			fmt.Println("closed with", ev.Code)
			_ = e.AppendClose(&out, ev.Code, "", none)
		case ws.Fail:
			e.AppendError(&out, ev.Err, none)
		}
		break
	}
	fmt.Printf("%q\n", out.Segments().Flatten())
	// Output:
	// Hello
	// closed with 1000
	// "\x81\x05Hello\x88\x02\x03\xe8"
}

func ExampleCheckRequest() {
	request := fields{{"Upgrade", "websocket"}, {"Connection", "Upgrade"}, {"Sec-WebSocket-Version", "13"},
		{"Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="}, {"Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"}}
	key, err := ws.CheckRequest([]byte("GET"), 1, request)
	if err != nil {
		fmt.Println(err.Status, err)
		return
	}
	c := ws.Negotiate(request, &ws.Options{ClientWindow: 12})
	fmt.Printf("Sec-WebSocket-Accept: %s\n", ws.AppendAccept(nil, key))
	fmt.Printf("Sec-WebSocket-Extensions: %s\n", c.AppendExtensions(nil))
	// Output:
	// Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=
	// Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12
}

// fields stands for an h1.Head.
type fields [][2]string

func (f fields) Len() int { return len(f) }

func (f fields) At(i int) (name, value []byte) { return []byte(f[i][0]), []byte(f[i][1]) }
