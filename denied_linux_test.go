package ringwire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/denied"
	"github.com/ringwire/ringwire/ring"
)

// environment is a place where something is denied.
type environment struct {
	enter   func() error
	memory  uint64 // of a control group, which the test makes
	tune    func(*Config)
	root    bool            // needs privileges to be entered
	clients int             // at once; default 3
	finds   map[string]bool // one of these findings must be there
	driver  string          // if it is certain
	logs    string
}

func one(ids ...string) map[string]bool {
	m := map[string]bool{}
	for _, id := range ids {
		m[id] = true
	}
	return m
}

// environments are those of which the doctor must name the cause, and in which a server must serve all the
// same. kernel.io_uring_disabled is the whole machine's, so it is set in none of them: package ring tests what is
// said of it, and the kernel answers EPERM as a filter does.
var environments = map[string]environment{
	"seccomp EPERM":  {enter: func() error { return denied.IOUring(unix.EPERM) }, finds: one("io_uring.seccomp"), driver: DriverNetpoll},
	"seccomp ENOSYS": {enter: func() error { return denied.IOUring(unix.ENOSYS) }, finds: one("io_uring.seccomp"), driver: DriverNetpoll},
	"seccomp, no /proc": {root: true, enter: func() error { return errors.Join(denied.NoProc(), denied.IOUring(unix.EPERM)) },
		finds: one("io_uring.seccomp"), driver: DriverNetpoll},
	"io_uring_register refused": {enter: func() error { return denied.Calls(unix.EPERM, unix.SYS_IO_URING_REGISTER) },
		finds: one("io_uring.seccomp"), driver: DriverNetpoll},
	"no restrictions": {enter: func() error { return denied.Register(ring.RegisterRestrictions, unix.EINVAL) },
		tune: func(cfg *Config) { cfg.RestrictRing = true }, finds: one("io_uring.kernel"), driver: DriverNetpoll},
	"restrictions": {enter: func() error { return nil }, tune: func(cfg *Config) { cfg.RestrictRing = true }},
	"memlock 64 KiB": {enter: func() error { return errors.Join(denied.Memlock(64<<10), denied.Root()) },
		finds: one("io_uring.memlock", "io_uring.small", "")}, // not every kernel charges rings to it
	"memlock 0": {enter: func() error { return errors.Join(denied.Memlock(0), denied.Root()) },
		finds: one("io_uring.memlock", "io_uring.small", "")},
	"no /proc":             {root: true, enter: denied.NoProc, finds: one("proc.missing")},
	"read-only root":       {root: true, enter: denied.ReadOnlyRoot, finds: one("fs.read-only")},
	"16 descriptors":       {enter: func() error { return denied.NoFile(16) }, finds: one("limits.nofile"), clients: 40, logs: "too many open files"},
	"64 descriptors":       {enter: func() error { return denied.NoFile(64) }, finds: one("limits.nofile"), clients: 100, logs: "too many open files"},
	"64 MiB in its cgroup": {enter: func() error { return nil }, memory: 64 << 20, finds: one("cgroup.memory")},
}

const deniedEnv = "RINGWIRE_TEST_DENIED"

func init() {
	roles["denied"] = enterDenied
	roles["diagnosed"] = serveDenied
}

// enterDenied waits until it is told to go on, gives up what is to be denied, and becomes serveDenied.
func enterDenied() {
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	runtime.LockOSThread()
	self, err := denied.Open(os.Args[0])
	if err == nil {
		err = environments[os.Getenv(deniedEnv)].enter()
	}
	if err == nil {
		_ = os.Setenv(roleEnv, "diagnosed")
		err = self.Exec()
	}
	fmt.Println("skip:", err)
}

// serveDenied prints the diagnosis in a line, then where it serves, and ends with its input.
func serveDenied() {
	cfg := Config{Driver: os.Getenv("RINGWIRE_TEST_DRIVER"), Loops: 1, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil))}
	if tune := environments[os.Getenv(deniedEnv)].tune; tune != nil {
		tune(&cfg)
	}
	text, err := json.Marshal(cfg.Diagnose())
	if err != nil {
		fmt.Println(err)
	}
	fmt.Printf("%s\n", text)
	s := &Server{Addr: "127.0.0.1:0", Handler: HandlerFunc(hello), Config: cfg}
	go func() {
		if addr := s.Started(); addr != nil {
			fmt.Println(addr, s.DriverInfo().Name)
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = s.Close()
	}()
	if err := s.ListenAndServe(); err != ErrServerClosed {
		fmt.Println(err)
	}
}

