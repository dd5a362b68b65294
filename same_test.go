package ringwire

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn/conntest/sim"
)

// What clients do is written down, and played to a server on io_uring and on netpoll, with TLS and without, and
// on the simulation: the application sees the same, and the clients get the same.

// script is what one client does: it takes step after step, and ends.
type script struct {
	steps []step
	end   simEnd // one that does not depend on when it comes
	last  string // how the application's last event begins; "" = however

	// told writes down what the client has got, without what tells of the time, or of how bytes were cut.
	told func(e *events, client int, got []byte)
}

// step is bytes to send, in pieces, and what must have come before the client goes on.
type step struct {
	pieces [][]byte
	done   func(got []byte) bool // nil: the connection's end must have come
}

// cut cuts bytes into pieces.
func cut(rng *rand.Rand, raw []byte) (pieces [][]byte) {
	for len(raw) > 0 {
		n := min(len(raw), 1+rng.IntN(1<<rng.IntN(17)))
		pieces, raw = append(pieces, raw[:n]), raw[n:]
	}
	return pieces
}

// finishes reports whether the client half-closes after its step i.
func (s *script) finishes(i int) bool {
	return i == len(s.steps)-1 && (s.end == endHalf || s.end == endCut)
}

// events are what has happened to each client. What has an order is in one track.
type events struct {
	mu   sync.Mutex
	list []map[string][]string
}

func newEvents(clients int) *events {
	e := &events{list: make([]map[string][]string, clients)}
	for i := range e.list {
		e.list[i] = make(map[string][]string)
	}
	return e
}

func (e *events) add(client int, track, format string, args ...any) {
	if client >= len(e.list) {
		return // one of those with which a simulation ends
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list[client][track] = append(e.list[client][track], fmt.Sprintf(format, args...))
}

// of is what has happened to one client, track by track.
func (e *events) of(client int) (lines []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	tracks := e.list[client]
	for _, name := range slices.Sorted(maps.Keys(tracks)) {
		for _, text := range tracks[name] {
			lines = append(lines, name+": "+text)
		}
	}
	return lines
}

// ended writes down the client's side.
func (e *events) ended(client int, s *script, got []byte, err error) {
	s.told(e, client, got)
	if err == io.EOF {
		e.add(client, "client", "the server has closed")
	} else if err != nil {
		e.add(client, "client", "an error: %v", err)
	}
}

// application makes a handler that writes down what it sees.
type application func(t *testing.T, e *events) HandlerFunc

// transport is one way to play scripts over sockets.
type transport struct {
	driver string
	tls    bool
}

func (tr transport) String() string {
	if tr.tls {
		return tr.driver + "-tls"
	}
	return tr.driver
}

func (tr transport) tune(s *Server) {
	if plain(s); tr.tls {
		withTLS(s)
	}
}

// playEverywhere plays the scripts of each seed everywhere, and compares.
func playEverywhere(t *testing.T, seeds uint64, write func(seed uint64) []script, app application) {
	t.Helper()
	for _, seed := range simSeeds(t, seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			scripts := write(seed)
			want := playSimulated(t, seed, app, scripts)
			for _, tr := range []transport{{DriverURing, false}, {DriverNetpoll, false}, {DriverURing, true}, {DriverNetpoll, true}} {
				t.Run(tr.String(), func(t *testing.T) {
					needDriver(t, tr.driver)
					if !tr.tls {
						needsPlain(t)
					}
					compare(t, playReal(t, tr, app, scripts), want)
				})
			}
			if t.Failed() {
				t.Logf("repeat: RINGWIRE_SIM_SEED=%d go test . -run '^%s$'", seed, t.Name()[:strings.IndexByte(t.Name(), '/')])
			}
		})
	}
}

func compare(t *testing.T, got, want *events) {
	t.Helper()
	for i := range want.list {
		got, want := got.of(i), want.of(i)
		if slices.Equal(got, want) {
			continue
		}
		n := 0
		for n < min(len(got), len(want)) && got[n] == want[n] {
			n++
		}
		t.Errorf("client %d, behind %d events that are the same: got\n\t%s\nin the simulation\n\t%s", i, n,
			strings.Join(got[n:], "\n\t"), strings.Join(want[n:], "\n\t"))
	}
}

func sameConfig(s *Server) {
	s.BodyBuffer, s.MaxBody = 2000, simMaxBody
	s.IdleTimeout, s.MaxConns = -1, 0
}

