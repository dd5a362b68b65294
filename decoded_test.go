package ringwire

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// escaped is a text of n bytes, every one of them percent-encoded.
func escaped(n int) (text, encoded string) {
	text = string(pattern(n))
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, "%%%02X", text[i])
	}
	return text, b.String()
}

// Long decoded values cost no allocation either.
func TestDecodedAllocs(t *testing.T) {
	if raceEnabled || testConfig("").DisablePooling {
		t.Skip("here every lease is an allocation")
	}
	for _, encodedBytes := range []int{9, 2 << 10, 8 << 10} {
		text, encoded := escaped(encodedBytes / 3)
		p := newNullPeer(t, &Server{
			Handler: HandlerFunc(func(w *ResponseWriter, r *Request) {
				if v, ok := r.QueryView("q"); !ok || string(v) != text {
					t.Errorf("q is %.40q…, want %.40q…", v, text)
				}
				_, _ = w.WriteString("ok")
			}),
			Config: Config{MaxRequestLine: 20 << 10, MaxHeaderBytes: 30 << 10},
		})
		request := []byte(get("/?q=" + encoded))
		n := testing.AllocsPerRun(100, func() { p.receive(request) })
		t.Logf("%d encoded bytes: %v allocations", encodedBytes, n)
		if n != 0 {
			t.Errorf("%d encoded bytes: %v allocations, want none", encodedBytes, n)
		}
	}
}

// What was decoded stays as it is until the handler returns, however much follows; appending
// to one view does not write into another, and at the end nothing is held.
func TestDecodedStays(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		const values = 200
		var raw, want strings.Builder
		for i := range values {
			text, encoded := escaped(1 + i)
			fmt.Fprintf(&raw, "k%d=%s&", i, encoded)
			want.WriteString(text)
		}
		check := func(w *ResponseWriter, r *Request) {
			var views []View
			for round := range 8 { // the later rounds are beyond maxDecoded
				for i := range values {
					v, _ := r.FormView(fmt.Sprint("k", i))
					if round == 0 {
						views = append(views, v)
					}
				}
			}
			for _, v := range views {
				_ = append(v, "over the next one"...)
			}
			path := r.PathView()
			for _, v := range views {
				_, _ = w.Write(v)
			}
			_, _ = w.WriteString(string(path))
		}
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Header("X-Blocking") != "" {
				path := r.PathView() // decoded on the loop, used on a worker
				Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
					check(w, r)
					_, _ = w.WriteString(string(path))
				})).ServeHTTP(w, r)
				return
			}
			check(w, r)
			_, _ = w.WriteString(string(r.PathView()))
		})
		p := s.dial()
		for _, field := range []string{"", "X-Blocking: yes\r\n"} {
			p.send(fmt.Sprintf("POST /%%61%s HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n%sContent-Length: %d\r\n\r\n%s",
				url.PathEscape(" "), field, raw.Len(), raw.String()))
			p.expect("POST", 200, want.String()+"/a /a ", "values in order "+field)
		}
		s.eventually("nothing is held", func(svc *service) bool {
			return leased(svc.alloc) == 0 && leased(s.shared) == 0
		})
	})
}

// A handler that asks without end is not remembered without end.
func TestDecodedIsBounded(t *testing.T) {
	_, encoded := escaped(1000)
	var most int64
	srv := &Server{Handler: HandlerFunc(func(w *ResponseWriter, r *Request) {
		for range 1000 {
			_ = r.Query("q")
			most = max(most, int64(w.ex.decoded.Len()))
		}
	})}
	newNullPeer(t, srv).receive([]byte(get("/?q=" + encoded)))
	if most == 0 || most > maxDecoded {
		t.Errorf("%d bytes are kept, want some, and %d at most", most, maxDecoded)
	}
}
