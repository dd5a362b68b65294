package ringwire

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestHeadLimits(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, func(s *Server) { s.MaxRequestLine, s.MaxHeaderBytes, s.MaxHeaders = 100, 1000, 5 })
		for _, tc := range []struct {
			raw    string
			status int
			why    string
		}{
			{get("/" + strings.Repeat("a", 80)), 200, "a request line within the limit"},
			{get("/" + strings.Repeat("a", 200)), 414, "RFC 9112 §3"},
			{"GET /" + strings.Repeat("a", 200), 414, "refused before its end has come"},
			{get("/", "A: "+strings.Repeat("a", 900)), 200, "a head within the limit"},
			{get("/", "A: "+strings.Repeat("a", 2000)), 431, "RFC 6585 §5"},
			{get("/", "A: 1", "B: 2", "C: 3", "D: 4"), 200, "five fields, Host included"},
			{get("/", "A: 1", "B: 2", "C: 3", "D: 4", "E: 5"), 431, "six"},
		} {
			p := s.dial()
			p.send(tc.raw)
			if a := p.response("GET"); a.StatusCode != tc.status || a.Close != (tc.status != 200) {
				t.Errorf("got %d, close=%v, want %d: %s", a.StatusCode, a.Close, tc.status, tc.why)
			}
			_ = p.Close()
		}
		s.onLoop(func(svc *service) {
			if svc.refused != 4 {
				t.Errorf("%d refusals were counted, want 4", svc.refused)
			}
		})
	})
}

// Requests that are refused leave nothing behind and close the connection, whatever
// is pipelined behind them.
func TestRefusals(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() != "/ok" {
				t.Errorf("the handler was called for %q", r.Path())
			}
		})
		for _, tc := range []struct {
			raw    string
			status int
			why    string
		}{
			{"GET / HTTP/1.1\r\n\r\n", 400, "no Host (RFC 9112 §3.2)"},
			{"GET /%zz HTTP/1.1\r\nHost: t\r\n\r\n", 400, "a malformed escape (RFC 3986 §2.1)"},
			{"CONNECT t:443 HTTP/1.1\r\nHost: t:443\r\n\r\n", 501, "CONNECT (RFC 9110 §9.3.6)"},
			{"GET / HTTP/2.0\r\nHost: t\r\n\r\n", 505, "another version (RFC 9110 §15.6.6)"},
			{post("/", "abc", "Transfer-Encoding: chunked"), 400, "two framings (RFC 9112 §6.1)"},
			{postChunked("/") + "xyz\r\n", 400, "a bad chunk size (RFC 9112 §7.1)"},
			{postChunked("/") + "3\r\nabcd\r\n0\r\n\r\n", 400, "a chunk that is longer than it says"},
			{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "a TLS ClientHello"},
		} {
			for _, before := range []string{"", get("/ok")} {
				p := s.dial()
				p.send(before + tc.raw + get("/smuggled"))
				if before != "" {
					p.expect("GET", 200, "", "it came before")
				}
				if a := p.response("GET"); a.StatusCode != tc.status || !a.Close {
					t.Errorf("got %d, close=%v, want %d and a close: %s", a.StatusCode, a.Close, tc.status, tc.why)
				}
				p.finish()
				if rest := p.expectGone("nothing after a refusal is trusted"); rest != "" {
					t.Errorf("%s: %.200q followed the refusal", tc.why, rest)
				}
			}
		}
		s.eventually("nothing is left", func(svc *service) bool { return svc.live() == 0 && svc.loop.Stats().Open == 0 })
	})
}

// Above MaxConns connections wait, unserved and undisturbed, until others end.
func TestMaxConns(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, func(s *Server) { s.MaxConns = 2 }, plain)
		a, b := s.dial(), s.dial()
		a.get("/a")
		b.get("/b")
		var waiting []*peer
		for range 5 {
			p := s.dial() // the backlog takes it
			p.send(get("/waited"))
			waiting = append(waiting, p)
		}
		waiting[0].expectSilence(100*time.Millisecond, "two are served already")
		s.onLoop(func(svc *service) {
			if st := svc.loop.Stats(); st.Open-st.Parked > 2 {
				t.Errorf("%d connections are served, want 2", st.Open-st.Parked)
			}
		})
		a.get("/still")
		_ = waiting[1].Close() // who gives up while waiting must not free a place that it did not have
		_ = a.Close()
		_ = b.Close()
		for i, p := range waiting {
			if i != 1 {
				p.expect("GET", 200, "hello /waited", "its turn has come")
				_ = p.Close()
			}
		}
		s.dial().get("/later") // and accepting goes on
	})
}