// In each environment the diagnosis names the cause, and its driver is the one that a server takes, which serves.
func TestDenied(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: other processes, to which nothing here makes a difference")
	}
	for name, env := range environments {
		t.Run(name, func(t *testing.T) {
			if env.root && os.Geteuid() != 0 {
				t.Skip("needs root to take it away")
			}
			if ring.Available() != nil && env.driver != "" {
				t.Skipf("io_uring is refused before: %v", ring.Available())
			}
			testDenied(t, name, env)
		})
	}
}

func testDenied(t *testing.T, name string, env environment) {
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), roleEnv+"=denied", deniedEnv+"="+name)
	var stderr bytes.Buffer
	child.Stderr = &stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	leave := func() {}
	defer func() {
		_ = stdin.Close()
		if err := child.Wait(); err != nil || env.logs != "" && !strings.Contains(stderr.String(), env.logs) || t.Failed() {
			t.Errorf("the child ended with %v, want %q in its log:\n%s", err, env.logs, &stderr)
		}
		leave()
	}()
	if env.memory != 0 {
		undo, err := denied.Memory(child.Process.Pid, env.memory)
		if err != nil {
			t.Skip(err)
		}
		leave = undo
	}
	_, _ = io.WriteString(stdin, "go on\n")
	lines := bufio.NewReader(stdout)
	text, _ := lines.ReadString('\n')
	if why, skip := strings.CutPrefix(text, "skip:"); skip {
		env.logs = ""
		t.Skip(why)
	}
	served, _ := lines.ReadString('\n')
	addr, driver, ok := strings.Cut(strings.TrimSpace(served), " ")
	if !ok {
		t.Fatalf("it does not serve: %q after %q", served, text)
	}
	checkDiagnosis(t, env, []byte(text), driver)
	checkClients(t, addr, max(3, env.clients))
}

// checkDiagnosis compares what was found with what was taken away.
func checkDiagnosis(t *testing.T, env environment, text []byte, driver string) {
	t.Helper()
	var d Diagnosis
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	forced := os.Getenv("RINGWIRE_TEST_DRIVER") == DriverNetpoll
	if d.Driver.Name != driver || env.driver != "" && driver != env.driver {
		t.Errorf("diagnosed %+v, a server takes %s, want %q", d.Driver, driver, env.driver)
	}
	found := env.finds[""] || len(env.finds) == 0 || forced
	for _, f := range d.Findings {
		found = found || env.finds[f.ID]
		if f.Cause == "" || f.Seen == "" {
			t.Errorf("%+v is not accounted for", f)
		}
		if f.Severity == SeverityBroken || f.Severity == SeverityDriver && (driver == DriverURing || f.Remedy == "") {
			t.Errorf("%+v, but it serves on %s", f, driver)
		}
		if strings.HasPrefix(f.ID, "io_uring.") && !env.finds[f.ID] && ring.Available() == nil {
			t.Errorf("%+v: that was not taken away", f)
		}
	}
	if !found {
		t.Errorf("none of %v was found: %+v", env.finds, d.Findings)
	}
	if driver == DriverNetpoll && !forced && !slices.ContainsFunc(d.Findings, func(f Finding) bool { return f.Severity == SeverityDriver }) {
		t.Error("it serves on netpoll, and no finding says why")
	}
}

// checkClients connects so many clients, then has them ask: each that was served makes room for one that waits.
func checkClients(t *testing.T, addr string, n int) {
	t.Helper()
	var conns []net.Conn
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
	}
	if n > 3 {
		time.Sleep(50 * time.Millisecond) // it runs out of descriptors, and only then is there something to do
	}
	var wg sync.WaitGroup
	for _, c := range conns {
		wg.Go(func() {
			defer c.Close()
			_ = c.SetDeadline(time.Now().Add(patience))
			_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			if answer, err := io.ReadAll(c); err != nil || !bytes.HasPrefix(answer, []byte("HTTP/1.1 200 ")) {
				t.Errorf("a client got %q, %v", answer, err)
			}
		})
	}
	wg.Wait()
}
