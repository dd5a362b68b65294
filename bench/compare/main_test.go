//go:build linux

package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/bench/internal/loadresult"
	"github.com/ringwire/ringwire/bench/internal/stdroutes"
)

func TestPlanInterleaves(t *testing.T) {
	ps, _ := chooseProfiles("keepalive,json", false)
	list, _ := choose("ringwire,limit,nethttp")
	var got []string
	for _, s := range plan(ps, list, 2) {
		got = append(got, s.profile.name+":"+s.contestant.name)
	}
	want := "keepalive:ringwire keepalive:limit keepalive:nethttp keepalive:nethttp keepalive:limit keepalive:ringwire " +
		"json:ringwire json:nethttp json:nethttp json:ringwire" // limit reads no path
	if strings.Join(got, " ") != want {
		t.Errorf("got  %v\nwant %s", got, want)
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"-duration", "0s"}, {"-conns", "-1"}, {"-nonsense"}, {"stray"}} {
		if _, err := parseFlags(args, io.Discard); err == nil {
			t.Errorf("%q: no error", args)
		}
	}
	o, err := parseFlags([]string{"-short", "-rounds", "9"}, io.Discard)
	if err != nil || o.rounds != 1 || o.duration != time.Second || o.warmup != 0 {
		t.Errorf("short: %+v, %v", o, err)
	}
}

// A run that is cut short after an hour must not have been for nothing.
func TestInterruptedRunReports(t *testing.T) {
	if _, _, err := findWrk(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("builds and runs a server")
	}
	t.Chdir("..")
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	var stdout bytes.Buffer
	stderr := &cancelling{cancel: cancel, on: "[1/4]"}
	err := run(ctx, []string{"-short", "-peers", "nethttp,ringwire-netpoll", "-profiles", "keepalive,baseline", "-out", dir}, &stdout, stderr)
	if want := "interrupted after 1 of 4 measurements"; err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(stdout.String(), want) {
		t.Errorf("got %v and the table\n%s\nwant %q in both", err, stdout.String(), want)
	}
	if rec, err := readRecord(filepath.Join(dir, "compare.json")); err != nil || len(rec.Samples) != 1 {
		t.Errorf("record %+v, %v, want one sample", rec, err)
	}
}

// cancelling cancels when a text was written to it.
type cancelling struct {
	bytes.Buffer
	cancel func()
	on     string
}

func (c *cancelling) Write(p []byte) (int, error) {
	n, err := c.Buffer.Write(p)
	if strings.Contains(c.String(), c.on) {
		c.cancel()
	}
	return n, err
}

// A load that fails too often gives no figures, and says what failed.
func TestFillRefusesFailedLoads(t *testing.T) {
	for _, c := range []struct {
		result loadresult.Result
		says   string
	}{
		{loadresult.Result{Requests: 1000, Seconds: 1}, ""},
		{loadresult.Result{Requests: 1000, Seconds: 1, Errors: 10, Timeouts: 10}, ""},
		{loadresult.Result{Requests: 1000, Seconds: 1, Errors: 11, Timeouts: 11}, "of 1000 requests 11 timed out"},
		{loadresult.Result{Requests: 1000, Seconds: 1, Errors: 1, Status: 1}, "1 with a bad status"},
	} {
		var s sample
		err := s.fill(&profiles[0], c.result, time.Second, time.Second)
		if c.says == "" && (err != nil || s.CPU != 2000 || s.Errors != c.result.Errors) {
			t.Errorf("%+v: %v, sample %+v, want figures", c.result, err, s)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v: got %v, want %q", c.result, err, c.says)
		}
	}
}

// A server that answers something else is not measured.
func TestVerify(t *testing.T) {
	good := httptest.NewServer(stdroutes.Handler(true))
	defer good.Close()
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "ok!") }))
	defer bad.Close()
	for i := range httpProfiles {
		p := &httpProfiles[i]
		if err := p.verify(good.Listener.Addr().String(), false); err != nil {
			t.Errorf("%s: %v", p.name, err)
		}
		if err := p.verify(bad.Listener.Addr().String(), false); (err == nil) != (p.requests == nil) {
			t.Errorf("%s: %v from a server that answers nonsense", p.name, err)
		}
	}
}

func TestWaitQuiet(t *testing.T) {
	start := time.Now()
	waitQuiet(context.Background(), 0)
	if time.Since(start) > quietWindow {
		t.Error("waited without patience")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	waitQuiet(ctx, time.Hour)
}

// One short run of every kind of measurement, with the server that is there on every machine.
func TestEndToEnd(t *testing.T) {
	if _, _, err := findWrk(); err != nil {
		t.Skip(err)
	}
	if testing.Short() {
		t.Skip("builds and runs servers for several seconds")
	}
	t.Chdir("..") // as go -C bench run ./compare
	dir := t.TempDir()
	args := []string{"-short", "-peers", "nethttp,ringwire-netpoll", "-profiles", "keepalive,churn,upload,idle,tls-keepalive,tls-handshake", "-out", dir}
	var stdout, stderr bytes.Buffer
	if err := run(context.Background(), args, &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	for _, want := range []string{"[ 1/12] keepalive", "[12/12] tls-handshake", "written: "} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in the progress:\n%s", want, stderr.String())
		}
	}
	if strings.Contains(stdout.String(), "failed") || !strings.Contains(stdout.String(), "| nethttp |") {
		t.Errorf("table:\n%s", stdout.String())
	}
	rec, err := readRecord(filepath.Join(dir, "compare.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range rec.Samples {
		idle := s.Profile == "idle"
		if s.Errors != 0 || s.Requests < 1 || s.IdleRSS < 1<<20 || s.PeakRSS < s.IdleRSS/2 || !idle && (s.CPU <= 0 || s.Rate <= 0 || s.P99 < s.P50) || idle && s.ConnRSS <= 0 {
			t.Errorf("implausible sample %+v", s)
		}
	}
	again := t.TempDir()
	if err := run(context.Background(), []string{"-from", filepath.Join(dir, "compare.json"), "-out", again}, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"compare.md", "compare.svg"} {
		a, _ := os.ReadFile(filepath.Join(dir, name))
		b, _ := os.ReadFile(filepath.Join(again, name))
		if len(a) == 0 || !bytes.Equal(a, b) {
			t.Errorf("%s differs when made again from the record", name)
		}
	}
}

func TestMeasureReportsAServerThatCannotStart(t *testing.T) {
	b := &bencher{opts: &options{}, bin: t.TempDir(), dir: t.TempDir()}
	if _, err := b.measure(context.Background(), &profiles[0], &contestants[0], 0); err == nil {
		t.Error("no error for a program that is not there")
	}
}
