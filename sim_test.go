package ringwire

import (
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn/conntest/sim"
)

// simFaults are the networks that a server is run over.
var simFaults = []struct {
	name   string
	faults sim.Faults
}{{"calm", sim.Faults{}}, {"rough", sim.Rough}, {"hostile", sim.Hostile}}

// TestSim runs a whole server over a simulated network: many clients at once, pipelines,
// bodies of every kind, ends of every kind. Each answer must be the one to its own
// request, whole, and nothing may be left at the end. A seed gives the same run each time.
func TestSim(t *testing.T) {
	t.Parallel()
	for _, network := range simFaults {
		t.Run(network.name, func(t *testing.T) {
			for _, seed := range simSeeds(t, 60) {
				simulate(t, seed, network.faults, false)
			}
		})
	}
}

// TestSimBlocking is the same with handlers on workers. What these do when is the
// scheduler's business, so a seed gives a similar run only.
func TestSimBlocking(t *testing.T) {
	t.Parallel()
	for _, network := range simFaults {
		t.Run(network.name, func(t *testing.T) {
			for _, seed := range simSeeds(t, 30) {
				simulate(t, seed, network.faults, true)
			}
		})
	}
}

// TestSimRepeats: what a seed is for.
func TestSimRepeats(t *testing.T) {
	t.Parallel()
	var traces [2]strings.Builder
	for i := range traces {
		w := &simWorld{t: t, faults: sim.Hostile, trace: &traces[i]}
		w.run(3, false)
	}
	if a, b := traces[0].String(), traces[1].String(); a != b || !strings.Contains(a, "received") {
		t.Errorf("one seed gives two different runs, of %d and %d bytes of trace", len(a), len(b))
	}
}

// simSeeds are 1 to n, or to RINGWIRE_SIM_SEEDS, or the one of RINGWIRE_SIM_SEED.
func simSeeds(t *testing.T, n uint64) (list []uint64) {
	t.Helper()
	number := func(name string) (n uint64) {
		if v := os.Getenv(name); v != "" {
			var err error
			if n, err = strconv.ParseUint(v, 0, 64); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
		}
		return n
	}
	if seed := number("RINGWIRE_SIM_SEED"); seed != 0 {
		return []uint64{seed}
	}
	if testing.Short() || raceEnabled {
		n /= 6
	}
	if more := number("RINGWIRE_SIM_SEEDS"); more != 0 {
		n = more
	}
	for seed := uint64(1); seed <= n; seed++ {
		list = append(list, seed)
	}
	return list
}

// simWorld is a server, its network and its clients.
type simWorld struct {
	t       *testing.T
	rng     *rand.Rand
	sim     *sim.Sim
	srv     *Server
	svc     *service
	faults  sim.Faults
	trace   io.Writer // nil = none
	clients []*simClient
	handler HandlerFunc   // default simHandler
	tune    func(*Server) // nil = as the seed has it
	shut    bool          // Shutdown was called: requests not begun are not answered
}

// simulate makes one run.
func simulate(t *testing.T, seed uint64, faults sim.Faults, blocking bool) {
	t.Helper()
	w := &simWorld{t: t, faults: faults}
	if os.Getenv("RINGWIRE_SIM_TRACE") != "" {
		w.trace = os.Stderr
	}
	defer func() {
		if t.Failed() {
			t.Fatalf("repeat: RINGWIRE_SIM_SEED=%d go test . -run '^%s$'", seed, strings.ReplaceAll(t.Name(), "/", "$/^"))
		}
	}()
	w.run(seed, blocking)
}

// run makes the run of a seed.
func (w *simWorld) run(seed uint64, blocking bool) {
	w.rng = rand.New(rand.NewPCG(seed, 0x73657276))
	w.open(seed)
	for i := range 3 + w.rng.IntN(6) {
		w.clients = append(w.clients, w.newClient(i, blocking))
	}
	w.play()
	w.rest()
	w.close()
}

