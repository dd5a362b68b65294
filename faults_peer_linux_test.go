package ringwire

import (
	"bufio"
	"io"
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"
)

func init() { roles["gulp"] = gulp }

// gulp reads what a server pours out, says so, and ends with the connection.
func gulp() {
	c, err := net.Dial("tcp", os.Getenv("RINGWIRE_TEST_GULP"))
	if err != nil {
		return
	}
	_, _ = io.WriteString(c, get("/endless"))
	_, _ = io.ReadFull(c, make([]byte, 64<<10))
	_, _ = os.Stdout.WriteString("reading\n")
	_, _ = io.Copy(io.Discard, c)
}

// A client that is stopped in the midst of a download, as by a debugger or a suspended virtual machine,
// holds what its limits say until the write timeout; and finds its connection gone when it goes on.
func TestPeerStopped(t *testing.T) {
	if testTLS != 0 {
		t.Skip("the client speaks plain HTTP")
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hose, func(s *Server) { s.WriteTimeout = 300 * time.Millisecond })
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleEnv+"=gulp", "RINGWIRE_TEST_GULP="+s.addr)
		out, err := cmd.StdoutPipe()
		if err == nil {
			err = cmd.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		defer func() {
			_ = cmd.Process.Kill()
			<-ended
		}()
		_, err = bufio.NewReader(out).ReadString('\n')
		go func() { ended <- cmd.Wait(); close(ended) }()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		stopped, other := time.Now(), s.dial()
		other.get("/")
		for s.Stats().Open > 1 {
			other.get("/")
			if mapped := s.Stats().Mapped; mapped > 16<<20 {
				t.Fatalf("%d bytes are mapped for a client that takes nothing", mapped)
			}
			if time.Since(stopped) > patience {
				t.Fatal("the client that was stopped is still there")
			}
			time.Sleep(5 * time.Millisecond)
		}
		if held := time.Since(stopped); held < s.WriteTimeout/2 {
			t.Errorf("it was given up after %v", held)
		}
		if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Error("the client did not notice")
		}
		other.get("/")
	})
}
