package ringwire

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
)

// ask sends raw on a connection of its own and returns what f said about the request.
func ask(t *testing.T, s *testServer, raw, method string) answer {
	t.Helper()
	p := s.dial()
	defer p.Close()
	p.send(raw)
	return p.response(method)
}

// The accessors say the same on the loop, where they look into the receive buffer, and in
// a Blocking handler, where they look into a copy.
func TestRequestAccessors(t *testing.T) {
	t.Parallel()
	type say = func(r *Request) string
	for _, tc := range []struct {
		name, raw string
		say       say
		want      string
	}{
		{"method", get("/"), (*Request).Method, "GET"},
		{"extension method", "BREW / HTTP/1.1\r\nHost: t\r\n\r\n", (*Request).Method, "BREW"},
		{"methods are case-sensitive", "get / HTTP/1.1\r\nHost: t\r\n\r\n", (*Request).Method, "get"},
		{"target", get("/a%20b?c=d"), func(r *Request) string { return r.TargetView().String() }, "/a%20b?c=d"},
		{"raw path", get("/a%20b?c=d"), func(r *Request) string { return r.RawPathView().String() }, "/a%20b"},
		{"raw query", get("/a?c=d%20e"), func(r *Request) string { return r.RawQueryView().String() }, "c=d%20e"},
		{"decoded path", get("/a%20b%C3%A4"), (*Request).Path, "/a bä"},
		{"plus is a plus in a path", get("/a+b"), (*Request).Path, "/a+b"},
		{"dot segments are left alone", get("/a/../b"), (*Request).Path, "/a/../b"},
		{"asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n", (*Request).Path, "*"},
		{"absolute-form path", "GET http://test/abs?q HTTP/1.1\r\nHost: test\r\n\r\n", (*Request).Path, "/abs"},
		{"host", get("/"), (*Request).Host, "test"},
		{"host view", get("/"), func(r *Request) string { return r.HostView().String() }, "test"},
		{"absolute-form names the host", "GET http://example.com:81/ HTTP/1.0\r\n\r\n", (*Request).Host, "example.com:81"},
		{"1.1", get("/"), func(r *Request) string { return itoa(r.ProtoMinor()) }, "1"},
		{"1.0", "GET / HTTP/1.0\r\n\r\n", func(r *Request) string { return itoa(r.ProtoMinor()) }, "0"},
		{"header in any case", get("/", "X-A: one", "x-a: two"), func(r *Request) string { return r.Header("X-a") }, "one"},
		{"header that is missing", get("/"), func(r *Request) string { return fmt.Sprint(r.HeaderView("X-A") == nil) }, "true"},
		{"header that is empty", get("/", "X-A:"), func(r *Request) string { return fmt.Sprint(r.HeaderView("X-A") == nil) }, "false"},
		{"header without its whitespace", get("/", "X-A: \t v w \t"), func(r *Request) string { return r.Header("x-a") }, "v w"},
		{"headers in order and spelling", get("/", "B: 1", "a: 2", "B: 3"), sayHeaders, "Host=test;B=1;a=2;B=3;"},
		{"query", get("/?a=1&b=2"), func(r *Request) string { return r.Query("b") }, "2"},
		{"first of several", get("/?a=1&a=2"), func(r *Request) string { return r.Query("a") }, "1"},
		{"decoded query", get("/?x%20y=a+b%26c"), func(r *Request) string { return r.Query("x y") }, "a b&c"},
		{"bad escape stands for itself", get("/?a=%zz%4"), func(r *Request) string { return r.Query("a") }, "%zz%4"},
		{"query without a value", get("/?a&b=1"), sayQuery("a"), `"" true`},
		{"query that is missing", get("/?b=1"), sayQuery("a"), `"" false`},
		{"no query at all", get("/"), sayQuery("a"), `"" false`},
		{"query int", get("/?n=-42"), sayInt("n"), "-42 true"},
		{"query int, decoded", get("/?n=%31%32"), sayInt("n"), "12 true"},
		{"query int of 19 digits", get("/?n=9999999999999999999"), sayInt("n"), "0 false"},
		{"query int, largest", get("/?n=9223372036854775807"), sayInt("n"), "9223372036854775807 true"},
		{"query int, smallest", get("/?n=-9223372036854775808"), sayInt("n"), "-9223372036854775808 true"},
		{"query int, one too large", get("/?n=9223372036854775808"), sayInt("n"), "0 false"},
		{"query int, with leading zeros", get("/?n=000000000000000000000007"), sayInt("n"), "7 true"},
		{"query int, malformed", get("/?n=1x"), sayInt("n"), "0 false"},
		{"query int, a sign alone", get("/?n=-"), sayInt("n"), "0 false"},
		{"query int, missing", get("/"), sayInt("n"), "0 false"},
		{"form", post("/", "a=1&b=x+y%21", formType), func(r *Request) string { return r.Form("b") }, "x y!"},
		{"form with parameters of the type", post("/", "a=1", formType+"; charset=utf-8"), sayForm("a"), `"1" true`},
		{"form in capitals", post("/", "a=1", strings.ToUpper(formType)), sayForm("a"), `"1" true`},
		{"form of another type", post("/", "a=1", "Content-Type: text/plain"), sayForm("a"), `"" false`},
		{"form without a type", post("/", "a=1"), sayForm("a"), `"" false`},
		{"form type that only begins so", post("/", "a=1", formType+"x"), sayForm("a"), `"" false`},
		{"form without a body", get("/?a=1", formType), sayForm("a"), `"" false`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			eachDriver(t, func(t *testing.T, driver string) {
				loop := HandlerFunc(func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(tc.say(r)) })
				handlers := make(chan Handler, 2)
				handlers <- loop
				handlers <- Blocking(loop)
				s := start(t, driver, func(w *ResponseWriter, r *Request) { (<-handlers).ServeHTTP(w, r) })
				method, _, _ := strings.Cut(tc.raw, " ")
				if a := ask(t, s, tc.raw, method); a.StatusCode != 200 || a.body != tc.want {
					t.Errorf("on the loop: got %d %q, want %q", a.StatusCode, a.body, tc.want)
				}
				if a := ask(t, s, tc.raw, method); a.StatusCode != 200 || a.body != tc.want {
					t.Errorf("in a Blocking handler: got %d %q, want %q", a.StatusCode, a.body, tc.want)
				}
			})
		})
	}
}

