package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire"
	"github.com/ringwire/ringwire/ring"
)

// The tests run the program itself: this test binary, started with asMain set, is main; with asNATS it is a NATS
// server on that address, which can be killed.
const (
	asMain = "RINGWIRE_FANOUT_MAIN"
	asNATS = "RINGWIRE_FANOUT_NATS"
)

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
		os.Exit(0)
	}
	if addr := os.Getenv(asNATS); addr != "" {
		ns, err := startNATS(addr)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("ready")
		ns.WaitForShutdown()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func drivers() []string {
	if forced := os.Getenv("RINGWIRE_TEST_DRIVER"); forced != "" {
		return []string{forced}
	}
	if ring.Available() != nil {
		return []string{"netpoll"}
	}
	return []string{"uring", "netpoll"}
}

// spawn starts this binary as something else and returns the first line that it says.
func spawn(t *testing.T, env string, args ...string) (*exec.Cmd, string) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), env)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%q said:\n%.2000s", args, stderr.Bytes())
		}
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("%s %q said %q: %v", env, args, line, err)
	}
	return cmd, line
}

// process is a running fanout.
type process struct {
	t          *testing.T
	cmd        *exec.Cmd
	addr, nats string
}

var announcement = regexp.MustCompile(`^serving http://(\S+) with (\w+): .+; NATS at (\S+)\n$`)

func run(t *testing.T, driver string, args ...string) *process {
	cmd, line := spawn(t, asMain+"=1", append([]string{"-addr", "127.0.0.1:0", "-driver", driver, "-loops", "1"}, args...)...)
	m := announcement.FindStringSubmatch(line)
	if m == nil || m[2] != driver {
		t.Fatalf("announced %q, want address, driver %s and NATS", line, driver)
	}
	p := &process{t, cmd, m[1], m[3]}
	p.await("it is at NATS", func(s stats) bool { return s.Connected })
	return p
}

func (p *process) stats() (s stats) {
	res, err := http.Get("http://" + p.addr + "/stats")
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil {
		p.t.Fatal(err)
	}
	return s
}