// With all workers busy requests wait, and with too many waiting they are refused: 503.
func TestWorkerLimits(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		open := sync.OnceFunc(func() { close(gate) })
		var entered sync.WaitGroup
		entered.Add(2)
		s := start(t, driver, routes(map[string]HandlerFunc{
			"wait": func(w *ResponseWriter, r *Request) { entered.Done(); <-gate; hello(w, r) },
			"now":  hello,
		}), func(s *Server) { s.Workers, s.WorkQueue = 2, 3 })
		t.Cleanup(open)
		var busy, queued []*peer
		for range 2 {
			p := s.dial()
			p.send(get("/b/wait"))
			busy = append(busy, p)
		}
		entered.Wait()
		for range 3 {
			p := s.dial()
			p.send(get("/b/now"))
			queued = append(queued, p)
		}
		s.eventually("five requests are in progress", func(svc *service) bool { return svc.live() == 5 })
		p := s.dial()
		a := p.get("/b/now")
		if a.StatusCode != 503 || a.Header.Get("Retry-After") == "" {
			t.Errorf("got %d, Retry-After %q; want 503 (RFC 9110 §15.6.4)", a.StatusCode, a.Header.Get("Retry-After"))
		}
		if a = p.get("/now"); a.StatusCode != 200 {
			t.Errorf("a request that needs no worker got %d", a.StatusCode)
		}
		open()
		for _, p := range busy {
			p.expect("GET", 200, "hello /b/wait", "")
		}
		for _, p := range queued {
			p.expect("GET", 200, "hello /b/now", "it waited for a worker")
		}
		if a = p.get("/b/now"); a.StatusCode != 200 {
			t.Errorf("after the rush a request got %d", a.StatusCode)
		}
	})
}

// When file descriptors run out nothing is lost: accepting resumes by itself. It runs in a
// child process, whose limit is lowered.
func TestTooManyFiles(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no RLIMIT_NOFILE here")
	}
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		exe, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		child := exec.Command(exe, "-test.run=^TestTooManyFilesChild$", "-test.v")
		child.Env = append(os.Environ(), "RINGWIRE_TEST_CHILD="+driver)
		out, err := child.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "resumed by itself") {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

func TestTooManyFilesChild(t *testing.T) {
	driver := os.Getenv("RINGWIRE_TEST_CHILD")
	if driver == "" {
		t.Skip("runs as the child of TestTooManyFiles")
	}
	lowerLimit(t, 60) // before the start: io_uring notes the limit when it begins to accept
	s := start(t, driver, hello, plain)
	first := s.dial()
	first.get("/")
	var spare []*os.File
	for {
		f, err := os.Open(os.DevNull)
		if err != nil {
			if !errors.Is(err, syscall.EMFILE) {
				t.Fatal(err)
			}
			break
		}
		spare = append(spare, f)
	}
	free := func(n int) {
		for _, f := range spare[len(spare)-n:] {
			_ = f.Close()
		}
		spare = spare[:len(spare)-n]
	}
	free(1)
	p := s.dial() // takes the last descriptor: the server has none to accept with
	p.send(get("/waited"))
	s.eventually("accept failed", func(svc *service) bool { return svc.loop.Stats().AcceptErrors > 0 })
	if a := first.get("/meanwhile"); a.body != "hello /meanwhile" {
		t.Errorf("a connection that was there got %q", a.body)
	}
	free(5)
	p.expect("GET", 200, "hello /waited", "accepting resumes by itself, nothing was lost")
	if text := s.log.String(); !strings.Contains(text, "too many open files") || !strings.Contains(text, "ulimit") {
		t.Errorf("the log does not name the cause and the remedy: %q", text)
	}
	free(len(spare))
	fmt.Println("resumed by itself")
}
