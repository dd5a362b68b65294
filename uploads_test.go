package ringwire

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// maxResident is what a server may take while many uploads come in at once, the program included.
const maxResident = 96 << 20

// 64 uploads of 20 MB at once, to handlers that do not read yet: the senders stall, and the
// server stays small, then and when the handlers read. It runs in a child process, whose
// memory is its own. Uploads that a loop takes as they come are the second round.
func TestUploadsResident(t *testing.T) {
	switch {
	case runtime.GOOS != "linux":
		t.Skip("no /proc that says how much memory a process has")
	case raceEnabled:
		t.Skip("checking builds take memory of their own")
	case testConfig(DriverNetpoll).DisablePooling:
		t.Skip("without pooling the collector decides how much memory there is")
	}
	n, size := 64, 20<<20
	if testing.Short() {
		n = 16
	}
	eachDriver(t, func(t *testing.T, driver string) {
		server := startChild(t, "TestUploadsResidentChild", driver)
		for _, path := range []string{"/b/gated", "/sink"} {
			up := &uploads{t: t, size: size}
			for range n {
				up.begin(server.addr, path)
			}
			if path == "/b/gated" {
				up.awaitStall()
				if sent := up.sent.Load(); sent >= int64(n*size) {
					t.Errorf("%d of %d bytes went to handlers that read nothing", sent, n*size)
				}
				if rss := server.resident(t, "VmRSS"); rss > maxResident {
					t.Errorf("%d MiB are resident while %d uploads stall", rss>>20, n)
				}
				dialPeer(t, "tcp", server.addr).get("/open")
			}
			up.wait.Wait()
		}
		hwm := server.resident(t, "VmHWM")
		t.Logf("%d MiB at most", hwm>>20)
		if hwm > maxResident {
			t.Errorf("%d MiB were resident at most, want %d", hwm>>20, maxResident>>20)
		}
	})
}

func TestUploadsResidentChild(t *testing.T) {
	driver := os.Getenv("RINGWIRE_TEST_CHILD")
	if driver == "" {
		t.Skip("runs as the child of TestUploadsResident")
	}
	gate := make(chan struct{})
	open := sync.OnceFunc(func() { close(gate) })
	defer open()
	s := start(t, driver, routes(map[string]HandlerFunc{
		"open": func(w *ResponseWriter, r *Request) { open() },
		"gated": func(w *ResponseWriter, r *Request) {
			<-gate
			n, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, n, err)
		},
		"sink": func(w *ResponseWriter, r *Request) {
			n := 0
			r.Body.Stream(func(p []byte, err error) {
				if n += len(p); err != nil {
					fmt.Fprint(w, n, err == io.EOF)
				}
			})
		},
	}), func(s *Server) { s.Loops, s.Workers, s.MaxBody = 2, 64, -1 }, plain)
	fmt.Println("serving", s.addr)
	_, _ = io.Copy(io.Discard, os.Stdin) // until the parent has enough
}

// uploads are POSTs under way.
type uploads struct {
	t    *testing.T
	size int
	sent atomic.Int64
	wait sync.WaitGroup
}

// begin sends one and checks its answer.
func (u *uploads) begin(addr, path string) {
	p := dialPeer(u.t, "tcp", addr)
	_ = p.tcp().SetWriteBuffer(64 << 10) // what lies there seems sent
	u.wait.Go(func() {
		_ = p.SetDeadline(time.Now().Add(2 * time.Minute))
		_, err := fmt.Fprintf(p.Conn, "POST %s HTTP/1.1\r\nHost: t\r\nContent-Length: %d\r\n\r\n", path, u.size)
		for sent := 0; sent < u.size && err == nil; {
			var n int
			n, err = io.WriteString(p.Conn, patternBlock[:min(len(patternBlock), u.size-sent, 64<<10)])
			sent += n
			u.sent.Add(int64(n))
		}
		if err != nil {
			u.t.Errorf("upload to %s: %v", path, err)
			return
		}
		res, err := http.ReadResponse(p.r, nil)
		if err != nil {
			u.t.Errorf("upload to %s: %v", path, err)
			return
		}
		body, _ := io.ReadAll(res.Body)
		if !strings.HasPrefix(string(body), strconv.Itoa(u.size)+" ") {
			u.t.Errorf("upload to %s: %d %q", path, res.StatusCode, body)
		}
	})
}

// awaitStall waits until nothing has been sent for a while.
func (u *uploads) awaitStall() {
	u.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		before := u.sent.Load()
		time.Sleep(700 * time.Millisecond)
		if before > 0 && u.sent.Load() == before {
			return
		}
	}
	u.t.Error("the senders do not stall")
}

// child is a server in a process of its own.
type child struct {
	addr string
	pid  int
}

// startChild runs a test of this binary, which must print "serving ADDRESS" and then serve
// until its standard input ends.
func startChild(t *testing.T, test, driver string) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^"+test+"$", "-test.v")
	cmd.Env = append(os.Environ(), "RINGWIRE_TEST_CHILD="+driver)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var rest strings.Builder
	lines := bufio.NewScanner(stdout)
	t.Cleanup(func() {
		_ = stdin.Close()
		for lines.Scan() {
			rest.WriteString(lines.Text() + "\n")
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("the server: %v\n%s", err, rest.String())
		}
	})
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), "serving "); ok {
			return &child{addr, cmd.Process.Pid}
		}
		rest.WriteString(lines.Text() + "\n")
	}
	t.Fatal("the server did not start")
	return nil
}

// resident reads a field of /proc/PID/status, in bytes.
func (c *child) resident(t *testing.T, field string) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), field+":")
	line, _, _ := strings.Cut(rest, "\n")
	kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(line, "kB")))
	if err != nil {
		t.Fatalf("%s is %q", field, line)
	}
	return kib << 10
}
