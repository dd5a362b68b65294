package ringwire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"

	"github.com/ringwire/ringwire/conn/conntest/sim"
)

// simClient writes a pipeline of requests piece by piece and checks what comes back.
type simClient struct {
	w        *simWorld
	peer     *sim.Peer
	name     string
	requests []simRequest
	raw      []byte // all requests
	wrote    int
	got      []byte // not yet understood
	done     int    // responses so far
	end      simEnd
	leaveAt  int // rounds until an untimely end, of those that make one
	over     bool
}

// simEnd is how a client ends.
type simEnd int

const (
	endHalf   simEnd = iota // FIN after the last request, and waits for the server's
	endCut                  // the same, in the middle of the last request
	endServer               // the last request makes the server close
	endIdle                 // goes away after the last response
	endClose                // closes at any time
	endReset                // resets at any time
	simEnds
)

func (c *simClient) String() string {
	return fmt.Sprintf("client %s (end %d, last request %s)", c.name, c.end, c.requests[len(c.requests)-1].kind)
}

func (w *simWorld) newClient(n int, blocking bool) *simClient {
	c := &simClient{w: w, peer: w.sim.Dial(), name: fmt.Sprintf("c%d", n), end: simEnd(w.rng.IntN(int(simEnds))), leaveAt: w.rng.IntN(300)}
	count := 1 + w.rng.IntN(12)
	for i := range count {
		r := newSimRequest(w.rng, fmt.Sprintf("%sr%d", c.name, i), blocking, c.end, i == count-1)
		c.requests = append(c.requests, r)
		c.raw = append(c.raw, r.raw...)
	}
	return c
}

// act does a little and reports whether the client still waits for something.
func (c *simClient) act(rng *rand.Rand) bool {
	if c.over {
		return false
	}
	if c.leaveAt--; c.leaveAt < 0 && c.end == endClose {
		_ = c.peer.Close()
		c.over = true
	} else if c.leaveAt < 0 && c.end == endReset {
		c.peer.Reset()
		c.over = true
	}
	if c.over {
		return false
	}
	if c.wrote < len(c.raw) && rng.IntN(3) > 0 {
		c.write(rng)
	}
	if rng.IntN(4) > 0 {
		c.read(rng)
	}
	return !c.over
}

func (c *simClient) write(rng *rand.Rand) {
	size := 1 + rng.IntN(1<<rng.IntN(17))
	n, err := c.peer.Write(c.raw[c.wrote:min(c.wrote+size, len(c.raw))])
	if c.wrote += n; err != nil {
		c.wrote = len(c.raw) // what the server has answered before that is still to be read
		return
	}
	if c.wrote == len(c.raw) && (c.end == endHalf || c.end == endCut) {
		_ = c.peer.CloseWrite()
	}
}

func (c *simClient) read(rng *rand.Rand) {
	b := make([]byte, 1+rng.IntN(1<<rng.IntN(17)))
	n, err := c.peer.Read(b)
	c.got = append(c.got, b[:n]...)
	for c.done < len(c.requests) && c.take() {
		c.done++
	}
	switch {
	case err == io.EOF:
		c.ended()
	case err != nil: // a reset: what came before it was right
		if c.w.faults.Reset == 0 && !(c.w.shut && c.done == 0 && len(c.got) == 0) {
			c.w.t.Errorf("%s: %v after %d of %d responses", c, err, c.done, len(c.requests))
		}
	case c.done == len(c.requests) && c.end == endIdle:
		if len(c.got) > 0 {
			c.w.t.Errorf("%s: %.200q follows the last response", c, c.got)
		}
	default:
		return
	}
	_ = c.peer.Close()
	c.over = true
}

// ended checks that the server's FIN came when it should.
func (c *simClient) ended() {
	switch {
	case len(c.got) > 0:
		c.w.t.Errorf("%s: FIN after %d of %d responses and %.200q", c, c.done, len(c.requests), c.got)
	case c.w.shut: // the responses so far were whole
	case c.done < len(c.requests):
		c.w.t.Errorf("%s: FIN after %d of %d responses", c, c.done, len(c.requests))
	case c.end > endServer:
		c.w.t.Errorf("%s: FIN although the connection is to stay", c)
	}
}

// take takes the next response from what came, if it is whole, and checks it.
func (c *simClient) take() bool {
	want := &c.requests[c.done]
	if least := len(want.body); !want.expect && want.status == 200 && len(c.got) < least {
		return false // cheaper than to look at it each time
	}
	if !bytes.Contains(c.got, []byte("\r\n\r\n")) {
		return false
	}
	src := bytes.NewReader(c.got)
	r := bufio.NewReader(src)
	res, err := http.ReadResponse(r, &http.Request{Method: want.method})
	if err == nil && res.StatusCode == 100 && want.expect {
		want.expect = false // once
		c.got = c.got[len(c.got)-src.Len()-r.Buffered():]
		return c.take()
	}
	if err != nil {
		return c.unfinished(err)
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return c.unfinished(err)
	}
	if res.StatusCode != want.status || string(body) != want.body {
		c.w.t.Fatalf("%s, request %s: got %d with %d bytes %.200q, want %d with %d bytes %.200q",
			c, want.kind, res.StatusCode, len(body), body, want.status, len(want.body), want.body)
	}
	if got := res.Header.Get("X-Mark"); want.mark != "" && got != want.mark {
		c.w.t.Fatalf("%s, request %s: the mark is %q, want %q", c, want.kind, got, want.mark)
	}
	if got := res.Trailer.Get("X-Sum"); got != want.trailer {
		c.w.t.Fatalf("%s, request %s: the trailer is %q, want %q", c, want.kind, got, want.trailer)
	}
	c.got = c.got[len(c.got)-src.Len()-r.Buffered():]
	return true
}

// unfinished tells a response that goes on from one that is wrong.
func (c *simClient) unfinished(err error) bool {
	inTrailer := strings.Contains(err.Error(), "trailer") // these errors have texts only
	if err != io.EOF && !errors.Is(err, io.ErrUnexpectedEOF) && !inTrailer {
		c.w.t.Fatalf("%s, request %s: %v in %.300q", c, c.requests[c.done].kind, err, c.got)
	}
	return false
}
