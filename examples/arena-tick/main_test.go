package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
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

// The tests run the program itself: this test binary, started with asMain set, is main.
const asMain = "RINGWIRE_ARENA_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asMain) != "" {
		main()
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

// eachDriver runs the program on every driver.
func eachDriver(t *testing.T, f func(t *testing.T, p *program)) {
	for _, driver := range drivers() {
		t.Run(driver, func(t *testing.T) { f(t, run(t, driver)) })
	}
}

// program is a running arena-tick.
type program struct {
	cmd  *exec.Cmd
	addr string
}

var announcement = regexp.MustCompile(`^serving http://(\S+) with (\w+): .+\n$`)

func command(t *testing.T, args ...string) *exec.Cmd {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), asMain+"=1")
	return cmd
}

func run(t *testing.T, driver string) *program {
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
	if m == nil || m[2] != driver {
		_ = cmd.Wait()
		t.Fatalf("announced %q (%v), want address and driver %s; it said:\n%s", line, err, driver, stderr)
	}
	return &program{cmd, m[1]}
}

// watcher is a player without a page.
type watcher struct {
	t    *testing.T
	ws   *ringwire.BlockingWebSocket
	ctx  context.Context
	buf  []byte
	id   uint16
	tick uint32

	dots  map[uint16][3]int // of the last state: x, y, player
	stats []byte            // the last
}

func (p *program) watch(t *testing.T) *watcher {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	ws, err := ringwire.DialBlocking(ctx, "ws://"+p.addr+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close(ringwire.CloseNormal, "") })
	w := &watcher{t: t, ws: ws, ctx: ctx}
	if m := w.read(); m[0] != helloMessage || len(m) != 4 {
		t.Fatalf("the first message is % x, want a hello", m)
	}
	w.id = binary.LittleEndian.Uint16(w.buf[2:])
	return w
}

func (w *watcher) read() []byte {
	w.t.Helper()
	kind, m, err := w.ws.Read(w.ctx, w.buf[:0])
	if err != nil || kind != ringwire.BinaryMessage || len(m) < 4 {
		w.t.Fatalf("read %v of % x: %v", kind, m, err)
	}
	w.buf = m
	return m
}

// state reads on to the next state.
func (w *watcher) state() {
	w.t.Helper()
	for {
		m, le := w.read(), binary.LittleEndian
		if m[0] == statsMessage {
			w.stats = bytes.Clone(m)
			continue
		}
		n := int(le.Uint16(m[2:]))
		if m[0] != stateMessage || len(m) != 12+8*n {
			w.t.Fatalf("% x… of %d bytes is no state of %d dots", m[:4], len(m), n)
		}
		if tick := le.Uint32(m[4:]); tick <= w.tick {
			w.t.Fatalf("tick %d came after %d", tick, w.tick)
		} else {
			w.tick = tick
		}
		w.dots = map[uint16][3]int{}
		for m = m[12:]; len(m) > 0; m = m[8:] {
			w.dots[le.Uint16(m)] = [3]int{int(le.Uint16(m[2:])), int(le.Uint16(m[4:])), int(m[6])}
		}
		return
	}
}

// until reads states until one is as wanted.
func (w *watcher) until(what string, is func() bool) {
	w.t.Helper()
	for range 10 * rate {
		if w.state(); is() {
			return
		}
	}
	w.t.Fatalf("in 10 s it did not come to this: %s", what)
}

// TestTicks: states come at the world's pace, with what the ticker has on record.
func TestTicks(t *testing.T) {
	eachDriver(t, func(t *testing.T, p *program) {
		w := p.watch(t)
		w.state()
		first, began := w.tick, time.Now()
		w.until("a second and a half of ticks", func() bool { return w.tick >= first+90 })
		// A busy machine delays ticks, and the first one that is read, but at twice the pace it would be 0.75 s.
		if took := time.Since(began); took < time.Second || took > 5*time.Second {
			t.Errorf("%d ticks took %v, want about 1.5 s", w.tick-first, took)
		}
		if len(w.dots) < 161 {
			t.Errorf("%d dots, want 160 bots and a player", len(w.dots))
		}
		if len(w.stats) != 28 || w.stats[2] != 1 {
			t.Fatalf("the last stats are % x, want one player's", w.stats)
		}
		le := binary.LittleEndian
		ticks, p50, p99, most := le.Uint32(w.stats[4:]), le.Uint32(w.stats[16:]), le.Uint32(w.stats[20:]), le.Uint32(w.stats[24:])
		if ticks < 60 || ticks > w.tick || p50 > p99 || p99 > most || most == 0 {
			t.Errorf("at tick %d: %d ticks, late by %d, %d, %d µs, want a count up to it and rising quantiles", w.tick, ticks, p50, p99, most)
		}
	})
}