// playSimulated plays scripts on the simulation.
func playSimulated(t *testing.T, seed uint64, app application, scripts []script) *events {
	t.Helper()
	e := newEvents(len(scripts))
	w := &simWorld{t: t, rng: rand.New(rand.NewPCG(seed, 1)), handler: app(t, e), tune: sameConfig}
	w.open(seed)
	for i := range scripts {
		playPeer(t, w, e, i, &scripts[i])
	}
	w.rest()
	w.close()
	for i := range scripts {
		if app := e.list[i]["application"]; scripts[i].last != "" && !strings.HasPrefix(app[max(len(app)-1, 0)], scripts[i].last) {
			t.Errorf("client %d: the application's events are %q, want the last to be %q", i, app, scripts[i].last)
		}
	}
	return e
}

// playPeer plays one script, to its end.
func playPeer(t *testing.T, w *simWorld, e *events, client int, s *script) {
	t.Helper()
	p := &simPlayer{Peer: w.sim.Dial(), w: w, until: time.Now().Add(patience)}
	defer p.Close()
	var err error
	for i := 0; i < len(s.steps) && err == nil; i++ {
		err = p.play(&s.steps[i], s.finishes(i))
	}
	if err == nil && s.end == endReset {
		p.Reset()
	} else if err == errInVain {
		t.Errorf("client %d: %v", client, err)
	}
	e.ended(client, s, p.got, err)
}

var errInVain = errors.New("it waits in vain")

// simPlayer is a client on the simulation.
type simPlayer struct {
	*sim.Peer
	w     *simWorld
	got   []byte
	until time.Time // of the machine: goroutines of the application's may be at work
}

// play takes a step. The error is the connection's end.
func (p *simPlayer) play(st *step, finish bool) error {
	pieces, buf, seen := slices.Clone(st.pieces), make([]byte, 64<<10), -1
	for {
		if len(pieces) > 0 {
			n, err := p.Write(pieces[0])
			if err != nil {
				pieces = nil // the server has closed
			} else if pieces[0] = pieces[0][n:]; len(pieces[0]) == 0 {
				pieces = pieces[1:]
			}
		}
		if len(pieces) == 0 && finish {
			_ = p.CloseWrite()
			finish = false
		}
		p.w.sim.Advance(50 * time.Microsecond)
		n, err := p.Read(buf)
		p.got = append(p.got, buf[:n]...)
		switch {
		case err != nil:
			return err
		case n > 0 || len(pieces) > 0:
		case st.done != nil && seen < len(p.got) && st.done(p.got):
			return nil
		case time.Now().After(p.until):
			return errInVain
		default:
			seen = len(p.got)
			runtime.Gosched()
		}
	}
}

// playReal plays scripts over sockets.
func playReal(t *testing.T, tr transport, app application, scripts []script) *events {
	t.Helper()
	e := newEvents(len(scripts))
	s := start(t, tr.driver, app(t, e), sameConfig, tr.tune)
	var clients sync.WaitGroup
	for i := range scripts {
		p := s.dial()
		clients.Go(func() { p.playScript(e, i, &scripts[i]) })
	}
	clients.Wait()
	s.eventually("every connection has ended, and its goroutine", func(svc *service) bool {
		s.wsUsers.mu.Lock()
		defer s.wsUsers.mu.Unlock()
		return svc.loop.Stats().Open == 0 && s.wsUsers.n == 0
	})
	return e
}

// playScript plays one script, to its end.
func (p *peer) playScript(e *events, client int, s *script) {
	var got []byte
	var err error
	for i := 0; i < len(s.steps) && err == nil; i++ {
		got, err = p.playStep(got, &s.steps[i], s.finishes(i), i == len(s.steps)-1)
	}
	e.ended(client, s, got, err)
	if err == nil && s.end == endReset {
		p.reset()
	}
	_ = p.Close()
}

// playStep takes a step. The error is the connection's end.
func (p *peer) playStep(got []byte, st *step, finish, last bool) ([]byte, error) {
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		for _, piece := range st.pieces {
			if _, err := p.Conn.Write(piece); err != nil {
				return
			}
		}
		if finish {
			_ = p.Conn.(interface{ CloseWrite() error }).CloseWrite()
		}
	}()
	var err error
	for buf := make([]byte, 64<<10); err == nil && (st.done == nil || !st.done(got)); {
		var n int
		_ = p.SetReadDeadline(time.Now().Add(patience))
		n, err = p.Conn.Read(buf)
		got = append(got, buf[:n]...)
	}
	if last || err != nil {
		_ = p.SetWriteDeadline(time.Now()) // who has been answered need not send the rest
	}
	<-wrote
	return got, err
}
