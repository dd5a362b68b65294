package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/ring"
)

// The tests run the program itself: this test binary, started with asMain set, is main.
const asMain = "RINGWIRE_HELLO_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// command is hello with these arguments, killed when the test takes too long.
func command(t *testing.T, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), asMain+"=1")
	return cmd
}

// serving is a running hello.
type serving struct {
	cmd         *exec.Cmd
	url, driver string
	why         string
}

var announcement = regexp.MustCompile(`^serving (http://\S+) with (\w+): (.+)\n$`)

// serve starts hello on a free port and reads what it says about itself.
func serve(t *testing.T, driver string) *serving {
	cmd := command(t, "-addr", "127.0.0.1:0", "-driver", driver, "-loops", "2")
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
	if m == nil {
		_ = cmd.Wait()
		t.Fatalf("announced %q (%v), want address, driver and why; it said:\n%s", line, err, stderr)
	}
	return &serving{cmd, m[1], m[2], m[3]}
}

// drivers are those to test with: the one that is forced, else all.
func drivers() []string {
	if forced := os.Getenv("RINGWIRE_TEST_DRIVER"); forced != "" {
		return []string{forced}
	}
	return []string{"auto", "uring", "netpoll"}
}

func TestServes(t *testing.T) {
	for _, driver := range drivers() {
		t.Run(driver, func(t *testing.T) {
			refused := ring.Available()
			if driver == "uring" && refused != nil {
				t.Skip(refused)
			}
			s := serve(t, driver)
			for range 3 { // keep-alive: the client uses its connection again
				checkHello(t, s.url)
			}
			checkDriver(t, s, driver, refused)
			s.interrupt(t)
		})
	}
}

func checkHello(t *testing.T, url string) {
	res, err := http.Get(url + "/any/path?and=query")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if want := "Hello from ringwire\n"; err != nil || res.StatusCode != 200 || string(body) != want {
		t.Fatalf("got %d, %q, %v, want 200 and %q", res.StatusCode, body, err, want)
	}
	if typ := res.Header.Get("Content-Type"); !strings.HasPrefix(typ, "text/plain") {
		t.Errorf("Content-Type is %q, want text/plain", typ)
	}
	if _, err := http.ParseTime(res.Header.Get("Date")); err != nil {
		t.Errorf("Date: %v", err)
	}
}

// checkDriver wants the driver that was asked for, and where hello had to choose, the best
// that there is and the reason for not having a better one.
func checkDriver(t *testing.T, s *serving, asked string, refused error) {
	want := asked
	if asked == "auto" {
		want = "uring"
		if refused != nil {
			want = "netpoll"
			if !strings.Contains(s.why, refused.Error()) {
				t.Errorf("it chose netpoll because %q, which does not say %q", s.why, refused)
			}
		}
	}
	if s.driver != want {
		t.Errorf("it runs on %s because %q, want %s", s.driver, s.why, want)
	}
}

// interrupt ends hello like ^C does, with an idle connection still open, and wants an
// orderly end.
func (s *serving) interrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no process can be sent ^C there
	}
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("interrupted, it ended with %v, want success", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("interrupted, it did not end within 10 s")
	}
}

func TestRefusesToStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		name string
		args []string
		says string
	}{
		{"unknown driver", []string{"-driver", "epoll"}, `Driver: "epoll"`},
		{"loops below zero", []string{"-loops", "-1"}, "Loops: -1"},
		{"address in use", []string{"-addr", taken.Addr().String()}, taken.Addr().String()},
		{"no such flag", []string{"-port", "1"}, "-port"},
	} {
		t.Run(test.name, func(t *testing.T) {
			out, err := command(t, test.args...).CombinedOutput()
			if _, failed := err.(*exec.ExitError); !failed {
				t.Errorf("it ended with %v, want a failure; it said:\n%s", err, out)
			}
			if !strings.Contains(string(out), test.says) {
				t.Errorf("it said %q, which does not name %q", out, test.says)
			}
		})
	}
}

// A template that people copy is read in one go.
func TestShort(t *testing.T) {
	source, err := os.ReadFile("main.go")
	if err != nil {
		t.Skip(err) // not run from a checkout
	}
	if n := bytes.Count(source, []byte("\n")); n > 40 {
		t.Errorf("main.go has %d lines, want 40 at most", n)
	}
}
