//go:build linux

package main

import (
	"math"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/stdroutes"
)

const patience = 500 * time.Millisecond

func loadOn(t *testing.T, h http.Handler, conns int, rate float64) *load {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	ld, err := startLoad(netip.MustParseAddrPort(srv.Listener.Addr().String()), conns, rate, patience)
	if err != nil {
		t.Fatal(err)
	}
	return ld
}

func TestLoadKeepsItsPace(t *testing.T) {
	ld := loadOn(t, stdroutes.Handler(false), 8, 1000)
	ld.record()
	before, from := ld.answered.Load(), time.Now()
	time.Sleep(time.Second)
	n, want := ld.answered.Load()-before, 1000*time.Since(from).Seconds()
	ld.until()
	if err := ld.stop(); err != nil || ld.failed.Load() != 0 {
		t.Fatalf("%d failed, %v", ld.failed.Load(), err)
	}
	if math.Abs(float64(n)-want) > 0.2*want {
		t.Errorf("%d responses, want about %.0f", n, want)
	}
	if count := float64(ld.latency.Count()); math.Abs(count-want) > 0.1*want {
		t.Errorf("%v latencies, want about %.0f", count, want)
	}
	if p50, worst := ld.latency.Percentile(50), ld.latency.Max(); p50 <= 0 || worst < p50*0.98 {
		t.Errorf("p50 %v µs, max %v µs", p50, worst)
	}
}

// A server that stalls for a moment makes everybody late who was to be served meanwhile, also those whose request
// could not even be sent.
func TestLatencyCountsFromTheTimeMeant(t *testing.T) {
	var stall atomic.Bool
	routes := stdroutes.Handler(false)
	gate := make(chan struct{}, 1)
	ld := loadOn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gate <- struct{}{} // one at a time
		if stall.CompareAndSwap(true, false) {
			time.Sleep(300 * time.Millisecond)
		}
		<-gate
		routes.ServeHTTP(w, r)
	}), 2, 500)
	ld.record()
	time.Sleep(300 * time.Millisecond)
	stall.Store(true)
	time.Sleep(700 * time.Millisecond)
	ld.until()
	if err := ld.stop(); err != nil {
		t.Fatal(err)
	}
	// 150 of 500 requests were to come within the stall, 100 of them more than 100 ms before its end. A closed load would
	// have seen two.
	if p := ld.latency.Percentile(97); p < 100e3 {
		t.Errorf("p97 is %v µs: requests that could not be sent were left out", p)
	}
	if worst := ld.latency.Max(); worst < 290e3 {
		t.Errorf("max is %v µs, want the stall", worst)
	}
}

func TestLoadCountsUnanswered(t *testing.T) {
	block := make(chan struct{})
	ld := loadOn(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-block }), 2, 100)
	defer close(block)
	ld.record()
	time.Sleep(200 * time.Millisecond)
	ld.until()
	time.Sleep(50 * time.Millisecond)
	err := ld.stop()
	if err == nil || !strings.Contains(err.Error(), "not answered") || ld.failed.Load() < 20 {
		t.Errorf("%d failed, %v", ld.failed.Load(), err)
	}
	if n := ld.latency.Count(); n < 10 || ld.latency.Percentile(50) < float64(patience.Microseconds()) {
		t.Errorf("%d latencies, p50 %v µs: who got no answer is to be counted with the time waited", n, ld.latency.Percentile(50))
	}
}

// A backlog is no loss as long as answers come.
func TestLoadTellsSlowFromLost(t *testing.T) {
	routes := stdroutes.Handler(false)
	ld := loadOn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(20 * time.Millisecond)
		routes.ServeHTTP(w, r)
	}), 2, 2000) // of which it can do 100
	time.Sleep(time.Second)
	if err := ld.stop(); err != nil || ld.failed.Load() != 0 || ld.late.Load() < 500 {
		t.Errorf("%d failed, %d late, %v", ld.failed.Load(), ld.late.Load(), err)
	}
}

func TestLoadGivesUp(t *testing.T) {
	ld := loadOn(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }), 4, 5000)
	select {
	case <-ld.ended:
	case <-time.After(20 * time.Second):
		t.Error("goes on against a server that always fails")
	}
	if err := ld.stop(); err == nil || !strings.Contains(err.Error(), "gave up") || !strings.Contains(err.Error(), "status is not 200") {
		t.Errorf("got %v, want that it gave up, and why", err)
	}
}

func TestLoadReplacesBrokenConnections(t *testing.T) {
	var n atomic.Int64
	routes := stdroutes.Handler(false)
	ld := loadOn(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%100 == 0 {
			w.Header().Set("Connection", "close")
		}
		routes.ServeHTTP(w, r)
	}), 4, 1000)
	time.Sleep(600 * time.Millisecond)
	err := ld.stop()
	if err == nil || ld.failed.Load() < 3 || ld.answered.Load() < 300 {
		t.Errorf("%d failed, %d answered, %v", ld.failed.Load(), ld.answered.Load(), err)
	}
}

func TestSetRate(t *testing.T) {
	ld := loadOn(t, stdroutes.Handler(false), 8, 200)
	rate := func() float64 {
		before, from := ld.answered.Load(), time.Now()
		time.Sleep(300 * time.Millisecond)
		return float64(ld.answered.Load()-before) / time.Since(from).Seconds()
	}
	slow := rate()
	ld.setRate(2000)
	fast := rate()
	if err := ld.stop(); err != nil {
		t.Fatal(err)
	}
	if fast < 3*slow {
		t.Errorf("%.0f/s at a pace of 200/s, then %.0f/s at 2000/s", slow, fast)
	}
}

// What the load allocates must not make its own collector run: that would be latency of the server.
func TestLoadDoesNotAllocate(t *testing.T) {
	ld := &load{target: netip.MustParseAddrPort("127.0.0.1:80"), mix: newMix("x"), pace: pacer{rate: 1e6}}
	ld.backlog.items = make([]due, 0, 1<<10)
	n := testing.AllocsPerRun(100, func() {
		ld.schedule(ld.pace.next() + 100*time.Microsecond)
		for ld.backlog.len() > 0 {
			d := ld.backlog.pop()
			ld.note(d.at, d.at+1)
		}
	})
	if n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	runtime.KeepAlive(ld)
}
