package ws

import (
	"strings"
	"testing"

	"github.com/ringwire/ringwire/proto/h1"
)

func TestAppendRequest(t *testing.T) {
	q := asked()
	q.Origin = "http://example.com"
	q.Fields = []Field{{"Authorization", "Bearer x"}}
	got, err := AppendRequest([]byte("before "), q)
	want := "before GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n" +
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nAuthorization: Bearer x\r\n\r\n"
	if string(got) != want || err != nil {
		t.Errorf("%v\n%q\n%q", err, got, want)
	}
	got, err = AppendRequest(nil, &Request{Host: "x", Key: q.Key})
	want = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if string(got) != want || err != nil {
		t.Errorf("%v\n%q\n%q", err, got, want)
	}
}

func TestOffers(t *testing.T) {
	for want, o := range map[string]Options{
		"permessage-deflate; client_max_window_bits":                              {},
		"permessage-deflate; server_no_context_takeover; client_max_window_bits":  {ServerNoContext: true},
		"permessage-deflate; client_no_context_takeover; client_max_window_bits":  {ClientNoContext: true},
		"permessage-deflate; server_max_window_bits=10; client_max_window_bits=9": {ServerWindow: 10, ClientWindow: 9},
	} {
		if got := string(o.appendOffer(nil)); got != want {
			t.Errorf("%+v: %s", o, got)
		}
	}
}

// What a user gives cannot become another request, or a second one.
func TestBadRequests(t *testing.T) {
	for name, change := range map[string]func(q *Request){
		"no host":                  func(q *Request) { q.Host = "" },
		"a host with a line end":   func(q *Request) { q.Host = "x\r\nFoo: bar" },
		"a target with a space":    func(q *Request) { q.Target = "/a b" },
		"a target with a line end": func(q *Request) { q.Target = "/a\r\n" },
		"a target not in ASCII":    func(q *Request) { q.Target = "/ä" },
		"a target without a slash": func(q *Request) { q.Target = "a" },
		"no key":                   func(q *Request) { q.Key = [KeySize]byte{} },
		"an origin with a NUL":     func(q *Request) { q.Origin = "a\x00" },
		"an empty protocol":        func(q *Request) { q.Protocols = []string{""} },
		"a protocol with a comma":  func(q *Request) { q.Protocols = []string{"a,b"} },
		"a protocol twice":         func(q *Request) { q.Protocols = []string{"a", "b", "a"} },
		"a name with a space":      func(q *Request) { q.Fields = []Field{{"a b", "c"}} },
		"a value with a line end":  func(q *Request) { q.Fields = []Field{{"a", "b\r\nc: d"}} },
		"a key of the user's":      func(q *Request) { q.Fields = []Field{{"sec-WebSocket-Key", "x"}} },
		"a body":                   func(q *Request) { q.Fields = []Field{{"Content-Length", "3"}} },
	} {
		q := asked()
		change(q)
		if got, err := AppendRequest([]byte("x"), q); err != ErrBadRequest || string(got) != "x" {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// A client of this package and the HTTP/1.1 engine below a server of it understand each other.
func TestHandshakeOverH1(t *testing.T) {
	q := asked()
	in, err := AppendRequest(nil, q)
	if err != nil {
		t.Fatal(err)
	}
	lim := h1.Limits{}.WithDefaults()
	var e h1.Engine
	var h h1.Head
	e.Init(h1.Server, &lim)
	if ev := e.Next(in, &h); ev.Kind != h1.HeadDone || !strings.EqualFold(string(h.Upgrade()), "websocket") {
		t.Fatalf("%+v", ev)
	}
	key, herr := CheckRequest(h.Method(), h.Minor(), &h)
	if herr != nil {
		t.Fatal(herr)
	}
	c := Negotiate(&h, &Options{})
	if n := testing.AllocsPerRun(10, func() {
		_, _ = CheckRequest(h.Method(), h.Minor(), &h)
		c = Negotiate(&h, &Options{})
	}); n != 0 {
		t.Errorf("a handshake allocates %v times", n)
	}
	var f h1.Fields
	for name, value := range map[string]string{
		"Upgrade": "websocket", "Sec-WebSocket-Accept": string(AppendAccept(nil, key)),
		"Sec-WebSocket-Protocol": SelectProtocol(&h, []string{"superchat"}), "Sec-WebSocket-Extensions": string(c.AppendExtensions(nil)),
	} {
		if err := f.Add(name, value); err != nil {
			t.Fatal(err)
		}
	}
	_ = e.Next(nil, &h) // its end
	out := e.AppendResponseHead(nil, &h1.ResponseHead{Status: 101, Fields: &f})
	var r Response
	if n, err := r.Read(out, q); n != len(out) || err != nil || r.Protocol != "superchat" || !r.Compression.Enabled {
		t.Errorf("%d, %v, %+v of\n%s", n, err, r, out)
	}
}

// A request that a server takes is one that this client could have sent, as far as the handshake goes; garbage in a
// field never becomes an agreement that the other side does not share.
func FuzzHandshake(f *testing.F) {
	f.Add("chat, superchat", "permessage-deflate; client_max_window_bits", uint8(0), uint8(0))
	f.Add("a", "foo; a=\"b\\c\", permessage-deflate; server_max_window_bits=10", uint8(9), uint8(12))
	f.Add("", "permessage-deflate; server_no_context_takeover; client_max_window_bits=8,,", uint8(15), uint8(8))
	f.Fuzz(func(t *testing.T, protocols, extensions string, serverWindow, clientWindow uint8) {
		fields := with("Sec-WebSocket-Protocol", "Sec-WebSocket-Protocol: "+protocols, "Sec-WebSocket-Extensions: "+extensions)
		_, err := CheckRequest([]byte("GET"), 1, fields)
		if err != nil && err != ErrBadExtensions && err != ErrBadProtocols {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		o := &Options{ServerWindow: serverWindow, ClientWindow: clientWindow}
		c := Negotiate(fields, o)
		answer := string(c.AppendExtensions(nil))
		if !c.Enabled {
			if answer != "" {
				t.Fatal(answer)
			}
			return
		}
		if !strings.Contains(extensions, "permessage-deflate") || c.ServerWindow < 8 || c.ServerWindow > 15 || c.ClientWindow < 8 || c.ClientWindow > 15 {
			t.Fatalf("%q: %+v", extensions, c)
		}
		q := asked()
		q.Compress = &Options{}
		r, _, err := read(t, respond("Sec-WebSocket-Extensions: "+answer), q, false)
		if err != nil || r.Compression.ServerWindow != c.ServerWindow || r.Compression.ClientWindow != c.ClientWindow {
			t.Fatalf("answer %q: %v, the client has %+v, the server %+v", answer, err, r.Compression, c)
		}
	})
}
