package ringwire

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/world"
)

var (
	simConns    = flag.Int("sim.conns", 0, "simulate so many connections (TestWorld)")
	simDuration = flag.Duration("sim.duration", 0, "simulate for so long (TestWorld)")
	simFirst    = flag.Uint64("sim.seed", 1, "the first seed (TestWorld)")
	simReplay   = flag.String("sim.replay", "", `repeat one run: "seed=7 conns=3 …" (TestWorld)`)
)

// TestWorld runs the server in simulated worlds: see package world for what is looked for. A violation
// is made small, and printed with the command that repeats it.
func TestWorld(t *testing.T) {
	if *simReplay != "" {
		spec, err := world.ParseSpec(*simReplay)
		if err != nil {
			t.Fatal(err)
		}
		if v, _ := runWorld(spec, true); v != nil {
			t.Fatal(v)
		}
		return
	}
	conns := *simConns
	if conns == 0 && *simDuration == 0 {
		switch conns = 20_000; {
		case raceEnabled: // a world runs on one goroutine
			conns = 1000
		case testing.Short():
			conns = 3000
		}
	}
	began := time.Now()
	f := worldFleet{seed: *simFirst}
	f.run(func() bool { return f.sum.Conns < conns || time.Since(began) < *simDuration })
	if f.broken != nil {
		reportViolation(t, f.broken)
		return
	}
	spent, sum := time.Since(began), &f.sum
	t.Logf("%d connections (%.0f/s), %d answers, %d messages, seeds %d to %d, %d turns, ends %v",
		sum.Conns, float64(sum.Conns)/spent.Seconds(), sum.Answers, sum.Messages, *simFirst, f.seed-1, sum.Turns, sum.Ends)
	t.Logf("%d messages were compressed, and %d answers", sum.Deflated, sum.Inflated)
	t.Logf("%d handshakes of TLS, %d of them resumed; %d messages of topics, %d missed, %d subscribers too slow",
		sum.Handshakes, sum.Resumed, sum.Notices, sum.Missed, sum.Slow)
}

// worldFleet runs worlds beside each other, which have nothing in common.
type worldFleet struct {
	mu     sync.Mutex
	seed   uint64 // the next one
	sum    world.Stats
	broken *world.Violation // of the lowest seed that has one
}

// run makes runs as long as more, which is called under the lock, wants some.
func (f *worldFleet) run(more func() bool) {
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			f.mu.Lock()
			defer f.mu.Unlock()
			for f.broken == nil && more() {
				spec := world.Spec{Seed: f.seed}
				f.seed++
				f.mu.Unlock()
				v, st := runWorld(spec, false)
				f.mu.Lock()
				f.sum.Add(st)
				if v != nil && (f.broken == nil || v.Spec.Seed < f.broken.Spec.Seed) {
					f.broken = v
				}
			}
		})
	}
	all.Wait()
}

// runWorld makes one run; a traced one tells on standard error what happens.
func runWorld(spec world.Spec, traced bool) (*world.Violation, world.Stats) {
	var trace *os.File
	var w *world.World
	if traced {
		trace = os.Stderr
		w = world.New(spec, trace)
	} else {
		w = world.New(spec, nil)
	}
	v := w.Run(newWorldHost(w))
	return v, w.Stats()
}

// reportViolation makes a violation small and says how to repeat it.
func reportViolation(t *testing.T, v *world.Violation) {
	t.Helper()
	t.Errorf("%v\nin %s; making it smaller", v, v.Spec)
	small := world.Shrink(v, time.Minute, func(spec world.Spec) *world.Violation {
		v, _ := runWorld(spec, false)
		return v
	})
	t.Errorf("%v\nrepeat: %s", small, replayCommand(small))
}

// replayCommand repeats a violation.
func replayCommand(v *world.Violation) string {
	return fmt.Sprintf("go test . -run '^TestWorld$' -sim.replay '%s'", v.Spec)
}

// TestWorldRepeats: one seed gives one run, event by event, and a connection that is left out does not change
// what befalls the others: else nothing could be replayed, or made smaller.
func TestWorldRepeats(t *testing.T) {
	trace := func(spec world.Spec) string {
		var text strings.Builder
		w := world.New(spec, &text)
		if v := w.Run(newWorldHost(w)); v != nil {
			t.Fatal(v)
		}
		return text.String()
	}
	var a string
	seeds := []uint64{6, 9, 23, 100} // all but the first over TLS, whose bytes differ, but nothing else
	if raceEnabled {
		seeds = seeds[:2]
	}
	for _, seed := range seeds {
		spec := world.Spec{Seed: seed, All: 200}
		a = trace(spec)
		if b := trace(spec); a != b || !strings.Contains(a, "received") {
			t.Errorf("seed %d gives two different runs, of %d and %d bytes of trace", seed, len(a), len(b))
		}
	}
	if other := trace(world.Spec{Seed: 7, All: 200}); other == a {
		t.Error("two seeds give the same run")
	}
}

// TestWorldFinds: the world notices what it is there for. Each is done to it from outside, so that nothing
// has to be planted; for that see TestPlanted.
func TestWorldFinds(t *testing.T) {
	for _, c := range []struct {
		kind   string
		meddle func(h *worldHost)
	}{
		{"answer", func(h *worldHost) {
			h.srv.Handler = HandlerFunc(func(w *ResponseWriter, r *Request) { _, _ = w.WriteString("hello") })
		}},
		{"echo", func(h *worldHost) {
			h.sockets.cfg.OnMessage = func(ws *WebSocket, m Message) { _ = ws.SendBinary([]byte("hello")) }
		}},
		{"close", func(h *worldHost) {
			h.sockets.cfg.OnOpen = func(ws *WebSocket) { _ = ws.Close(CloseNormal, "") }
		}},
		{"waits in vain", func(h *worldHost) { h.svc.loop.Post(taskFunc(h.w.Sim().PauseAccept)) }},
		{"panic", func(h *worldHost) { h.svc.loop.Post(taskFunc(func() { panic("here") })) }},
		{"contract", func(h *worldHost) { h.svc.loop.Post(taskFunc(func() { h.w.Sim().Send(12345, nil) })) }},
		{"held", func(h *worldHost) { h.svc.loop.Post(taskFunc(func() { h.svc.mem.head.Lease(10) })) }},
	} {
		w := world.New(world.Spec{Seed: 4, All: 50}, nil)
		h := newWorldHost(w)
		c.meddle(h)
		if v := w.Run(h); v == nil || v.Kind != c.kind {
			t.Errorf("it finds %v, want %s", v, c.kind)
		}
	}
}