// open begins the server on the simulation, with limits small enough to be met.
func (w *simWorld) open(seed uint64) {
	window := []int{300, 4096, 64 << 10}[w.rng.IntN(3)]
	w.sim = sim.New(sim.Config{Seed: seed, Faults: w.faults, Window: window, Trace: w.trace})
	if w.handler == nil {
		w.handler = simHandler
	}
	w.srv = &Server{Handler: w.handler, Config: testConfig(DriverNetpoll)}
	w.srv.BodyBuffer, w.srv.MaxBody = 2000, simMaxBody
	w.srv.IdleTimeout = -1 // or it would hide a connection that is not closed when it should be
	if w.rng.IntN(2) == 0 {
		w.srv.MaxConns = 2
	}
	if w.tune != nil {
		w.tune(w.srv)
	}
	if err := w.srv.prepare(); err != nil {
		w.t.Fatal(err)
	}
	w.svc = w.srv.newService(w.sim, 1)
	w.srv.services = []*service{w.svc}
	if err := w.sim.Listen(w.sim.NewListener()); err != nil {
		w.t.Fatal(err)
	}
	w.sim.Begin(w.svc.loop)
}

const simMaxBody = 400_000

// play lets the clients act until all have had what they wait for.
func (w *simWorld) play() {
	shutAt := -1
	if w.rng.IntN(5) == 0 {
		shutAt = w.rng.IntN(200)
	}
	for i := range 200_000 {
		if i == shutAt {
			w.shut = true
			w.sim.Post((*shutdownTask)(w.svc))
		}
		busy := false
		for _, c := range w.clients {
			busy = c.act(w.rng) || busy
		}
		if !busy {
			return
		}
		w.sim.Advance(time.Duration(w.rng.IntN(int(time.Millisecond))))
		if w.srv.workers.running > 0 {
			runtime.Gosched()
		}
	}
	for _, c := range w.clients {
		if !c.over {
			w.t.Errorf("%s waits in vain: wrote %d of %d bytes, has %d of %d responses; the rest is %.200q",
				c, c.wrote, len(c.raw), c.done, len(c.requests), c.got)
		}
	}
}

// rest waits for the timeouts of those that linger or idle: then nothing is held.
func (w *simWorld) rest() {
	left := func() bool { return w.sim.Open() > 0 || w.svc.live() > 0 && !w.shut }
	w.sim.Advance(5 * time.Minute)
	for end := time.Now().Add(5 * time.Second); left() && time.Now().Before(end); time.Sleep(time.Millisecond) {
		w.sim.Advance(5 * time.Second) // handlers on workers may still run
	}
	if n := w.sim.Open(); n != 0 {
		w.t.Errorf("%d connections are open after every timeout", n)
	}
	if w.shut {
		return // the loop has ended, perhaps before a worker has: close looks at what is left
	}
	if w.svc.live() != 0 {
		w.t.Errorf("%d exchanges are in use without a connection", w.svc.live())
	}
	if n := w.svc.alloc.Stats().Leased; n != 0 {
		w.t.Errorf("%d leases are out without a connection", n)
	}
}

// close ends the run, with connections open, and looks for what is left.
func (w *simWorld) close() {
	for i := range 3 { // the end comes in the middle of something
		c := w.newClient(100+i, false)
		for range 5 {
			c.act(w.rng)
			w.sim.Advance(50 * time.Microsecond)
		}
	}
	if w.rng.IntN(2) == 0 {
		w.sim.Post((*shutdownTask)(w.svc))
		w.sim.Advance(time.Duration(w.rng.IntN(3)) * 30 * time.Second)
	}
	w.sim.Stop()
	w.sim.Step()
	w.srv.workers.close()
	w.srv.jobs.wait(func() {})
	for _, text := range w.sim.Misuse() {
		w.t.Errorf("against the driver's contract: %s", text)
	}
	held := holdings(w.srv)
	for end := time.Now().Add(5 * time.Second); held != "" && time.Now().Before(end); held = holdings(w.srv) {
		time.Sleep(time.Millisecond)
	}
	if held != "" {
		w.t.Errorf("the server has ended, but holds %s", held)
	}
}
