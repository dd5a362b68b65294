package ringwire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/internal/wire"
)

// onCable starts a server at one end of a cable whose other end has the clients.
func onCable(t *testing.T, driver string, h HandlerFunc, tune ...func(*Server)) (*testServer, *wire.Cable) {
	t.Helper()
	c, err := wire.New(1)
	if err != nil {
		t.Skip(err)
	}
	ln, err := c.A.Listen()
	if err != nil {
		_ = c.Close()
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() }) // after the server's end
	return startBy(func(s *Server) error { return s.Serve(ln) }, t, driver, h, tune...), c
}

// dialOver connects from the clients' end.
func (s *testServer) dialOver(c *wire.Cable) *peer {
	s.t.Helper()
	nc, err := c.B.Dial(s.addr)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = nc.Close() })
	p := newPeer(s.t, nc)
	if s.TLS != nil {
		p.secure()
	}
	return p
}

func echoAll(w *ResponseWriter, r *Request) {
	if r.Path() == "/ws" {
		_, _ = Upgrade(w, r, &WebSocketConfig{OnMessage: echo})
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(StatusBadRequest)
	}
	_, _ = w.Write(body)
}

// Over links that lose, double, delay and reorder, every byte comes back to whom it belongs.
func TestBadLinks(t *testing.T) {
	faults := map[string]wire.Faults{
		"loss":    {Loss: .02, Delay: time.Millisecond},
		"reorder": {Delay: time.Millisecond, Jitter: 3 * time.Millisecond},
		"all":     {Loss: .01, Double: .05, Jitter: 2 * time.Millisecond},
	}
	eachDriver(t, func(t *testing.T, driver string) {
		for name, f := range faults {
			t.Run(name, func(t *testing.T) {
				s, c := onCable(t, driver, echoAll, func(s *Server) { s.BodyBuffer, s.MaxBody = 1<<20, 1<<20 })
				c.Set(f)
				var clients sync.WaitGroup
				for i := range uint64(6) {
					p, ws := s.dialOver(c), &wsPeer{s.dialOver(c)}
					ws.send(wsGet("/ws"))
					ws.expectSwitch()
					clients.Go(func() { postNoise(p, i) })
					clients.Go(func() { sendNoise(ws, 100+i) })
				}
				clients.Wait()
			})
		}
	})
}

// postNoise has bodies of all sizes sent back.
func postNoise(p *peer, seed uint64) {
	for i := range 5 {
		body := seeded(seed, 1<<(4*i))
		p.send(fmt.Sprintf("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
		if a, err := p.tryResponse("POST"); err != nil || a.StatusCode != 200 || a.body != string(body) {
			p.t.Errorf("client %d: %d bytes came back as %d, %v", seed, len(body), len(a.body), err)
			return
		}
	}
}

// sendNoise has messages sent back.
func sendNoise(p *wsPeer, seed uint64) {
	for i := range 10 {
		text := seeded(seed, 100*i)
		p.send(frame(fin|opBinary, string(text)))
		if f, err := p.readFrame(); err != nil || string(f.payload) != string(text) {
			p.t.Errorf("client %d: %d bytes came back as %d, %v", seed, len(text), len(f.payload), err)
			return
		}
	}
}

// hose answers with bytes for as long as they are taken.
func hose(w *ResponseWriter, r *Request) {
	if r.Path() != "/endless" {
		hello(w, r)
		return
	}
	piece := seeded(7, 4096)
	w.Stream(func(w *ResponseWriter) error {
		_, err := w.Write(piece)
		return err
	})
}

// A link goes down, and up again; its MTU shrinks and grows. A download goes on as if nothing had been.
func TestLinkChanges(t *testing.T) {
	const size = 2 << 20
	body := seeded(3, size)
	changes := map[string]func(c *wire.Cable, i int) error{
		"down and up": func(c *wire.Cable, i int) error {
			err := c.A.SetLink(false)
			time.Sleep(20 * time.Millisecond)
			return errors.Join(err, c.A.SetLink(true))
		},
		"cut": func(c *wire.Cable, i int) error {
			c.Set(wire.Faults{Cut: true})
			time.Sleep(20 * time.Millisecond)
			c.Set(wire.Faults{})
			return nil
		},
		"MTU": func(c *wire.Cable, i int) error {
			mtu := []int{600, 1280, 9000}[i]
			return errors.Join(c.A.SetMTU(mtu), c.B.SetMTU(mtu))
		},
	}
	eachDriver(t, func(t *testing.T, driver string) {
		for name, change := range changes {
			t.Run(name, func(t *testing.T) {
				s, c := onCable(t, driver, func(w *ResponseWriter, r *Request) { _, _ = w.Write(body) })
				p := s.dialOver(c)
				p.send(get("/"))
				got := make([]byte, size)
				_ = p.SetReadDeadline(time.Now().Add(2 * patience))
				readHead(t, p)
				for i := range 3 {
					third := got[i*size/3 : (i+1)*size/3]
					if _, err := io.ReadFull(p.Conn, third[:len(third)/2]); err != nil {
						t.Fatal(err)
					}
					if err := change(c, i); err != nil {
						t.Fatal(err)
					}
					if _, err := io.ReadFull(p.Conn, third[len(third)/2:]); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(got, body) {
					t.Error("what came is not what was sent")
				}
				p.get("/")
			})
		}
	})
}

// Packets that are too long vanish on the way, and nobody is told: a download gets stuck. The write
// timeout ends it; whoever sends little notices nothing.
func TestBlackHole(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		s, c := onCable(t, driver, hose, func(s *Server) { s.WriteTimeout = 200 * time.Millisecond })
		p, small := s.dialOver(c), s.dialOver(c)
		small.get("/")
		p.send(get("/endless"))
		_, _ = io.ReadFull(p.r, make([]byte, 64<<10))
		c.Set(wire.Faults{Max: 600})
		for end := time.Now().Add(patience); s.Stats().Open > 1 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			small.get("/")
		}
		small.get("/")
		if n := s.Stats().Open; n != 1 {
			t.Errorf("%d connections, want the one that is well", n)
		}
	})
}

