package conn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn/conntest/sim"
	"github.com/ringwire/ringwire/mem"
)

// TestSim runs loops over a simulated network with clients and handlers that do everything
// there is to do at random moments. What the clients get must be right to the byte, and
// nothing may be left. RINGWIRE_SIM_SEED repeats one run,
// RINGWIRE_SIM_SEEDS makes more.
func TestSim(t *testing.T) {
	for name, faults := range map[string]sim.Faults{"calm": {}, "rough": sim.Rough, "hostile": sim.Hostile} {
		t.Run(name, func(t *testing.T) {
			first, last := uint64(1), number(t, "RINGWIRE_SIM_SEEDS", 25)
			if seed := number(t, "RINGWIRE_SIM_SEED", 0); seed != 0 {
				first, last = seed, seed
			}
			for seed := first; seed <= last; seed++ {
				if runEcho(t, seed, faults); t.Failed() {
					t.Fatalf("repeat: RINGWIRE_SIM_SEED=%d go test ./conn -run '^TestSim$/^%s$'", seed, name)
				}
			}
		})
	}
}

// number reads an environment variable.
func number(t *testing.T, name string, def uint64) uint64 {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return def
	}
	n, err := strconv.ParseUint(v, 0, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// echoer sends back every line that it gets, in its own time, and closes after "bye".
type echoer struct {
	t      *testing.T
	rng    *rand.Rand
	closed *int // calls of OnClose
	ended  bool
	paused bool
	bye    bool
}

func (e *echoer) OnData(c *Conn, p []byte) (n int) {
	if e.paused || e.bye {
		e.t.Errorf("OnData while paused (%v), or after Close (%v)", e.paused, e.bye)
	}
	for {
		if c.Congested() {
			return n // OnDrain goes on
		}
		line, _, ok := bytes.Cut(p[n:], []byte("\n"))
		if !ok {
			break
		}
		_, _ = c.Output().Write(p[n : n+len(line)+1])
		c.Flush()
		n += len(line) + 1
		if string(line) == "bye" {
			e.leave(c)
			return n
		}
		if e.digress(c) {
			return n
		}
	}
	if e.ended {
		e.leave(c)
	}
	return n
}

// digress does something else than to go on with the next line. Something brings OnData back.
func (e *echoer) digress(c *Conn) bool {
	switch e.rng.IntN(20) {
	case 0:
		if e.ended {
			return false // nobody comes back if nothing is kept
		}
		e.paused = true
		c.Pause()
		c.SetDeadline(c.Loop().Now() + e.rng.Int64N(int64(20*time.Millisecond)))
	case 1:
		c.Redeliver()
		if e.ended {
			return false
		}
	case 2:
		next := *e // another handler goes on; it is told of the end itself
		c.SetHandler(&next)
		c.Redeliver()
	default:
		return false
	}
	return true
}

func (e *echoer) leave(c *Conn) {
	e.bye = true
	if e.rng.IntN(2) == 0 {
		c.Close()
	} else {
		c.CloseLinger()
	}
}

func (e *echoer) OnEnd(c *Conn, err error) {
	if e.paused && err == io.EOF {
		e.t.Error("OnEnd while paused")
	}
	if e.ended = true; c.Kept() == 0 {
		e.leave(c)
	} else {
		c.Redeliver() // OnData judges what is kept
	}
}

func (e *echoer) OnDrain(c *Conn) {
	if e.ended && c.Kept() == 0 {
		e.leave(c) // there is nothing to redeliver
		return
	}
	c.Redeliver()
}

func (e *echoer) OnTimeout(c *Conn) {
	e.paused = false
	c.Resume()
}

func (e *echoer) OnOpen(*Conn)         {}
func (e *echoer) OnShutdown(c *Conn)   { c.Close() }
func (e *echoer) OnClose(*Conn, error) { *e.closed++ }

// liner is a client of echoer.
type liner struct {
	peer    *sim.Peer
	text    []byte // lines to write
	all     []byte // the lines, and what follows them without being answered
	wrote   int
	fin     bool
	got     []byte
	kind    int
	leaveAt int
	over    bool
}

const (
	lineHalf  = iota // FIN after the last line
	lineBye          // "bye" makes the server close; surplus bytes follow
	lineWait         // ends after the last answer
	lineReset        // breaks off at any time
	lineKinds
)

func newLiner(rng *rand.Rand, s *sim.Sim, adopt func(net.Conn), n int) *liner {
	l := &liner{peer: meet(rng, s, adopt), kind: rng.IntN(lineKinds), leaveAt: rng.IntN(200)}
	for i := range rng.IntN(200) {
		l.text = fmt.Appendf(l.text, "%d:%d:%0*d\n", n, i, 1<<rng.IntN(11), i)
	}
	if l.all = l.text; l.kind == lineBye {
		l.text = append(l.text, "bye\n"...)
		l.all = append(bytes.Clone(l.text), make([]byte, rng.IntN(100_000))...)
	}
	return l
}

// meet makes the connection: from that side, or from this.
func meet(rng *rand.Rand, s *sim.Sim, adopt func(net.Conn)) *sim.Peer {
	if rng.IntN(3) > 0 {
		return s.Dial()
	}
	near, peer := s.Connect()
	s.Post(taskFunc(func() { adopt(near) }))
	return peer
}

// act writes and reads a little, and checks; hostile networks may break off.
func (l *liner) act(t *testing.T, rng *rand.Rand, hostile bool) {
	if l.leaveAt--; l.leaveAt < 0 && l.kind == lineReset {
		l.peer.Reset()
		l.over = true
		return
	}
	if rest := l.all[l.wrote:]; len(rest) > 0 && rng.IntN(2) == 0 {
		n, err := l.peer.Write(rest[:min(len(rest), 1+rng.IntN(1<<rng.IntN(16)))])
		if l.wrote += n; err != nil {
			l.wrote = len(l.all)
		}
	}
	if l.wrote == len(l.all) && l.kind == lineHalf && !l.fin {
		l.fin = true
		_ = l.peer.CloseWrite()
	}
	b := make([]byte, rng.IntN(1<<rng.IntN(16)))
	n, err := l.peer.Read(b)
	l.got = append(l.got, b[:n]...)
	if !bytes.HasPrefix(l.text, l.got) {
		t.Fatalf("after %d bytes comes %.100q", len(l.got)-n, b[:n])
	}
	whole := len(l.got) == len(l.text)
	switch {
	case err == nil && !(whole && l.kind == lineWait):
		return
	case err == nil:
		_ = l.peer.Close()
	case !whole && !hostile, err != io.EOF && !hostile:
		t.Errorf("client of kind %d: %v after %d of %d bytes", l.kind, err, len(l.got), len(l.text))
	}
	l.over = true
	_ = l.peer.Close()
}

// runEcho makes one run.
func runEcho(t *testing.T, seed uint64, faults sim.Faults) {
	rng := rand.New(rand.NewPCG(seed, 4))
	alloc := mem.NewAllocator(mem.Config{})
	cfg := sim.Config{Seed: seed, Faults: faults, Window: 1000 << rng.IntN(7)}
	if os.Getenv("RINGWIRE_SIM_TRACE") != "" {
		cfg.Trace = os.Stderr
	}
	s := sim.New(cfg)
	accepted, closed := 0, 0
	loop := NewLoop(Config{
		Driver: s, Alloc: alloc, MaxConns: 1 + rng.IntN(5),
		HighWater: 5000, LowWater: 1000, MaxPending: 4096, MaxSend: 3000, OutputChunk: 512,
		Accept: func(c *Conn) Handler {
			accepted++
			return &echoer{t: t, rng: rng, closed: &closed}
		},
	})
	adopt := func(nc net.Conn) {
		switch _, err := loop.Adopt(nc, &echoer{t: t, rng: rng, closed: &closed}); {
		case err == nil:
			accepted++
		case loop.ShuttingDown() || errors.Is(err, net.ErrClosed):
			_ = nc.Close()
		default:
			t.Errorf("Adopt: %v", err)
		}
	}
	if err := s.Listen(s.NewListener()); err != nil {
		t.Fatal(err)
	}
	s.Begin(loop)
	var clients []*liner
	for i := range 1 + rng.IntN(8) {
		clients = append(clients, newLiner(rng, s, adopt, i))
	}
	playEcho(t, rng, s, clients, faults.Reset > 0)
	s.Advance(time.Minute)
	if st := loop.Stats(); st.Open != 0 || st.Parked != 0 || accepted != closed {
		t.Errorf("all clients are gone: %+v, %d handlers made, %d closed", st, accepted, closed)
	}
	for i := range 3 { // the end comes in the middle
		c := newLiner(rng, s, adopt, i)
		c.act(t, rng, true)
	}
	s.Advance(time.Millisecond)
	if rng.IntN(2) == 0 {
		s.Post(taskFunc(loop.Shutdown))
		s.Advance(time.Millisecond)
	}
	s.Stop()
	s.Step()
	for _, m := range s.Misuse() {
		t.Errorf("against the driver's contract: %s", m)
	}
	if st := loop.Stats(); st.Open != 0 || st.Parked != 0 || accepted != closed || loop.wheel.n != 0 {
		t.Errorf("the loop has ended: %+v, %d handlers made, %d closed, %d timers", st, accepted, closed, loop.wheel.n)
	}
	if err := alloc.Close(); err != nil {
		t.Error(err)
	}
}

// playEcho lets the clients act until all are through.
func playEcho(t *testing.T, rng *rand.Rand, s *sim.Sim, clients []*liner, hostile bool) {
	for range 100_000 {
		busy := false
		for _, c := range clients {
			if !c.over {
				c.act(t, rng, hostile)
				busy = true
			}
		}
		if !busy {
			return
		}
		s.Advance(time.Duration(rng.IntN(int(time.Millisecond))))
	}
	for i, c := range clients {
		if !c.over {
			t.Errorf("client %d of kind %d waits in vain: wrote %d, read %d of %d bytes", i, c.kind, c.wrote, len(c.got), len(c.text))
		}
	}
}
