package ringwire

import (
	"strings"
	"testing"
)

// What RFC 6455 §4.2.1 asks of a request is asked, and who does not comply hears why.
func TestWebSocketRefused(t *testing.T) {
	t.Parallel()
	good := wsGet("/ws")
	without := func(name string) string {
		var kept []string
		for _, l := range strings.SplitAfter(good, "\r\n") {
			if !strings.HasPrefix(l, name+":") {
				kept = append(kept, l)
			}
		}
		return strings.Join(kept, "")
	}
	with := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	eachDriver(t, func(t *testing.T, driver string) {
		cfg := &WebSocketConfig{OnOpen: func(*WebSocket) { t.Error("it was opened") }}
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if ws, err := Upgrade(w, r, cfg); ws != nil || err == nil {
				t.Errorf("Upgrade returned %v, %v", ws, err)
			}
		})
		for _, tc := range []struct {
			status   int
			raw, why string
		}{
			{426, get("/ws"), "it asks for no upgrade"},
			{426, without("Upgrade"), "no Upgrade"},
			{400, without("Connection"), "no Connection"},
			{400, without("Sec-WebSocket-Key"), "no key"},
			{426, without("Sec-WebSocket-Version"), "no version"},
			{426, with("Version: 13", "Version: 8"), "another version (§4.4)"},
			{426, with("Upgrade: websocket", "Upgrade: h2c"), "another protocol"},
			{400, with("Connection: Upgrade", "Connection: close"), "Connection without upgrade"},
			{400, with(wsKey, "dGhlIHNhbXBsZQ=="), "a key of 10 bytes"},
			{400, with(wsKey, "!GhlIHNhbXBsZSBub25jZQ=="), "a key that is not base64"},
			{400, good[:len(good)-2] + "Sec-WebSocket-Key: " + wsKey + "\r\n\r\n", "two keys"},
			{400, good[:len(good)-2] + "Content-Length: 2\r\n\r\nhi", "a body (RFC 9110 §7.8)"},
			{403, good[:len(good)-2] + "Origin: https://evil.example\r\n\r\n", "a page of another origin"},
			{403, good[:len(good)-2] + "Origin: null\r\n\r\n", "an opaque origin"},
			{403, good[:len(good)-2] + "Origin: https://\r\n\r\n", "an origin without a host"},
			{403, good[:len(good)-2] + "Origin: http://test:81\r\n\r\n", "another port is another origin"},
		} {
			p := s.dial()
			p.send(tc.raw)
			a := p.response("GET")
			if a.StatusCode != tc.status || len(a.body) < 5 {
				t.Errorf("got %d %q, want %d and a word why: %s", a.StatusCode, a.body, tc.status, tc.why)
			}
			if v := a.Header.Get("Sec-WebSocket-Version"); (v == "13") != (tc.status == 426) {
				t.Errorf("Sec-WebSocket-Version is %q: %s", v, tc.why)
			}
			_ = p.Close()
		}
		p := s.dial()
		p.send(strings.Replace(good, "GET", "POST", 1))
		if a := p.response("POST"); a.StatusCode < 400 {
			t.Errorf("POST got %d", a.StatusCode)
		}
		if n := s.Stats().WebSocket.Refused; n != 17 {
			t.Errorf("%d refusals were counted, want 17", n)
		}
	})
}

// Whose pages may connect.
func TestWebSocketOrigin(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := wsServer(t, driver, nil)
		for _, origin := range []string{"http://test", "https://test", "HTTP://TEST", "http://test:80", "https://test:443"} {
			s.dialWS("Origin: " + origin).leave()
		}
		s = wsServer(t, driver, &WebSocketConfig{CheckOrigin: func(r *Request) bool { return r.Header("Origin") == "null" }})
		s.dialWS("Origin: null").leave()
		p := s.dial()
		p.send(wsGet("/"))
		p.expect("GET", 403, "pages of this origin may not connect\n", "CheckOrigin is asked about requests without one, too")
	})
}

// Subprotocols are agreed on, or not.
func TestWebSocketSubprotocols(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		protos := make(chan string, 1)
		s := wsServer(t, driver, &WebSocketConfig{
			Subprotocols: []string{"v2.example", "v1.example"},
			OnOpen:       func(ws *WebSocket) { protos <- ws.Subprotocol() },
		})
		for _, tc := range []struct {
			want   string
			fields []string
		}{
			{"", nil},
			{"", []string{"Sec-WebSocket-Protocol: v3.example"}},
			{"v1.example", []string{"Sec-WebSocket-Protocol: x, v1.example"}},
			{"v2.example", []string{"Sec-WebSocket-Protocol: v1.example", "Sec-WebSocket-Protocol: v2.example"}},
		} {
			p := &wsPeer{s.dial()}
			p.send(wsGet("/", tc.fields...))
			if got := p.expectSwitch().Header.Values("Sec-WebSocket-Protocol"); strings.Join(got, "|") != tc.want {
				t.Errorf("the answer says %q, want %q", got, tc.want)
			}
			if got := <-protos; got != tc.want {
				t.Errorf("Subprotocol is %q, want %q", got, tc.want)
			}
		}
	})
}

// Who may connect can be looked up where one may wait; the handler's own fields go out.
func TestWebSocketUpgradeBlocking(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		cfg := &WebSocketConfig{OnMessage: echo}
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			_ = w.Header().Set("Set-Cookie", "a=b")
			_ = w.Header().Set("Sec-WebSocket-Protocol", "mine")
			_, _ = w.WriteString("dropped")
			ws, err := Upgrade(w, r, cfg)
			if (err == nil) != (r.Path() == "/ws") {
				t.Errorf("%s: %v", r.Path(), err)
			}
			if err == nil && ws.SendText("too early") != ErrConnClosed {
				t.Error("before it was open a message was sent")
			}
		})).ServeHTTP)
		p := &wsPeer{s.dial()}
		p.send(get("/other"))
		p.response("GET")
		p.send(wsGet("/ws") + text("early"))
		h := p.expectSwitch().Header
		if h.Get("Set-Cookie") != "a=b" || h.Get("Sec-WebSocket-Protocol") != "" {
			t.Errorf("the answer's fields are %v", h)
		}
		p.expectText("early", "")
		p.leave()
	})
}

// What comes after Upgrade in a handler can spoil it, and what came before, too.
func TestWebSocketUpgradeMisuse(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		cfg := &WebSocketConfig{OnOpen: func(*WebSocket) { t.Error("it was opened") }, OnClose: func(*WebSocket, *CloseError) { t.Error("it was closed") }}
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			switch r.Path() {
			case "/panic":
				_, _ = Upgrade(w, r, cfg)
				panic("after all")
			case "/error":
				_, _ = Upgrade(w, r, cfg)
				Error(w, "no", 404)
			case "/late":
				_ = w.Flush()
				if _, err := Upgrade(w, r, cfg); err != ErrUpgrade {
					t.Errorf("after Flush: %v, want ErrUpgrade", err)
				}
			case "/twice":
				_, _ = Upgrade(w, r, cfg)
				if _, err := Upgrade(w, r, cfg); err != ErrUpgrade {
					t.Errorf("the second time: %v, want ErrUpgrade", err)
				}
				w.Reset()
			}
		})
		for path, status := range map[string]int{"/panic": 500, "/error": 404, "/late": 200, "/twice": 200} {
			p := s.dial()
			p.send(wsGet(path))
			if a := p.response("GET"); a.StatusCode != status {
				t.Errorf("%s: got %d, want %d", path, a.StatusCode, status)
			}
		}
	})
}
