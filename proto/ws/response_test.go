package ws

import (
	"strings"
	"testing"
)

// asked is the request that test responses answer.
func asked() *Request {
	return &Request{Host: "server.example.com", Target: "/chat", Key: [KeySize]byte([]byte("dGhlIHNhbXBsZSBub25jZQ==")),
		Protocols: []string{"chat", "superchat"}, Compress: &Options{}}
}

const switched = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

// respond is the sample with more lines.
func respond(more ...string) string {
	return switched + strings.Join(append(more, ""), "\r\n") + "\r\n"
}

// read reads a response that comes byte by byte if slow, with frames behind it.
func read(t *testing.T, in string, q *Request, slow bool) (Response, int, *HandshakeError) {
	var r Response
	p := in + "\x81\x05Hello"
	for i := 1; slow && i < len(in); i++ {
		if n, err := r.Read([]byte(p[:i]), q); n != 0 || err != nil {
			t.Fatalf("%q: %d, %v before its end", p[:i], n, err)
		}
	}
	n, err := r.Read([]byte(p), q)
	return r, n, err
}

func TestReadResponse(t *testing.T) {
	for _, v := range []struct {
		name, in string
		want     *HandshakeError
	}{
		{"the sample", respond("Sec-WebSocket-Protocol: chat"), nil},
		{"as little as may be", respond(), nil},
		{"no reason", strings.Replace(respond(), " Switching Protocols", "", 1), nil},
		{"an empty reason", strings.Replace(respond(), "Switching Protocols", "", 1), nil},
		{"other cases", strings.NewReplacer("Upgrade: websocket", "UPGRADE:WebSocket", "Connection: Upgrade", "connection: foo , upgrade").Replace(respond()), nil},
		{"interim responses", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + respond(), nil},
		{"HTTP/1.0", strings.Replace(respond(), "1.1", "1.0", 1), ErrResponse},
		{"HTTP/2", strings.Replace(respond(), "HTTP/1.1", "HTTP/2.0", 1), ErrResponse},
		{"no HTTP", "SSH-2.0-OpenSSH_9.2p1\r\n\r\n", ErrResponse},
		{"no status", "HTTP/1.1 OK\r\n\r\n", ErrResponse},
		{"a status of four digits", strings.Replace(respond(), "101", "1010", 1), ErrResponse},
		{"a status of none", strings.Replace(respond(), "101", "099", 1), ErrResponse},
		{"a bare LF", strings.Replace(respond(), "101 Switching", "101 \nSwitching", 1), ErrResponse},
		{"a field without a colon", respond("nonsense"), ErrResponse},
		{"a field without a name", respond(": nonsense"), ErrResponse},
		{"a space before a colon", respond("Foo : bar"), ErrResponse},
		{"a folded line", respond("Foo: bar", " baz"), ErrResponse},
		{"a NUL", respond("Foo: b\x00r"), ErrResponse},
		{"200", strings.Replace(respond(), "101", "200", 1), ErrNotSwitched},
		{"404", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", ErrNotSwitched},
		{"no Upgrade", strings.Replace(respond(), "Upgrade: websocket\r\n", "", 1), ErrResponseUpgrade},
		{"another Upgrade", strings.Replace(respond(), "websocket", "h2c", 1), ErrResponseUpgrade},
		{"two Upgrades", respond("Upgrade: websocket"), ErrResponseUpgrade},
		{"no Connection", strings.Replace(respond(), "Connection: Upgrade\r\n", "", 1), ErrResponseConnect},
		{"another Connection", strings.Replace(respond(), "Connection: Upgrade", "Connection: close", 1), ErrResponseConnect},
		{"no accept", strings.Replace(respond(), "Sec-WebSocket-Accept", "Sec-WebSocket-Except", 1), ErrAccept},
		{"another accept", strings.Replace(respond(), "s3pP", "S3pP", 1), ErrAccept},
		{"two accepts", respond("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), ErrAccept},
		{"a protocol that nobody wanted", respond("Sec-WebSocket-Protocol: other"), ErrProtocol},
		{"a list of protocols", respond("Sec-WebSocket-Protocol: chat, superchat"), ErrProtocol},
		{"two protocols", respond("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Protocol: superchat"), ErrProtocol},
		{"an empty protocol", respond("Sec-WebSocket-Protocol: "), ErrProtocol},
		{"another extension", respond("Sec-WebSocket-Extensions: foo"), ErrExtension},
		{"an extension twice", respond("Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate"), ErrExtension},
		{"an extension twice in lines", respond("Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Extensions: permessage-deflate"), ErrExtension},
		{"a malformed extension", respond("Sec-WebSocket-Extensions: permessage-deflate;"), ErrExtensionResponse},
		{"a parameter without its value", respond("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"), ErrExtensionTerms},
		{"an unknown parameter", respond("Sec-WebSocket-Extensions: permessage-deflate; foo"), ErrExtensionTerms},
	} {
		for _, slow := range []bool{false, true} {
			r, n, err := read(t, v.in, asked(), slow)
			if err != v.want {
				t.Errorf("%s: %v, want %v", v.name, err, v.want)
			}
			if err == nil && (n != len(v.in) || r.Status != 101 || !strings.HasSuffix(v.in, string(r.Head))) {
				t.Errorf("%s: %d bytes of %d, %d, head %q", v.name, n, len(v.in), r.Status, r.Head)
			}
			if err == ErrNotSwitched && (r.Status == 101 || string(r.Head) != v.in) {
				t.Errorf("%s: %d %q", v.name, r.Status, r.Head)
			}
		}
	}
	if r, _, _ := read(t, respond("Sec-WebSocket-Protocol: superchat"), asked(), false); r.Protocol != "superchat" {
		t.Errorf("protocol %q", r.Protocol)
	}
	if _, _, err := read(t, respond("Sec-WebSocket-Extensions: permessage-deflate"), &Request{Key: asked().Key}, false); err != ErrExtension {
		t.Errorf("an extension that was not offered: %v", err)
	}
}

// What a client offered, what the server answers, and what is in force then.
func TestTerms(t *testing.T) {
	for _, v := range []struct {
		o      Options
		answer string
		want   *Compression // but for Enabled and Threshold; nil: it does not correspond
	}{
		{Options{}, "permessage-deflate", &Compression{ServerWindow: 15, ClientWindow: 15}},
		{Options{}, "permessage-deflate; server_max_window_bits=9", &Compression{ServerWindow: 9, ClientWindow: 15}},
		{Options{}, "permessage-deflate; client_max_window_bits=9", &Compression{ServerWindow: 15, ClientWindow: 9}},
		{Options{}, "permessage-deflate; server_no_context_takeover", &Compression{ServerNoContext: true, ServerWindow: 15, ClientWindow: 15}},
		{Options{}, "permessage-deflate; client_no_context_takeover", &Compression{ClientNoContext: true, ServerWindow: 15, ClientWindow: 15}},
		{Options{ClientNoContext: true}, "permessage-deflate", &Compression{ClientNoContext: true, ServerWindow: 15, ClientWindow: 15}},
		{Options{ServerNoContext: true}, "permessage-deflate; server_no_context_takeover", &Compression{ServerNoContext: true, ServerWindow: 15, ClientWindow: 15}},
		{Options{ServerNoContext: true}, "permessage-deflate", nil},
		{Options{ServerWindow: 10}, "permessage-deflate; server_max_window_bits=10", &Compression{ServerWindow: 10, ClientWindow: 15}},
		{Options{ServerWindow: 10}, "permessage-deflate; server_max_window_bits=11", nil},
		{Options{ServerWindow: 10}, "permessage-deflate", nil},
		{Options{ClientWindow: 10}, "permessage-deflate", &Compression{ServerWindow: 15, ClientWindow: 10}},
		{Options{ClientWindow: 10}, "permessage-deflate; client_max_window_bits=9", &Compression{ServerWindow: 15, ClientWindow: 9}},
		{Options{ClientWindow: 10}, "permessage-deflate; client_max_window_bits=11", nil},
		{Options{}, "permessage-deflate; server_max_window_bits=16", nil},
	} {
		q := asked()
		q.Compress = &v.o
		r, _, err := read(t, respond("Sec-WebSocket-Extensions: "+v.answer), q, false)
		if v.want == nil {
			if err != ErrExtensionTerms {
				t.Errorf("%+v, answered %s: %v, want %v", v.o, v.answer, err, ErrExtensionTerms)
			}
			continue
		}
		v.want.Enabled, v.want.Threshold = true, 256
		if err != nil || r.Compression != *v.want {
			t.Errorf("%+v, answered %s: %+v, %v, want %+v", v.o, v.answer, r.Compression, err, *v.want)
		}
	}
}

// Whatever both sides want, they end up with the same.
func TestBothSidesAgree(t *testing.T) {
	var all []Options
	for i := range 4 {
		for _, windows := range [][2]uint8{{0, 0}, {9, 0}, {0, 9}, {12, 14}} {
			all = append(all, Options{ServerNoContext: i&1 != 0, ClientNoContext: i&2 != 0, ServerWindow: windows[0], ClientWindow: windows[1]})
		}
	}
	for _, client := range all {
		for _, server := range all {
			q := asked()
			q.Compress = &client
			head, err := AppendRequest(nil, q)
			if err != nil {
				t.Fatal(err)
			}
			f := lines(strings.Split(strings.TrimSuffix(string(head), "\r\n\r\n"), "\r\n")[1:])
			if _, err := CheckRequest([]byte("GET"), 1, f); err != nil {
				t.Fatal(err)
			}
			c := Negotiate(f, &server)
			r, _, herr := read(t, respond("Sec-WebSocket-Extensions: "+string(c.AppendExtensions(nil))), q, false)
			got := r.Compression
			c.serverSaid, c.clientSaid = false, false
			if got.ServerWindow > c.ServerWindow || got.ClientWindow > c.ClientWindow || // a side may do with less than it could
				got.ServerNoContext != c.ServerNoContext || !got.ClientNoContext && c.ClientNoContext || !got.Enabled || herr != nil {
				t.Errorf("client %+v, server %+v: the client has %+v, %v, the server %+v", client, server, got, herr, c)
			}
		}
	}
}

func TestResponseTooLarge(t *testing.T) {
	var r Response
	p := []byte(switched + "X: " + strings.Repeat("x", MaxResponse))
	for i := 0; i <= len(p); i += 1000 {
		n, err := r.Read(p[:i], asked())
		if want := i >= MaxResponse; n != 0 || (err == ErrResponseTooLarge) != want {
			t.Fatalf("%d bytes: %d, %v", i, n, err)
		}
	}
	// Byte after byte it is not searched from its beginning.
	r = Response{}
	for i := range 4000 {
		if _, err := r.Read(p[:i], asked()); err != nil || r.scanned < i-3 {
			t.Fatalf("%d bytes: scanned %d, %v", i, r.scanned, err)
		}
	}
}

func FuzzResponse(f *testing.F) {
	f.Add([]byte(respond("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10")))
	f.Add([]byte("HTTP/1.1 100 Continue\r\n\r\n" + respond()))
	f.Add([]byte("HTTP/1.1 404 Not Found\r\n\r\n"))
	f.Add([]byte(respond("a: b", " c: d")))
	q := asked()
	f.Fuzz(func(t *testing.T, p []byte) {
		var whole Response
		n, err := whole.Read(p, q)
		if n < 0 || n > len(p) || n == 0 && len(whole.Head) > 0 && err == nil && whole.Status >= 200 {
			t.Fatalf("%d of %d", n, len(p))
		}
		if err == nil && n > 0 && (whole.Status != 101 || whole.Protocol != "" && whole.Protocol != "chat" && whole.Protocol != "superchat") {
			t.Fatalf("%+v", whole)
		}
		var slow Response
		for i := 0; i <= len(p); i++ {
			m, e := slow.Read(p[:i], q)
			if m == 0 && e == nil && i < len(p) {
				continue
			}
			if m != n || e != err || slow.Status != whole.Status || slow.Compression != whole.Compression || slow.Protocol != whole.Protocol {
				t.Fatalf("byte by byte %d %v %+v, whole %d %v %+v", m, e, slow, n, err, whole)
			}
			break
		}
	})
}
