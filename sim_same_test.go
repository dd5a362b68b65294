package ringwire

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What clients do is written down, and played to a server on io_uring, on netpoll and on the simulation:
// the application sees the same, and the clients get the same.
func TestSameEvents(t *testing.T) {
	t.Parallel()
	needsPlain(t)
	for _, seed := range simSeeds(t, 12) {
		scripts := sameScripts(seed)
		want := playSimulated(t, seed, scripts)
		for _, driver := range []string{DriverURing, DriverNetpoll} {
			t.Run(fmt.Sprintf("%s/%d", driver, seed), func(t *testing.T) {
				needDriver(t, driver)
				got := playReal(t, driver, scripts)
				for i := range scripts {
					if !slices.Equal(got[i], want[i]) {
						t.Errorf("client %d: on %s\n\t%s\nin the simulation\n\t%s", i, driver,
							strings.Join(got[i], "\n\t"), strings.Join(want[i], "\n\t"))
					}
				}
			})
		}
	}
}

// script is what one client does: it sends pieces, and ends.
type script struct {
	requests []simRequest
	pieces   [][]byte
	end      simEnd // one that does not depend on when it comes
}

func sameScripts(seed uint64) (list []script) {
	rng := rand.New(rand.NewPCG(seed, 0x73616d65))
	for i := range 6 {
		s := script{end: simEnd(rng.IntN(int(endIdle) + 1))}
		var raw []byte
		for j, n := 0, 1+rng.IntN(8); j < n; j++ {
			r := newSimRequest(rng, fmt.Sprintf("c%dr%d", i, j), false, s.end, j == n-1)
			s.requests = append(s.requests, r)
			raw = append(raw, r.raw...)
		}
		for len(raw) > 0 {
			n := min(len(raw), 1+rng.IntN(1<<rng.IntN(17)))
			s.pieces, raw = append(s.pieces, raw[:n]), raw[n:]
		}
		list = append(list, s)
	}
	return list
}

// events are what happened to each client, in its order.
type events struct {
	mu   sync.Mutex
	list [][]string
}

func (e *events) add(client int, format string, args ...any) {
	if client >= len(e.list) {
		return // one of those with which a simulation ends
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list[client] = append(e.list[client], fmt.Sprintf(format, args...))
}

// handler writes down what the application sees, and answers as the simulation's does.
func (e *events) handler(w *ResponseWriter, r *Request) {
	var client, n int
	path := r.Path()
	if _, err := fmt.Sscanf(path[strings.LastIndexByte(path, '/')+1:], "c%dr%d", &client, &n); err != nil {
		return // a surplus request, which is not to come
	}
	var fields []string
	for name, value := range r.Headers() {
		fields = append(fields, fmt.Sprintf("%s: %s", name, value))
	}
	e.add(client, "called: %s %s, length %d, %q", r.Method(), r.TargetView(), r.Body.Len(), fields)
	simHandler(w, r)
}

// answered writes down what a client has got: answers without what tells of the time, or of how bytes
// were cut.
func (e *events) answered(client int, s *script, got []byte) {
	rest, err := s.answers(got, func(res *http.Response, body []byte) {
		res.Header.Del("Date")
		e.add(client, "answer: %d %v, %d bytes %.40q, trailer %v", res.StatusCode, res.Header, len(body), body, res.Trailer)
	})
	e.add(client, "behind the answers: %q, %v", rest, err)
}

// answers reads the final answers to a script's requests. The error is why one is not whole.
func (s *script) answers(got []byte, each func(res *http.Response, body []byte)) (rest []byte, err error) {
	r := bufio.NewReader(bytes.NewReader(got))
	for i := 0; i < len(s.requests); {
		res, err := http.ReadResponse(r, &http.Request{Method: s.requests[i].method})
		if err != nil {
			return nil, err
		}
		body, err := io.ReadAll(res.Body)
		if err != nil {
			return nil, err
		}
		if res.StatusCode != http.StatusContinue { // whether that comes depends on when the body does
			each(res, body)
			i++
		}
	}
	return io.ReadAll(r)
}

// complete reports whether all answers are there.
func (s *script) complete(got []byte) bool {
	_, err := s.answers(got, func(*http.Response, []byte) {})
	return err == nil
}

func sameConfig(s *Server) {
	s.BodyBuffer, s.MaxBody = 2000, simMaxBody
	s.IdleTimeout, s.MaxConns = -1, 0
}

// playSimulated plays scripts on the simulation.
func playSimulated(t *testing.T, seed uint64, scripts []script) [][]string {
	t.Helper()
	e := &events{list: make([][]string, len(scripts))}
	w := &simWorld{t: t, rng: rand.New(rand.NewPCG(seed, 1)), handler: e.handler, tune: sameConfig}
	w.open(seed)
	for i := range scripts {
		playPeer(t, w, e, i, &scripts[i])
	}
	w.rest()
	w.close()
	return e.list
}

// playPeer plays one script, to its end.
func playPeer(t *testing.T, w *simWorld, e *events, client int, s *script) {
	t.Helper()
	p := w.sim.Dial()
	defer p.Close()
	pieces, got, buf := slices.Clone(s.pieces), []byte(nil), make([]byte, 64<<10)
	for range 100_000 {
		if len(pieces) > 0 {
			n, err := p.Write(pieces[0])
			if err != nil {
				pieces = nil // the server has closed
			} else if pieces[0] = pieces[0][n:]; len(pieces[0]) == 0 {
				pieces = pieces[1:]
				if len(pieces) == 0 && (s.end == endHalf || s.end == endCut) {
					_ = p.CloseWrite()
				}
			}
		}
		w.sim.Advance(50 * time.Microsecond)
		n, err := p.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil || n == 0 && len(pieces) == 0 && s.end == endIdle && s.complete(got) {
			e.ended(client, s, got, err)
			return
		}
	}
	t.Errorf("client %d waits in vain; %.200q", client, got)
}

func (e *events) ended(client int, s *script, got []byte, err error) {
	e.answered(client, s, got)
	if err == io.EOF {
		e.add(client, "the server has closed")
	} else if err != nil {
		e.add(client, "an error: %v", err)
	}
}

// playReal plays scripts over sockets.
func playReal(t *testing.T, driver string, scripts []script) [][]string {
	t.Helper()
	e := &events{list: make([][]string, len(scripts))}
	s := start(t, driver, e.handler, sameConfig)
	var clients sync.WaitGroup
	for i := range scripts {
		p := s.dial()
		clients.Go(func() { playSocket(p, e, i, &scripts[i]) })
	}
	clients.Wait()
	return e.list
}

func playSocket(p *peer, e *events, client int, s *script) {
	wrote := make(chan struct{})
	go func() {
		defer close(wrote)
		for _, piece := range s.pieces {
			if _, err := p.Conn.Write(piece); err != nil {
				return
			}
		}
		if s.end == endHalf || s.end == endCut {
			_ = p.Conn.(*net.TCPConn).CloseWrite()
		}
	}()
	var got []byte
	buf := make([]byte, 64<<10)
	for {
		_ = p.SetReadDeadline(time.Now().Add(patience))
		n, err := p.Conn.Read(buf)
		got = append(got, buf[:n]...)
		if err != nil || s.end == endIdle && s.complete(got) {
			_ = p.SetWriteDeadline(time.Now()) // who has been answered need not send the rest
			<-wrote
			e.ended(client, s, got, err)
			_ = p.Close()
			return
		}
	}
}
