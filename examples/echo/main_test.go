package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/ring"
)

// The test runs the program itself: this test binary, started with asMain set, is main.
const asMain = "RINGWIRE_ECHO_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var announcement = regexp.MustCompile(`^serving (ws://\S+) with (\w+): .+\n$`)

// serve starts echo on a free port and returns its URL.
func serve(t *testing.T, driver string) (cmd *exec.Cmd, url string) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	cmd = exec.CommandContext(ctx, self, "-addr", "127.0.0.1:0", "-driver", driver, "-loops", "2")
	cmd.Env = append(os.Environ(), asMain+"=1")
	stderr := new(bytes.Buffer)
	cmd.Stderr = stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	m := announcement.FindStringSubmatch(line)
	if m == nil || m[2] != driver {
		_ = cmd.Wait()
		t.Fatalf("announced %q (%v), want the address and driver %s; it said:\n%s", line, err, driver, stderr)
	}
	return cmd, m[1]
}

func TestEchoes(t *testing.T) {
	for _, driver := range []string{"uring", "netpoll"} {
		t.Run(driver, func(t *testing.T) {
			if only := os.Getenv("RINGWIRE_TEST_DRIVER"); only != "" && only != driver {
				t.Skip("RINGWIRE_TEST_DRIVER=" + only)
			}
			if err := ring.Available(); err != nil && driver == "uring" {
				t.Skip(err)
			}
			cmd, url := serve(t, driver)
			client := ringwire.WebSocketDialer{Driver: driver}
			defer client.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			ws, err := client.DialBlocking(ctx, url, &config)
			if err != nil {
				t.Fatal(err)
			}
			defer ws.Close(ringwire.CloseNormal, "")
			for _, m := range []string{"hello", "", strings.Repeat("long ", 1000)} {
				if err := ws.Write(ctx, ringwire.TextMessage, []byte(m)); err != nil {
					t.Fatal(err)
				}
				kind, p, err := ws.Read(ctx, nil)
				if kind != ringwire.TextMessage || string(p) != m || err != nil {
					t.Fatalf("got %v %.20q, %v, want %.20q", kind, p, err, m)
				}
			}
			checkPlain(t, url)
			interrupt(t, ctx, cmd, ws)
		})
	}
}

// checkPlain asks without wanting a WebSocket.
func checkPlain(t *testing.T, url string) {
	res, err := http.Get("http" + strings.TrimPrefix(url, "ws"))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, _ = io.Copy(io.Discard, res.Body); res.StatusCode != 426 {
		t.Errorf("a plain request got %d, want 426", res.StatusCode)
	}
}

// interrupt ends echo like ^C does: it says goodbye.
func interrupt(t *testing.T, ctx context.Context, cmd *exec.Cmd, ws *ringwire.BlockingWebSocket) {
	if runtime.GOOS == "windows" {
		return // no process can be sent ^C there
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_, _, err := ws.Read(ctx, nil)
	var end *ringwire.CloseError
	if !errors.As(err, &end) || end.Code != ringwire.CloseGoingAway {
		t.Errorf("the connection ended with %v, want code 1001", err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted, it ended with %v, want success", err)
	}
}
