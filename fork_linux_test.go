package ringwire

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

func init() { roles["list"] = listDescriptors }

// listDescriptors prints what this process was born with. Reading a directory would have the runtime open its poller.
func listDescriptors() {
	for fd := range 256 {
		if what, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil {
			fmt.Println(fd, what)
		}
	}
}

// Programs that are started while a server accepts and serves inherit nothing of it: no connection, no listener,
// no ring. Otherwise a connection would stay open for as long as the program runs.
func TestForkWhileServing(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: other processes, to which nothing here makes a difference")
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, func(s *Server) { s.Loops = 2 })
		var clients sync.WaitGroup
		stop := make(chan struct{})
		for range 4 {
			clients.Go(func() { comeAndGo(s.addr, stop) })
		}
		defer clients.Wait()
		defer close(stop)
		held := s.dial()
		held.get("/")
		for range 8 {
			checkInherited(t)
		}
	})
}

// comeAndGo makes connections, so that at any moment one is being accepted.
func comeAndGo(addr string, stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		default:
		}
		if c, err := net.Dial("tcp", addr); err == nil {
			_, _ = c.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
			_, _ = c.Read(make([]byte, 512))
			_ = c.Close()
		}
	}
}

func checkInherited(t *testing.T) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), roleEnv+"=list")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if len(out) == 0 {
		t.Skip("the child cannot list its descriptors: no /proc")
	}
	count := map[string]int{}
	for line := range strings.Lines(string(out)) {
		for _, kind := range []string{"socket:", "io_uring", "eventfd", "eventpoll"} {
			if strings.Contains(line, kind) {
				count[kind]++
			}
		}
	}
	// The child's own runtime may have opened its poller: one of these, and one eventfd to wake it.
	if count["socket:"]+count["io_uring"] > 0 || count["eventpoll"] > 1 || count["eventfd"] > count["eventpoll"] {
		t.Errorf("the child has inherited:\n%s", out)
	}
}