const formType = "Content-Type: application/x-www-form-urlencoded"

func sayHeaders(r *Request) string {
	var text strings.Builder
	for name, value := range r.Headers() {
		fmt.Fprintf(&text, "%s=%s;", name, value)
	}
	return text.String()
}

func sayQuery(name string) func(*Request) string {
	return func(r *Request) string {
		v, ok := r.QueryView(name)
		return fmt.Sprintf("%q %v", v, ok)
	}
}

func sayInt(name string) func(*Request) string {
	return func(r *Request) string {
		n, ok := r.QueryInt(name)
		return fmt.Sprint(n, ok)
	}
}

func sayForm(name string) func(*Request) string {
	return func(r *Request) string {
		v, ok := r.FormView(name)
		return fmt.Sprintf("%q %v", v, ok)
	}
}

// Registered methods cost no copy; all are told as they were sent (RFC 9110 §9.1).
func TestMethods(t *testing.T) {
	s := start(t, DriverNetpoll, func(w *ResponseWriter, r *Request) { _ = w.Header().Set("X-Method", r.Method()) })
	p := s.dial()
	for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PROPFIND", "Get"} {
		p.send(method + " / HTTP/1.1\r\nHost: t\r\n\r\n")
		if a := p.response(method); a.Header.Get("X-Method") != method {
			t.Errorf("%s is told as %q", method, a.Header.Get("X-Method"))
		}
	}
}