func (p *process) await(what string, is func(stats) bool) {
	p.t.Helper()
	for range 300 {
		if is(p.stats()) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatalf("it did not come to this: %s: %+v", what, p.stats())
}

// client is subscribed to news by one process, and keeps what it gets.
type client struct {
	t   *testing.T
	ws  *ringwire.BlockingWebSocket
	ctx context.Context

	mu     sync.Mutex
	events []event
	bad    []string
}

func (p *process) client() *client {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	ws, err := ringwire.DialBlocking(ctx, "ws://"+p.addr+"/ws?topic=news", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	c := &client{t: p.t, ws: ws, ctx: ctx}
	ended := make(chan struct{})
	go func() { c.read(); close(ended) }()
	p.t.Cleanup(func() { cancel(); _ = ws.Close(ringwire.CloseNormal, ""); <-ended })
	return c
}

func (c *client) read() {
	for {
		_, m, err := c.ws.Read(c.ctx, nil)
		if err != nil {
			return
		}
		var e event
		err = json.Unmarshal(m, &e)
		c.mu.Lock()
		if err != nil || e.Seq == 0 {
			c.bad = append(c.bad, string(m))
		}
		c.events = append(c.events, e)
		c.mu.Unlock()
	}
}

// publish publishes n texts, name 1 to name n, with a pause after each.
func (c *client) publish(name string, n int, pause time.Duration) {
	for i := 1; i <= n; i++ {
		if err := c.ws.Write(c.ctx, ringwire.TextMessage, []byte(name+" "+strconv.Itoa(i))); err != nil {
			c.t.Errorf("publish: %v", err)
			return
		}
		time.Sleep(pause)
	}
}

// check waits until the last of n texts of each name has come, wants them in order and none twice, and returns
// how many are missing.
func (c *client) check(n int, names ...string) (missing int) {
	c.t.Helper()
	for _, name := range names {
		c.await(fmt.Sprint(name, " ", n))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, bad := range c.bad {
		c.t.Errorf("it got %q", bad)
	}
	last := map[string]uint64{}
	from := map[string]string{}
	for _, e := range c.events {
		name, number, _ := strings.Cut(e.Text, " ")
		if i, _ := strconv.ParseUint(number, 10, 64); i <= last[name] || i != e.Seq {
			c.t.Fatalf("%q came as number %d after %d", e.Text, e.Seq, last[name])
		}
		if was := from[name]; was != "" && was != e.From {
			c.t.Errorf("%s is %s and %s", name, was, e.From)
		}
		last[name], from[name] = e.Seq, e.From
	}
	return n*len(names) - len(c.events)
}

func (c *client) await(text string) {
	c.t.Helper()
	for range 600 {
		c.mu.Lock()
		for i := len(c.events) - 1; i >= 0; i-- {
			if c.events[i].Text == text {
				c.mu.Unlock()
				return
			}
		}
		n := len(c.events)
		c.mu.Unlock()
		if c.ctx.Err() != nil {
			c.t.Fatalf("%q did not come, with %d others", text, n)
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.t.Fatalf("%q did not come in 30 s", text)
}

// TestThreeProcesses: what is published in one comes to all, in order; NATS is in the first of them.
func TestThreeProcesses(t *testing.T) {
	for _, driver := range drivers() {
		t.Run(driver, func(t *testing.T) {
			first := run(t, driver, "-nats-listen", "127.0.0.1:0")
			var clients []*client
			for _, p := range []*process{first, run(t, driver, "-nats", first.nats), run(t, driver, "-nats", first.nats)} {
				clients = append(clients, p.client(), p.client())
			}
			const n = 1000
			var done sync.WaitGroup
			done.Go(func() { clients[0].publish("a", n, 0) })
			done.Go(func() { clients[2].publish("b", n, 0) })
			done.Wait()
			for i, c := range clients {
				if missing := c.check(n, "a", "b"); missing != 0 {
					t.Errorf("client %d misses %d", i, missing)
				}
			}
			if s := first.stats().Topics["news"]; s.Published != n || s.Received != 2*n || s.Gaps+s.Lost+s.Refused+s.Repeated != 0 {
				t.Errorf("the first process counts %+v", s)
			}
		})
	}
}

func startServer(t *testing.T, addr string) *exec.Cmd {
	cmd, line := spawn(t, asNATS+"="+addr)
	if line != "ready\n" {
		t.Fatalf("the NATS server said %q", line)
	}
	return cmd
}

// TestServerKilled: publishing goes on while the NATS server is killed and started again. Order holds, nothing comes
// twice, what waited arrives, and what is missing, if anything, is what is counted.
func TestServerKilled(t *testing.T) {
	for _, driver := range drivers() {
		t.Run(driver, func(t *testing.T) {
			addr := freeAddr(t)
			ns := startServer(t, addr)
			var processes []*process
			var clients []*client
			for range 3 {
				p := run(t, driver, "-nats", "nats://"+addr)
				processes, clients = append(processes, p), append(clients, p.client())
			}
			const n = 2000
			var done sync.WaitGroup
			done.Go(func() { clients[0].publish("a", n, time.Millisecond) })
			done.Go(func() { clients[1].publish("b", n, time.Millisecond) })
			clients[2].await("a 300")
			_ = ns.Process.Kill()
			processes[0].await("messages wait", func(s stats) bool { return !s.Connected && s.Topics["news"].Waiting > 100 })
			startServer(t, addr)
			done.Wait()
			for i, c := range clients {
				missing := c.check(n, "a", "b")
				s := processes[i].stats()
				count := s.Topics["news"]
				t.Logf("process %d: %d missing, %+v", i, missing, count)
				if uint64(missing) != count.Lost || count.Refused != 0 || s.Sessions != 2 {
					t.Errorf("process %d misses %d, and counts %+v in %d sessions", i, missing, count, s.Sessions)
				}
				if missing > n/10 {
					t.Errorf("process %d misses %d of %d: what waited has not come", i, missing, 2*n)
				}
			}
		})
	}
}

func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// TestWithoutServer: a process starts without NATS, takes messages, and sends them once it is there.
func TestWithoutServer(t *testing.T) {
	addr := freeAddr(t)
	cmd, line := spawn(t, asMain+"=1", "-addr", "127.0.0.1:0", "-nats", "nats://"+addr, "-driver", drivers()[0], "-loops", "1")
	m := announcement.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("announced %q", line)
	}
	p := &process{t, cmd, m[1], m[3]}
	c := p.client()
	c.publish("a", 10, 0)
	p.await("all wait", func(s stats) bool { return !s.Connected && s.Topics["news"].Waiting == 10 })
	startServer(t, addr)
	if missing := c.check(10, "a"); missing != 0 {
		t.Errorf("%d are missing", missing)
	}
	if res, err := http.Get("http://" + p.addr + "/ws?topic=other"); err != nil || res.StatusCode != 404 {
		t.Errorf("another topic: %v, %v, want 404", res, err)
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("interrupted, it ended with %v, want success", err)
	}
}