// Somebody between the two forges a reset behind bytes of an upload. The handler is told, the
// connection's neighbour notices nothing.
func TestForgedReset(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		told := make(chan error, 1)
		s, c := onCable(t, driver, func(w *ResponseWriter, r *Request) {
			if r.Path() != "/upload" {
				hello(w, r)
				return
			}
			r.Body.Stream(func(p []byte, err error) {
				if err != nil {
					told <- err
				}
			})
		}, func(s *Server) { s.BodyBuffer, s.MaxBody = 4, 1<<20 })
		victim, other := s.dialOver(c), s.dialOver(c)
		other.get("/")
		victim.send("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nsome")
		s.eventually("the upload has begun", func(svc *service) bool { return svc.live() == 1 })
		port := uint16(victim.tcp().LocalAddr().(*net.TCPAddr).Port)
		var forged atomic.Bool
		c.Tap(func(from *wire.End, packet []byte) {
			seg, ok := wire.ParseTCP(packet)
			if !ok || from != c.B || seg.SrcPort != port || len(seg.Data) == 0 || forged.Swap(true) {
				return
			}
			c.Inject(c.A, packet) // bytes and reset come together
			reset := wire.TCP{Src: seg.Src, Dst: seg.Dst, SrcPort: seg.SrcPort, DstPort: seg.DstPort, Seq: seg.Next(), Flags: wire.RST}
			c.Inject(c.A, reset.Packet())
		})
		victim.send(" more")
		select {
		case err := <-told:
			if err == io.EOF {
				t.Error("half a body was taken for a whole")
			}
		case <-time.After(patience):
			t.Fatal("the handler was not told")
		}
		other.get("/")
		if n := s.Stats().Open; n != 1 {
			t.Errorf("%d connections, want the neighbour", n)
		}
	})
}

// Thousands of connections that somebody begins under false addresses cost the server nothing: it is
// not asked before they are whole. Who comes meanwhile is served.
func TestSYNFlood(t *testing.T) {
	eachDriver(t, func(t *testing.T, driver string) {
		s, c := onCable(t, driver, hello)
		addr := s.Started().(*net.TCPAddr)
		to := [4]byte(addr.IP.To4())
		before := s.Stats()
		const enough = 1000
		stop, ended := make(chan struct{}), make(chan int)
		go func() {
			rng, n := rand.New(rand.NewPCG(5, 5)), 0
			for stopping := false; !stopping || n < enough; n++ {
				select {
				case <-stop:
					stopping = true
				default:
				}
				v := rng.Uint64()
				syn := wire.TCP{Src: [4]byte{10, 9, byte(1 + v%250), byte(v >> 8)}, Dst: to, SrcPort: uint16(v>>16) | 1024,
					DstPort: uint16(addr.Port), Seq: uint32(v >> 32), Flags: wire.SYN, Window: 65535}
				c.Inject(c.A, syn.Packet())
			}
			ended <- n
		}()
		dials := uint64(6) // each may wait for a second, until its SYN is sent again
		if testing.Short() {
			dials = 2
		}
		for range dials {
			p := s.dialOver(c)
			p.get("/")
			_ = p.Close()
			time.Sleep(5 * time.Millisecond)
		}
		close(stop)
		n := <-ended
		s.eventually("all are gone", func(svc *service) bool { return svc.loop.Stats().Open == 0 })
		after := s.Stats()
		if after.Accepted-before.Accepted != dials || after.Mapped-before.Mapped > 4<<20 {
			t.Errorf("%d false beginnings, %d connections: accepted %d, %d bytes more are mapped",
				n, dials, after.Accepted-before.Accepted, after.Mapped-before.Mapped)
		}
		if text := s.log.String(); strings.Contains(text, "WARN") || strings.Contains(text, "ERROR") {
			t.Error(text)
		}
	})
}