func TestHeadersStopsEarly(t *testing.T) {
	s := start(t, DriverNetpoll, func(w *ResponseWriter, r *Request) {
		for name := range r.Headers() {
			_, _ = w.WriteString(name.String())
			break
		}
	})
	if a := ask(t, s, get("/", "A: 1"), "GET"); a.body != "Host" {
		t.Errorf("got %q, want the first name alone", a.body)
	}
}

// A view that was taken early stays what it was while later ones are decoded.
func TestViewsDoNotMove(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			path := r.PathView()
			first, _ := r.QueryView("v0")
			for i := range 40 {
				v, _ := r.QueryView(fmt.Sprintf("v%d", i))
				if want := fmt.Sprintf("%d %s", i, strings.Repeat("x", 100)); v.String() != want {
					t.Errorf("v%d is %q, want %q", i, v, want)
				}
			}
			fmt.Fprintf(w, "%s|%.4s", path, first)
		})
		var query strings.Builder
		for i := range 40 {
			fmt.Fprintf(&query, "&v%d=%d+%s", i, i, strings.Repeat("x", 100))
		}
		if a := ask(t, s, get("/p%20q?"+query.String()[1:]), "GET"); a.body != "/p q|0 xx" {
			t.Errorf("the first views became %q", a.body)
		}
	})
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		say := HandlerFunc(func(w *ResponseWriter, r *Request) { fmt.Fprint(w, r.RemoteAddr(), " ", r.LocalAddr()) })
		for _, network := range []string{"127.0.0.1:0", "[::1]:0", "[::]:0"} {
			for name, h := range map[string]Handler{"loop": say, "blocking": Blocking(say)} {
				s := &testServer{}
				if !canListen(network) {
					t.Logf("%s: cannot listen there", network)
					continue
				}
				s = start(t, driver, h.ServeHTTP, func(s *Server) { s.Addr = network }, plain)
				_, port, _ := strings.Cut(s.addr[strings.LastIndex(s.addr, ":"):], ":")
				to := netip.MustParseAddrPort("127.0.0.1:" + port)
				if network == "[::1]:0" {
					to = netip.MustParseAddrPort("[::1]:" + port)
				}
				p := dialPeer(t, "tcp", to.String())
				// Dual-stack sockets must not show IPv4 peers in their mapped form.
				want := p.LocalAddr().String() + " " + to.String()
				if a := p.get("/"); a.body != want {
					t.Errorf("%s, %s: addresses are %q, want %q", network, name, a.body, want)
				}
			}
		}
	})
}

// A request is taken apart the same however its bytes arrive.
func TestRequestSplit(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			body, err := r.Body.View()
			fmt.Fprintf(w, "%s|%s|%s|%s|%v", r.Path(), r.Query("q"), r.Header("X-A"), body, err)
		})
		const want = "/a b|c d|e|body|<nil>"
		raw := post("/a%20b?q=c+d", "body", "X-A: e")
		for i := 1; i < len(raw); i++ {
			p := s.dial()
			p.sendSplit(raw[:i], raw[i:])
			p.expect("POST", 200, want, fmt.Sprintf("split at %d", i))
			_ = p.Close()
		}
		p := s.dial()
		for i := range raw {
			p.send(raw[i : i+1])
		}
		p.expect("POST", 200, want, "sent byte by byte")
	})
}

func canListen(addr string) bool {
	ln, err := net.Listen("tcp", addr)
	if err == nil {
		_ = ln.Close()
	}
	return err == nil
}

func FuzzParseInt(f *testing.F) {
	for _, text := range []string{"0", "-1", "9223372036854775807", "-9223372036854775809", "00", "-", "+1", "1_0", "٣"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		n, ok := parseInt([]byte(text))
		want, err := strconv.ParseInt(text, 10, 64)
		if strings.HasPrefix(text, "+") {
			err = strconv.ErrSyntax // a plus is a space in a query
		}
		if ok != (err == nil) || ok && n != want {
			t.Errorf("parseInt(%q) = %d, %v; strconv says %d, %v", text, n, ok, want, err)
		}
	})
}
