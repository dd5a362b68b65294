package ringwire

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn/conntest/sim"
)

// TestSimWebSocket runs WebSockets over a simulated network: many clients at once that send messages
// of every shape, read when they like, and end in every way. Each gets its own messages back,
// in order and whole, up to where it or the network ended; every OnOpen has its OnClose, and nothing
// is left.
func TestSimWebSocket(t *testing.T) {
	t.Parallel()
	for _, network := range simFaults {
		t.Run(network.name, func(t *testing.T) {
			for _, seed := range simSeeds(t, 60) {
				simulateWS(t, seed, network.faults)
			}
		})
	}
}

func simulateWS(t *testing.T, seed uint64, faults sim.Faults) {
	t.Helper()
	w := &simWorld{t: t, faults: faults, rng: rand.New(rand.NewPCG(seed, 0x7773))}
	if os.Getenv("RINGWIRE_SIM_TRACE") != "" {
		w.trace = os.Stderr
	}
	defer func() {
		if t.Failed() {
			t.Fatalf("repeat: RINGWIRE_SIM_SEED=%d go test . -run '^%s$'", seed, strings.ReplaceAll(t.Name(), "/", "$/^"))
		}
	}()
	w.open(seed)
	opened, closed := 0, 0
	cfg := &WebSocketConfig{
		OnOpen: func(*WebSocket) { opened++ }, OnMessage: echo, OnClose: func(*WebSocket, *CloseError) { closed++ },
		PingEvery: -1, MaxMessage: 300_000,
	}
	w.srv.Handler = HandlerFunc(func(rw *ResponseWriter, r *Request) { _, _ = Upgrade(rw, r, cfg) })
	var clients []*simSocket
	for i := range 2 + w.rng.IntN(6) {
		clients = append(clients, newSimSocket(w, i))
	}
	for round := 0; ; round++ {
		busy := false
		for _, c := range clients {
			busy = c.act() || busy
		}
		if !busy {
			break
		}
		w.sim.Advance(time.Duration(w.rng.IntN(int(time.Millisecond))))
		if round == 200_000 {
			for _, c := range clients {
				if !c.over {
					t.Errorf("%s waits in vain: wrote %d of %d bytes, has %d of %d", c.name, c.wrote, len(c.raw), c.got, len(c.want))
				}
			}
			break
		}
	}
	w.rest()
	w.srv.Handler = HandlerFunc(simHandler) // for those that close begins
	w.close()
	if opened == 0 && faults.Reset == 0 || opened != closed {
		t.Errorf("%d WebSockets were opened, and %d closed", opened, closed)
	}
}

// simSocket is a client: bytes to send, and bytes that must come.
type simSocket struct {
	w          *simWorld
	name       string
	peer       *sim.Peer
	raw, want  []byte
	wrote, got int
	end        simSocketEnd
	leaveAt    int
	over       bool
}

type simSocketEnd int

const (
	wsEndClose  simSocketEnd = iota // a Close, and the answer is awaited
	wsEndBroken                     // a violation
	wsEndHalf                       // FIN in the middle of a message
	wsEndGone                       // closes at any time
	wsEndReset                      // resets at any time
	wsEnds
)

func newSimSocket(w *simWorld, n int) *simSocket {
	rng := w.rng
	c := &simSocket{w: w, name: fmt.Sprintf("s%d", n), peer: w.sim.Dial(), end: simSocketEnd(rng.IntN(int(wsEnds))), leaveAt: rng.IntN(300)}
	c.raw = append(c.raw, wsGet("/")...)
	c.want = append(c.want, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: "+wsAccept+"\r\nConnection: Upgrade\r\n\r\n"...)
	for range rng.IntN(20) {
		c.message(rng)
	}
	switch c.end {
	case wsEndClose:
		c.raw = append(c.raw, frame(fin|opClose, closing(4000+n, "bye"))...)
		c.want = append(c.want, served(fin|opClose, closing(4000+n, ""))...)
	case wsEndBroken:
		c.raw = append(c.raw, frame(fin|3, "")...)
		c.want = append(c.want, served(fin|opClose, closing(1002, "unknown opcode"))...)
	case wsEndHalf:
		c.raw = append(c.raw, text(repeat(100))[:rng.IntN(100)]...)
	}
	return c
}

// message adds a message, or a ping.
func (c *simSocket) message(rng *rand.Rand) {
	m := repeat(rng.IntN(1 << rng.IntN(18)))
	op := byte(opText + rng.IntN(2))
	if rng.IntN(5) == 0 {
		c.ping(m)
		return
	}
	first, rest := op, m
	for rng.IntN(3) == 0 {
		n := rng.IntN(len(rest) + 1)
		c.raw = append(c.raw, frame(first, rest[:n])...)
		if rng.IntN(3) == 0 {
			c.ping(m)
		}
		first, rest = 0, rest[n:]
	}
	c.raw = append(c.raw, frame(fin|first, rest)...)
	c.want = append(c.want, served(fin|op, m)...)
}

func (c *simSocket) ping(m string) {
	m = m[:min(len(m), 125)]
	c.raw = append(c.raw, frame(fin|opPing, m)...)
	c.want = append(c.want, served(fin|opPong, m)...)
}

// act does a little and reports whether the client still waits for something.
func (c *simSocket) act() bool {
	if c.over {
		return false
	}
	rng := c.w.rng
	if c.leaveAt--; c.leaveAt < 0 && c.end >= wsEndGone {
		if c.over = true; c.end == wsEndReset {
			c.peer.Reset()
		} else {
			_ = c.peer.Close()
		}
		return false
	}
	if c.wrote < len(c.raw) && rng.IntN(3) > 0 {
		n, err := c.peer.Write(c.raw[c.wrote:min(c.wrote+1+rng.IntN(1<<rng.IntN(17)), len(c.raw))])
		if c.wrote += n; err != nil {
			c.wrote = len(c.raw)
		}
		if c.wrote == len(c.raw) && c.end == wsEndHalf {
			_ = c.peer.CloseWrite()
		}
	}
	if rng.IntN(4) > 0 {
		c.read(rng)
	}
	return !c.over
}

func (c *simSocket) read(rng *rand.Rand) {
	b := make([]byte, 1+rng.IntN(1<<rng.IntN(17)))
	n, err := c.peer.Read(b)
	rest := c.want[c.got:]
	switch {
	case n > len(rest) || !bytes.Equal(b[:n], rest[:n]):
		c.w.t.Errorf("%s: got %.100q after %d bytes, want %.100q", c.name, b[:n], c.got, rest)
	case err == nil:
		c.got += n
		return
	case c.w.faults.Reset == 0 && (err != io.EOF || n < len(rest)):
		c.w.t.Errorf("%s (end %d): %v after %d of %d bytes", c.name, c.end, err, c.got+n, len(c.want))
	}
	_ = c.peer.Close()
	c.over = true
}
