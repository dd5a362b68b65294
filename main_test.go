package ringwire

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"

	"github.com/ringwire/ringwire/internal/leak"
	"github.com/ringwire/ringwire/ring"
)

func TestMain(m *testing.M) {
	if play := roles[os.Getenv(roleEnv)]; play != nil {
		play()
		os.Exit(0)
	}
	// The runtime's goroutine for signals stays once somebody has asked for one.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt)
	signal.Stop(signals)
	leak.Main(m)
}

// The test binary plays other programs: what is in roles by the name in roleEnv.
const roleEnv = "RINGWIRE_TEST_ROLE"

var roles = map[string]func(){}

// eachDriver runs f on both drivers; RINGWIRE_TEST_DRIVER picks one.
func eachDriver(t *testing.T, f func(t *testing.T, driver string)) {
	t.Helper()
	for _, driver := range []string{DriverURing, DriverNetpoll} {
		t.Run(driver, func(t *testing.T) {
			needDriver(t, driver)
			f(t, driver)
		})
	}
}

// needDriver skips the test where the driver is not wanted or cannot be had.
func needDriver(t testing.TB, driver string) {
	t.Helper()
	if only := os.Getenv("RINGWIRE_TEST_DRIVER"); only != "" && only != driver {
		t.Skip("RINGWIRE_TEST_DRIVER=" + only)
	}
	if driver != DriverURing {
		return
	}
	if err := ring.Available(); err != nil {
		t.Skip(err)
	}
}

// testConfig is what every test server starts from.
func testConfig(driver string) Config {
	return Config{
		Driver: driver, Loops: 1, Logger: slog.New(slog.DiscardHandler),
		DisablePooling: os.Getenv("RINGWIRE_TEST_POOLING") == "off",
	}
}

// testServer is a server under test, and what is known of it.
type testServer struct {
	*Server
	t    testing.TB
	addr string
	log  *logBuffer
	ret  chan error // what ListenAndServe returned
}

// start serves h on a port of the system's choice. At the test's end it closes the server
// and checks that everything came home.
func start(t testing.TB, driver string, h HandlerFunc, tune ...func(*Server)) *testServer {
	t.Helper()
	return startBy((*Server).ListenAndServe, t, driver, h, tune...)
}

// startBy is start with what makes the server serve.
func startBy(serve func(*Server) error, t testing.TB, driver string, h HandlerFunc, tune ...func(*Server)) *testServer {
	t.Helper()
	s := &testServer{t: t, log: new(logBuffer), ret: make(chan error, 1)}
	s.Server = &Server{Addr: "127.0.0.1:0", Handler: h, Config: testConfig(driver)}
	s.Logger = s.log.logger()
	if testTLS != 0 {
		withTLS(s.Server)
	}
	for _, f := range tune {
		f(s.Server)
	}
	go func() { s.ret <- serve(s.Server) }()
	addr := s.Started()
	if addr == nil {
		t.Fatalf("the server did not start: %v", <-s.ret)
	}
	s.addr = addr.String()
	t.Cleanup(s.stopAndCheck)
	return s
}

// stopAndCheck closes the server, unless the test did, and audits it.
func (s *testServer) stopAndCheck() {
	_ = s.Close()
	select {
	case err := <-s.ret:
		if err != ErrServerClosed {
			s.t.Errorf("ListenAndServe returned %v, want ErrServerClosed", err)
		}
	case <-time.After(10 * time.Second):
		s.t.Fatal("ListenAndServe did not return after Close")
	}
	s.audit()
	if s.t.Failed() {
		s.t.Log("the server's log:\n" + longLine.ReplaceAllString(s.log.String(), "$1…"))
	}
}

// longLine is one that holds a stack.
var longLine = regexp.MustCompile(`(?m)^(.{400}).+$`)

// audit checks that a server that has ended holds nothing: no connection, no exchange,
// no lease, no job.
func (s *testServer) audit() {
	s.t.Helper()
	var held string
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if held = holdings(s.Server); held == "" {
			return
		}
	}
	s.t.Errorf("the server has ended, but holds %s", held)
}

// holdings says what a server holds, "" if nothing. The loops must have ended; handlers
// may still run on workers.
func holdings(s *Server) string {
	var text bytes.Buffer
	s.jobs.mu.Lock()
	out := s.jobs.out
	s.jobs.mu.Unlock()
	if out != 0 {
		return fmt.Sprintf("%d jobs", out)
	}
	s.wsUsers.mu.Lock()
	out = s.wsUsers.n
	s.wsUsers.mu.Unlock()
	if out != 0 {
		return fmt.Sprintf("%d goroutines of WebSockets", out)
	}
	for i, svc := range s.services {
		if st := svc.loop.Stats(); st.Open != 0 || st.Parked != 0 {
			fmt.Fprintf(&text, "loop %d: %d connections, %d of them parked; ", i, st.Open, st.Parked)
		}
		if svc.live() != 0 {
			fmt.Fprintf(&text, "loop %d: %d exchanges; ", i, svc.live())
		}
		for _, c := range []interface{ Close() error }{svc.ws.codecs, svc.ws.topics, svc.alloc, svc.exchanges, svc.conns, leaks{svc.loop}} {
			if err := c.Close(); err != nil {
				fmt.Fprintf(&text, "loop %d: %v; ", i, err)
			}
		}
	}
	if err := s.jobs.pool.Close(); err != nil {
		fmt.Fprintf(&text, "workers: %v; ", err)
	}
	if err := s.wsTasks.Close(); err != nil {
		fmt.Fprintf(&text, "WebSockets: %v; ", err)
	}
	if err := s.decoders.Close(); err != nil {
		fmt.Fprintf(&text, "decoders: %v; ", err)
	}
	if err := s.shared.Close(); err != nil {
		fmt.Fprintf(&text, "workers: %v; ", err)
	}
	return text.String()
}

// leaks is the account of a loop's own connections.
type leaks struct{ loop *conn.Loop }

func (l leaks) Close() error { return l.loop.Leaks() }

// onLoop runs f on the server's first loop and waits for it.
func (s *testServer) onLoop(f func(svc *service)) {
	s.t.Helper()
	done := make(chan struct{})
	svc := s.services[0]
	if !svc.loop.Post(taskFunc(func() { f(svc); close(done) })) {
		s.t.Fatal("the loop has stopped")
	}
	<-done
}

// eventually waits until cond holds on the server's first loop.
func (s *testServer) eventually(what string, cond func(svc *service) bool) {
	s.t.Helper()
	ok := false
	for end := time.Now().Add(10 * time.Second); !ok; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain: %s", what)
		}
		s.onLoop(func(svc *service) { ok = cond(svc) })
	}
}

type taskFunc func()

func (f taskFunc) RunTask() { f() }

// logBuffer collects what a server logs.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// as is errors.As for a type known at compile time.
func as[E error](err error) (e E, ok bool) {
	ok = errors.As(err, &e)
	return e, ok
}