// TestSteer: a player's dot goes where it is told, others see that, and see it vanish.
func TestSteer(t *testing.T) {
	eachDriver(t, func(t *testing.T, p *program) {
		w, other := p.watch(t), p.watch(t)
		w.until("its dot is there, and is a player's", func() bool { return w.dots[w.id][2] == 1 })
		for _, to := range []int8{127, -127} { // right, left: at least one is no wall
			if err := w.ws.Write(w.ctx, ringwire.BinaryMessage, []byte{byte(to), 0}); err != nil {
				t.Fatal(err)
			}
			w.until("its dot moves to the wall", func() bool {
				x := w.dots[w.id][0]
				return to > 0 && x > 60000 || to < 0 && x < 5000
			})
		}
		other.until("the other sees it", func() bool { return other.dots[w.id][2] == 1 })
		if err := w.ws.Close(ringwire.CloseNormal, ""); err != nil {
			t.Fatal(err)
		}
		other.until("it has left", func() bool { _, there := other.dots[w.id]; return !there })
	})
}

// TestSteerBadly: who sends something else is told so, and the world goes on.
func TestSteerBadly(t *testing.T) {
	eachDriver(t, func(t *testing.T, p *program) {
		w := p.watch(t)
		if err := w.ws.Write(w.ctx, ringwire.BinaryMessage, []byte{1, 2, 3}); err != nil {
			t.Fatal(err)
		}
		for {
			_, m, err := w.ws.Read(w.ctx, w.buf[:0])
			w.buf = m
			var end *ringwire.CloseError
			if errors.As(err, &end) {
				if end.Code != ringwire.ClosePolicyViolation {
					t.Errorf("closed with %v, want %d", end, ringwire.ClosePolicyViolation)
				}
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		p.watch(t).state()
		p.interrupt(t)
	})
}

func TestPage(t *testing.T) {
	p := run(t, drivers()[0])
	for path, want := range map[string]int{"/": 200, "/other": 404, "/ws": 426} {
		res, err := http.Get("http://" + p.addr + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != want {
			t.Errorf("GET %s: %d, %v, want %d", path, res.StatusCode, err, want)
		}
		if path == "/" && !bytes.Equal(body, page) {
			t.Errorf("GET / has %d bytes, want the page's %d", len(body), len(page))
		}
	}
	// It is self-contained: it works where there is no other network.
	if other := regexp.MustCompile(`(src|href)="[^d]|https?://|@import|url\(`).Find(page); other != nil {
		t.Errorf("the page refers to %q", other)
	}
}

// interrupt ends the program like ^C does, with players connected, and wants an orderly end.
func (p *program) interrupt(t *testing.T) {
	if runtime.GOOS == "windows" {
		return // no process can be sent ^C there
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			t.Errorf("interrupted, it ended with %v, want success", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("interrupted, it did not end within 20 s")
	}
}

func TestRefusesToStart(t *testing.T) {
	for says, args := range map[string][]string{
		`Driver: "epoll"`: {"-driver", "epoll"},
		"-bots -1":        {"-bots", "-1"},
		"-bots 9999":      {"-bots", "9999"},
	} {
		out, err := command(t, args...).CombinedOutput()
		if _, failed := err.(*exec.ExitError); !failed || !strings.Contains(string(out), says) {
			t.Errorf("%q: ended with %v, saying %q, want a failure that names %s", args, err, out, says)
		}
	}
}
