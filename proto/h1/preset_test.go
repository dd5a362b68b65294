package h1

import "testing"

// A preset says the same as the long way round, or nothing.
func TestPresetEqualsHead(t *testing.T) {
	date := AppendDate(nil, 784111777)
	var preset Preset
	preset.Make(date, "text/plain")
	for _, c := range []struct {
		request string
		ok      bool
		why     string
	}{
		{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", true, "an ordinary request"},
		{"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", true, "a body changes nothing"},
		{"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", false, "no body follows"},
		{"GET / HTTP/1.0\r\n\r\n", false, "the connection ends"},
		{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false, "keep-alive must be said"},
		{"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", false, "close must be said"},
		{"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", false, "a tunnel has no length"},
		{"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n", false, "the body must not be waited for"},
	} {
		long, short := await(t, c.request), await(t, c.request)
		want := string(long.AppendResponseHead([]byte("before"), &ResponseHead{Status: 200, ContentLength: 123, Date: date, Type: "text/plain"}))
		got, ok := short.AppendPreset([]byte("before"), &preset, 123)
		switch {
		case ok != c.ok:
			t.Errorf("%q: ok = %v: %s", c.request, ok, c.why)
		case ok && string(got) != want:
			t.Errorf("%q: got %q, want %q", c.request, got, want)
		case ok && short.FinishResponse() != long.FinishResponse():
			t.Errorf("%q: the two ways disagree about persistence", c.request)
		case !ok && string(got) != "before":
			t.Errorf("%q: refused, but appended %q", c.request, got)
		}
	}
}

// A preset is made again every second, and must not grow by that.
func TestPresetRemade(t *testing.T) {
	var p Preset
	p.Make(AppendDate(nil, 0), "text/html; charset=utf-8")
	p.Make(AppendDate(nil, 1), "text/plain")
	got, ok := await(t, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").AppendPreset(nil, &p, 1)
	const want = "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:01 GMT\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\n"
	if !ok || string(got) != want {
		t.Errorf("got %q %v, want %q", got, ok, want)
	}
}

// await returns an engine whose request waits for a response.
func await(t *testing.T, request string) *Engine {
	t.Helper()
	lim := Limits{}.WithDefaults()
	e, h := new(Engine), new(Head)
	e.Init(Server, &lim)
	p := []byte(request)
	for {
		ev := e.Next(p, h)
		p = p[ev.N:]
		switch {
		case ev.Kind == Fail:
			t.Fatalf("%q: %v", request, ev.Err)
		case ev.Kind != HeadDone && ev.Kind != Data, ev.Kind == HeadDone && h.Bodyless():
			return e
		}
	}
}
