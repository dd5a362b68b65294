//go:build linux

package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/secret"
	"github.com/ringwire/ringwire/bench/internal/stdroutes"
)

// counting is a server that knows how many connections and requests it has seen, and who closed.
type counting struct {
	*httptest.Server
	conns, requests, closeAsked, resumed atomic.Int64
}

func unstarted() *counting {
	c := &counting{}
	routes := stdroutes.Handler(false)
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.requests.Add(1)
		if r.Close {
			c.closeAsked.Add(1)
		}
		routes.ServeHTTP(w, r)
	}))
	c.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			c.conns.Add(1)
		}
	}
	return c
}

func newCounting(t *testing.T) *counting {
	c := unstarted()
	c.Start()
	t.Cleanup(c.Close)
	return c
}

func newCountingTLS(t *testing.T) *counting {
	files, err := secret.Make(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := unstarted()
	c.TLS, err = files.Server()
	if err != nil {
		t.Fatal(err)
	}
	c.TLS.VerifyConnection = func(s tls.ConnectionState) error {
		if s.DidResume {
			c.resumed.Add(1)
		}
		return nil
	}
	c.StartTLS()
	t.Cleanup(c.Close)
	return c
}

func (c *counting) load(t *testing.T, stdin io.Reader, args ...string) loadresult.Result {
	t.Helper()
	var out bytes.Buffer
	args = append(args, "-addr", c.Listener.Addr().String())
	if err := run(args, stdin, &out); err != nil {
		t.Fatal(err)
	}
	r, err := loadresult.Parse(out.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestChurn(t *testing.T) {
	for _, closer := range []string{"client", "server"} {
		t.Run(closer+" closes", func(t *testing.T) {
			srv := newCounting(t)
			args := []string{"churn", "-conns", "4", "-requests", "10", "-duration", "300ms"}
			if closer == "server" {
				args = append(args, "-server-closes")
			}
			r := srv.load(t, nil, args...)
			if r.Errors != 0 || r.Requests < 40 || r.P50 <= 0 || r.P999 < r.P50 || r.Seconds < 0.3 || r.Seconds > 5 {
				t.Errorf("implausible result %+v", r)
			}
			// Ten requests on every connection, save the four that the end of the run cut short.
			if full := r.Requests / 10; r.Connections < full || r.Connections > full+4+1 {
				t.Errorf("%d requests on %d connections, want 10 each", r.Requests, r.Connections)
			}
			if asked := srv.closeAsked.Load(); (asked > 0) != (closer == "server") {
				t.Errorf("%d requests said Connection: close", asked)
			}
			if seen := srv.requests.Load(); seen < r.Requests || seen > r.Requests+4 {
				t.Errorf("the server saw %d requests, the result says %d", seen, r.Requests)
			}
		})
	}
}

func TestChurnTLS(t *testing.T) {
	for _, resume := range []string{"-resume=false", "-resume"} {
		t.Run(resume, func(t *testing.T) {
			srv := newCountingTLS(t)
			r := srv.load(t, nil, "churn", "-conns", "4", "-requests", "2", "-duration", "300ms", "-tls", resume)
			if r.Errors != 0 || r.Requests < 8 || r.P50 <= 0 {
				t.Errorf("implausible result %+v", r)
			}
			if full := r.Requests / 2; r.Connections < full || r.Connections > full+4+1 {
				t.Errorf("%d requests on %d connections, want 2 each", r.Requests, r.Connections)
			}
			// All but those that had begun when the first ticket came.
			if resumed := srv.resumed.Load(); resume == "-resume" && resumed < r.Requests/2-2*4 || resume != "-resume" && resumed > 0 {
				t.Errorf("%d of %d connections resumed", resumed, r.Connections)
			}
		})
	}
}

func TestIdleTLS(t *testing.T) {
	srv := newCountingTLS(t)
	hold, release := io.Pipe()
	time.AfterFunc(200*time.Millisecond, func() { release.Close() })
	if r := srv.load(t, hold, "idle", "-conns", "50", "-tls"); r.Requests != 50 || r.Alive != 50 || srv.requests.Load() != 50 {
		t.Errorf("result %+v, want 50 alive", r)
	}
}

func TestChurnCountsErrors(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }))
	defer srv.Close()
	var out bytes.Buffer
	err := run([]string{"churn", "-addr", srv.Listener.Addr().String(), "-conns", "4", "-duration", "5s"}, nil, &out)
	if err == nil || !strings.Contains(err.Error(), "gave up after 1001 with a bad status; the first: status is not 200") {
		t.Errorf("a server that always fails: got %v, want to give up", err)
	}
}

func TestUpload(t *testing.T) {
	for _, framing := range []string{"-chunked=false", "-chunked"} {
		srv := newCounting(t)
		r := srv.load(t, nil, "upload", "-conns", "8", "-size", "200001", framing)
		if r.Requests != 8 || r.Errors != 0 || r.Bytes != 8*200001 || srv.conns.Load() != 8 {
			t.Errorf("%s: result %+v on %d connections, want 8 uploads", framing, r, srv.conns.Load())
		}
	}
}

// One upload of several fails: it is counted, and the result says why.
func TestUploadSaysWhatFailed(t *testing.T) {
	var first atomic.Bool
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		if first.CompareAndSwap(false, true) {
			n++
		}
		fmt.Fprint(w, n)
	}))
	defer srv.Close()
	var out bytes.Buffer
	if err := run([]string{"upload", "-addr", srv.Listener.Addr().String(), "-conns", "3", "-size", "2"}, nil, &out); err != nil {
		t.Fatal(err)
	}
	r, err := loadresult.Parse(out.Bytes())
	if err != nil || r.Requests != 2 || r.Errors != 1 || !strings.Contains(r.FirstError, `body "3"`) {
		t.Errorf("result %+v, %v, want one error of three, and which", r, err)
	}
}

func TestUploadChecksTheAnswer(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, "1")
	}))
	defer srv.Close()
	err := run([]string{"upload", "-addr", srv.Listener.Addr().String(), "-conns", "1", "-size", "2"}, nil, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `body "1"`) {
		t.Errorf("a wrong count: got %v, want an error that shows it", err)
	}
}

func TestIdle(t *testing.T) {
	srv := newCounting(t)
	hold, release := io.Pipe()
	time.AfterFunc(200*time.Millisecond, func() { release.Close() })
	r := srv.load(t, hold, "idle", "-conns", "300")
	if r.Requests != 300 || r.Alive != 300 || srv.conns.Load() != 300 {
		t.Errorf("result %+v on %d connections, want 300 alive", r, srv.conns.Load())
	}
}

func TestIdleNoticesClosedConnections(t *testing.T) {
	srv := newCounting(t)
	hold, release := io.Pipe()
	time.AfterFunc(200*time.Millisecond, func() {
		srv.CloseClientConnections()
		release.Close()
	})
	if r := srv.load(t, hold, "idle", "-conns", "20"); r.Requests != 20 || r.Alive != 0 {
		t.Errorf("result %+v, want 20 opened and none alive", r)
	}
}

func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{}, {"nonsense"}, {"churn", "-addr", "localhost"}, {"idle", "-addr", "[::1]:80"},
		{"churn", "-resume"}, {"churn", "-conns", "0"}, {"upload", "-size", "-1"}, {"churn", "-nonsense"},
		{"ws-echo", "-size", "0"}, {"ws-echo", "-size", "100000"}, {"ws-feed", "-stall", "-1"}, {"idle", "-deflate"}, {"idle", "-ws", "-tls"}} {
		if err := run(args, nil, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
}
