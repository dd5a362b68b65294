package ringwire

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

// flightChild is set for a process that is to die of something on this driver.
const flightChild = "RINGWIRE_FLIGHT_CHILD"

// flightServer serves until the process ends, and prints its address.
func flightServer(driver string, h HandlerFunc) *Server {
	s := &Server{Addr: "127.0.0.1:0", Handler: h, Config: Config{Driver: driver, Loops: 1}}
	go func() {
		fmt.Fprintln(os.Stderr, s.ListenAndServe())
		os.Exit(3)
	}()
	fmt.Printf("\naddr %s\n", s.Started())
	return s
}

// TestFlightChild is the process of the tests below.
func TestFlightChild(t *testing.T) {
	kind, driver, _ := strings.Cut(os.Getenv(flightChild), " ")
	switch kind {
	case "":
		t.Skip("it is for a process of its own")
	case "panic":
		flightServer(driver, func(w *ResponseWriter, r *Request) { runtime.Goexit() })
	case "quit":
		flightServer(driver, childHang).DumpOnQuit()
	case "stopped":
		s := flightServer(driver, childHang)
		stop, other := s.DumpOnQuit(), s.DumpOnQuit()
		stop()
		stop()
		other()
	}
	time.Sleep(time.Minute)
}

//go:noinline
func childHang(w *ResponseWriter, r *Request) { time.Sleep(time.Minute) }

// dying is a process that serves, and has been sent a request.
type dying struct {
	cmd *exec.Cmd
	err strings.Builder
	out io.Reader
}

func startDying(t *testing.T, kind, driver string) *dying {
	t.Helper()
	c := &dying{cmd: exec.Command(os.Args[0], "-test.run=^TestFlightChild$")}
	c.cmd.Env = append(os.Environ(), flightChild+"="+kind+" "+driver)
	c.cmd.Stderr = &c.err
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	c.out = out
	var addr string
	for addr == "" {
		var line string
		if _, err := fmt.Fscanln(out, &line, &addr); err == io.EOF {
			t.Fatalf("the process did not serve:\n%s", c.err.String())
		}
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_, _ = io.WriteString(conn, get("/secret"))
	return c
}

// end waits for the process and returns what it has written to standard error.
func (c *dying) end(t *testing.T) string {
	t.Helper()
	_, _ = io.Copy(io.Discard, c.out)
	if err := c.cmd.Wait(); c.cmd.ProcessState.ExitCode() != 2 {
		t.Errorf("%v, want Go's exit code 2", err)
	}
	return c.err.String()
}

// expectDump fails unless the text has the recorder, and Go's own report after it.
func expectDump(t *testing.T, driver, text string, after ...string) {
	t.Helper()
	at := strings.Index(text, "ringwire: flight recorder of 127.0.0.1:")
	if at < 0 {
		t.Fatalf("there is no flight recorder in\n%s", text)
	}
	dump := text[at:]
	for _, want := range append([]string{"driver " + driver, "loop 0: in a handler, handler github.com/ringwire/ringwire.", "records:\n", "conn=0 "}, after...) {
		_, rest, ok := strings.Cut(dump, want)
		if !ok {
			t.Fatalf("%q is not in, or not where it should be:\n%s", want, text)
		}
		dump = rest
	}
	if strings.Contains(text, "/secret") {
		t.Errorf("something of the request is in\n%s", text)
	}
}

// A panic that nobody catches has the recorder written before Go's report, which is as ever.
func TestFlightOnPanic(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		text := startDying(t, "panic", driver).end(t)
		expectDump(t, driver, text, "panic: ringwire: a handler on a loop called runtime.Goexit", "goroutine ", "(*h1Conn).call")
		if strings.Count(text, "flight recorder of") != 1 {
			t.Errorf("it is written more than once:\n%s", text)
		}
	})
}
