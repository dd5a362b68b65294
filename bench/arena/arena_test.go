package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/tls"

	"github.com/ringwire/ringwire/bench/internal/peertest"
)

// TestMain lets the test binary be the program.
func TestMain(m *testing.M) {
	if os.Getenv("ARENA_MAIN") != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// onDrivers runs check against the server on each driver that this machine has.
func onDrivers(t *testing.T, check func(t *testing.T, addr string)) { onDriversWith(t, nil, check) }

// onDriversWith is onDrivers with TLS.
func onDriversWith(t *testing.T, secure *tls.Config, check func(t *testing.T, addr string)) {
	for _, driver := range []string{ringwire.DriverURing, ringwire.DriverNetpoll} {
		t.Run(driver, func(t *testing.T) {
			if err := ring.Available(); driver == ringwire.DriverURing && err != nil {
				t.Skip("no io_uring here: ", err)
			}
			srv, feed := newServer()
			defer feed.stop()
			srv.TLS = secure
			srv.Addr, srv.Driver, srv.Logger = "127.0.0.1:0", driver, slog.New(slog.DiscardHandler)
			ended := make(chan error, 1)
			go func() { ended <- srv.ListenAndServe() }()
			addr := srv.Started()
			if addr == nil {
				t.Fatal(<-ended)
			}
			check(t, addr.String())
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := srv.Shutdown(ctx); err != nil {
				t.Errorf("Shutdown: %v", err)
			}
			if err := <-ended; !errors.Is(err, ringwire.ErrServerClosed) {
				t.Errorf("ListenAndServe: %v", err)
			}
		})
	}
}

func TestProfiles(t *testing.T) { onDrivers(t, peertest.Endpoints) }

func TestHTTPS(t *testing.T) {
	system, err := peertest.Files(t).Server()
	if err != nil {
		t.Fatal(err)
	}
	onDriversWith(t, &tls.Config{System: system}, peertest.HTTPS)
}

func TestBodyTooLongForAnInteger(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		resp, err := http.Post("http://"+addr+"/baseline11", "", strings.NewReader(strings.Repeat("1", 2*bodyBuffer)))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("status %d, want 413", resp.StatusCode)
		}
	})
}

func TestMethods(t *testing.T) {
	onDrivers(t, func(t *testing.T, addr string) {
		for _, c := range []struct {
			method, path string
			status       int
			allow        string
		}{
			{"HEAD", "/", 200, ""},
			{"HEAD", "/pipeline", 200, ""},
			{"HEAD", "/json/3", 200, ""},
			{"OPTIONS", "/", 204, "GET, HEAD, POST, OPTIONS"},
			{"OPTIONS", "/upload", 204, "POST, OPTIONS"},
			{"OPTIONS", "/garden", 200, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"},
			{"DELETE", "/pipeline", 405, "GET, HEAD, OPTIONS"},
			{"POST", "/pipeline", 405, "GET, HEAD, OPTIONS"},
			{"GET", "/upload", 405, "POST, OPTIONS"},
			{"PUT", "/garden", 200, ""},
			{"GET", "/missing", 404, ""},
		} {
			req, _ := http.NewRequest(c.method, "http://"+addr+c.path, nil)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != c.status || resp.Header.Get("Allow") != c.allow {
				t.Errorf("%s %s: status %d, Allow %q, want %d, %q", c.method, c.path, resp.StatusCode, resp.Header.Get("Allow"), c.status, c.allow)
			}
			if c.method == "HEAD" && resp.ContentLength <= 0 {
				t.Errorf("HEAD %s: Content-Length %d, want the one of GET", c.path, resp.ContentLength)
			}
		}
	})
}

func TestProgram(t *testing.T) {
	addr := peertest.FreeAddr(t)
	files := peertest.Files(t)
	cmd := exec.Command(os.Args[0], "-addr", addr, "-driver", "netpoll", "-loops", "1", "-cpuprofile", t.TempDir()+"/cpu",
		"-cert", files.Cert, "-key", files.Key)
	cmd.Env = append(os.Environ(), "ARENA_MAIN=1")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	start := make([]byte, 512)
	n, err := stdout.Read(start)
	if want := "arena listening on " + addr + " with netpoll: "; err != nil || !strings.HasPrefix(string(start[:n]), want) {
		t.Errorf("start line %q, %v, want %q and why", start[:n], err, want)
	}
	peertest.HTTPS(t, addr)
	cmd.Process.Signal(syscall.SIGTERM)
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
}

func TestProgramErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-driver", "nonsense"}, 1, "Driver"},
		{[]string{"-loops", "-3"}, 1, "Loops"},
		{[]string{"-hz", "0"}, 2, "-hz"},
		{[]string{"-addr", "256.0.0.1:1"}, 1, "arena:"},
		{[]string{"-cpuprofile", "/nonexistent/file"}, 1, "no such file"},
		{[]string{"-cert", "alone"}, 1, "-key"},
		{[]string{"-nonsense"}, 2, "nonsense"},
		{[]string{"-h"}, 0, "-driver"},
	} {
		var stderr bytes.Buffer
		if code := run(c.args, io.Discard, &stderr); code != c.code || !strings.Contains(stderr.String(), c.want) {
			t.Errorf("%q: exit code %d, stderr %q, want %d and %q", c.args, code, stderr.String(), c.code, c.want)
		}
	}
}
