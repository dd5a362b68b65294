//go:build linux

package main

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/fixed"
	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/secret"
	"github.com/ringwire/ringwire/bench/internal/stdroutes"
)

func TestLuaString(t *testing.T) {
	for in, want := range map[string]string{
		"":             `""`,
		"GET / HTTP":   `"GET / HTTP"`,
		"a\r\nb":       `"a\013\010b"`,
		`q"b\`:         `"q\"b\\"`,
		"\x00\x7f\xff": `"\000\127\255"`,
	} {
		if got := luaString(in); got != want {
			t.Errorf("%q: got %s, want %s", in, got, want)
		}
	}
}

// What wrk 4.1 prints with the script: the result line stands among lines for people.
const wrkOutput = `Running 1s test @ http://127.0.0.1:8080/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   153.63us  297.37us   9.24ms   98.51%
    Req/Sec   103.21k     8.04k  110.03k    90.91%
  113102 requests in 1.10s, 13.59MB read
Requests/sec: 102827.36
Transfer/sec:     12.36MB
RESULT {"requests":113102,"seconds":1.099921,"bytes":14250852,"errors":0,"status":0,"timeouts":0,"p50":139.000,"p99":321.000,"p999":4410.000}
`

func TestParseWrkOutput(t *testing.T) {
	got, err := loadresult.Parse([]byte(wrkOutput))
	want := loadresult.Result{Requests: 113102, Seconds: 1.099921, Bytes: 14250852, P50: 139, P99: 321, P999: 4410}
	if err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

// The raw requests of every profile arrive at a strict server as what they are meant to be, as often as wrk says.
func TestWrkSendsWhatTheProfileSays(t *testing.T) {
	wrk, version, err := findWrk()
	if err != nil {
		t.Skip(err)
	}
	if !strings.HasPrefix(version, "wrk ") {
		t.Errorf("version %q", version)
	}
	files, err := secret.Make(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	config, err := files.Server()
	if err != nil {
		t.Fatal(err)
	}
	for i := range profiles {
		p := &profiles[i]
		if p.requests == nil {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			var answered atomic.Int64
			routes := stdroutes.Handler(true)
			srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				answered.Add(1)
				if r.TLS != nil {
					if err := secret.Agreed(r.TLS.Version, r.TLS.CipherSuite); err != nil {
						t.Error(err)
					}
				}
				routes.ServeHTTP(w, r)
			}))
			srv.Config.ErrorLog = log.New(io.Discard, "", 0) // wrk stops where it is, some in a handshake
			if srv.TLS = config; p.tls {
				srv.StartTLS()
			} else {
				srv.Start()
			}
			defer srv.Close()
			addr := srv.Listener.Addr().String()
			cmd, err := wrkCommand(wrk, t.TempDir(), p.requests(addr), srv.URL, 1, 2, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			r, err := loadresult.Parse(out)
			if err != nil {
				t.Fatal(err)
			}
			if r.Errors != 0 || r.P50 <= 0 || r.P999 < r.P99 || r.Seconds < 0.9 {
				t.Errorf("implausible %+v", r)
			}
			// wrk does not count what is under way when it stops.
			if seen := answered.Load(); r.Requests > seen || seen-r.Requests > 2*depth*2 {
				t.Errorf("wrk counted %d requests, the server answered %d", r.Requests, seen)
			}
		})
	}
}

func TestWrkCountsBadStatus(t *testing.T) {
	wrk, _, err := findWrk()
	if err != nil {
		t.Skip(err)
	}
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	addr := srv.Listener.Addr().String()
	cmd, err := wrkCommand(wrk, t.TempDir(), get("/")(addr), srv.URL, 1, 1, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if r, err := loadresult.Parse(out); err != nil || r.Status == 0 || r.Errors != r.Status {
		t.Errorf("result %+v, %v, want the 404s as errors of their kind", r, err)
	}
}

// A server that answers each batch after a known time: that is the latency, not a guess below it.
func TestWrkLatencyOfBatches(t *testing.T) {
	wrk, _, err := findWrk()
	if err != nil {
		t.Skip(err)
	}
	const delay = 20 * time.Millisecond
	addr := batchServer(t, delay)
	cmd, err := wrkCommand(wrk, t.TempDir(), times(depth, get("/pipeline"))(addr), "http://"+addr, 1, 4, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	r, err := loadresult.Parse(out)
	least := float64(delay.Microseconds())
	if err != nil || r.P50 < least || r.P99 < r.P50 || r.P999 < r.P99 || r.P50 > 10*least {
		t.Errorf("result %+v, %v, want latencies from %v µs on", r, err, least)
	}
}

// batchServer answers depth requests at once, some time after they have come.
func batchServer(t *testing.T, delay time.Duration) (addr string) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	serve := func(c net.Conn) {
		defer c.Close()
		in := bufio.NewReader(c)
		for {
			for range depth {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
			}
			time.Sleep(delay)
			c.Write(fixed.Responses(depth))
		}
	}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go serve(c)
		}
	}()
	return ln.Addr().String()
}

func TestWrkMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, _, err := findWrk(); err == nil || !strings.Contains(err.Error(), "apt-get install wrk") {
		t.Errorf("got %v, want how to get it", err)
	}
	if err := run(context.Background(), []string{"-out", t.TempDir()}, nil, &strings.Builder{}); err == nil || !strings.Contains(err.Error(), "apt-get install wrk") {
		t.Errorf("run: got %v, want how to get it", err)
	}
}
