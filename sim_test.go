package ringwire

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"net/http"
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
		w := &world{t: t, faults: sim.Hostile, trace: &traces[i]}
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

// world is a server, its network and its clients.
type world struct {
	t       *testing.T
	rng     *rand.Rand
	sim     *sim.Sim
	srv     *Server
	svc     *service
	faults  sim.Faults
	trace   io.Writer // nil = none
	clients []*simClient
}

// simulate makes one run.
func simulate(t *testing.T, seed uint64, faults sim.Faults, blocking bool) {
	t.Helper()
	w := &world{t: t, faults: faults}
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
func (w *world) run(seed uint64, blocking bool) {
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
func (w *world) open(seed uint64) {
	window := []int{300, 4096, 64 << 10}[w.rng.IntN(3)]
	w.sim = sim.New(sim.Config{Seed: seed, Faults: w.faults, Window: window, Trace: w.trace})
	w.srv = &Server{Handler: HandlerFunc(simHandler), Config: testConfig(DriverNetpoll)}
	w.srv.BodyBuffer, w.srv.MaxBody = 2000, simMaxBody
	if w.rng.IntN(2) == 0 {
		w.srv.MaxConns = 2
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

const simMaxBody = 100_000

// play lets the clients act until all have had what they wait for.
func (w *world) play() {
	for range 200_000 {
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
func (w *world) rest() {
	w.sim.Advance(5 * time.Minute)
	for end := time.Now().Add(5 * time.Second); w.svc.live > 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		w.sim.RunUntilIdle() // handlers on workers may still run
	}
	if n := w.sim.Open(); n != 0 {
		w.t.Errorf("%d connections are open after every timeout", n)
	}
	if w.svc.live != 0 {
		w.t.Errorf("%d exchanges are in use without a connection", w.svc.live)
	}
	if n := w.svc.alloc.Stats().Leased; n != 0 {
		w.t.Errorf("%d leases are out without a connection", n)
	}
}

// close ends the run, with connections open, and looks for what is left.
func (w *world) close() {
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

// simClient writes a pipeline of requests piece by piece and checks what comes back.
type simClient struct {
	w        *world
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
	endServer               // the last request makes the server close
	endIdle                 // goes away after the last response
	endClose                // closes at any time
	endReset                // resets at any time
	simEnds
)

func (c *simClient) String() string {
	return fmt.Sprintf("client %s (end %d, last request %s)", c.name, c.end, c.requests[len(c.requests)-1].kind)
}

func (w *world) newClient(n int, blocking bool) *simClient {
	c := &simClient{w: w, peer: w.sim.Dial(), name: fmt.Sprintf("c%d", n), end: simEnd(w.rng.IntN(int(simEnds))), leaveAt: w.rng.IntN(300)}
	count := 1 + w.rng.IntN(12)
	for i := range count {
		r := newSimRequest(w.rng, fmt.Sprintf("%sr%d", c.name, i), blocking, c.end == endServer && i == count-1)
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
	if c.wrote == len(c.raw) && c.end == endHalf {
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
		if c.w.faults.Reset == 0 {
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
	case c.done < len(c.requests):
		c.w.t.Errorf("%s: FIN after %d of %d responses", c, c.done, len(c.requests))
	case c.end != endHalf && c.end != endServer:
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

// simRequest is a request and the answer to it.
type simRequest struct {
	kind    string
	method  string
	raw     string
	status  int
	body    string
	mark    string // the answer's X-Mark
	trailer string // the answer's X-Sum
	expect  bool   // 100 (Continue) may come first
}

// newSimRequest makes a request with its own mark; the last one may end the connection.
func newSimRequest(rng *rand.Rand, mark string, blocking, last bool) simRequest {
	kinds := simKinds
	if last {
		kinds = simLastKinds
	}
	kind := kinds[rng.IntN(len(kinds))]
	if blocking && rng.IntN(2) == 0 {
		kind.path = "/b" + kind.path
	}
	r := simRequest{kind: kind.path, mark: mark, status: 200}
	kind.make(rng, &r, kind.path+"/"+mark)
	return r
}

type simKind struct {
	path string
	make func(rng *rand.Rand, r *simRequest, path string)
}

var simKinds = []simKind{
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "")
		r.body = path + "\n"
	}},
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "")
		r.method, r.raw = "HEAD", strings.Replace(r.raw, "GET", "HEAD", 1)
	}},
	{"/none", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "")
		r.status = 204
	}},
	{"/big", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1<<rng.IntN(20)))
		r.get(path+"?n="+itoa(len(r.body)), "")
	}},
	{"/whole", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1<<rng.IntN(17)))
		r.get(path+"?n="+itoa(len(r.body)), "")
	}},
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		body := simText(r.mark, rng.IntN(1500))
		r.post(rng, path, body, "")
		r.body = path + "\n" + body
	}},
	{"/pieces", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1500))
		r.post(rng, path, r.body, "")
		r.trailer = itoa(len(r.body))
	}},
	{"/stream", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1500)) // arrives before the handler is called
		r.post(rng, path, r.body, "")
		r.trailer = itoa(len(r.body))
	}},
	{"/sink", func(rng *rand.Rand, r *simRequest, path string) {
		body := simText(r.mark, rng.IntN(simMaxBody))
		r.post(rng, path, body, "")
		r.body = fmt.Sprintf("%d bytes, sum %x", len(body), crc32.ChecksumIEEE([]byte(body)))
	}},
}

// simLastKinds end the connection after the answer.
var simLastKinds = []simKind{
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "Connection: close\r\n")
		r.body = path + "\n"
	}},
	{"/pieces", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(1500))
		r.post(rng, path, r.body, "Connection: close\r\n")
		r.trailer = itoa(len(r.body))
	}},
	{"/big", func(rng *rand.Rand, r *simRequest, path string) {
		r.body = simText(r.mark, rng.IntN(300_000))
		r.get(path+"?n="+itoa(len(r.body)), "Connection: close\r\n")
		r.raw += "GET /surplus HTTP/1.1\r\nHost: sim\r\n\r\n" // not answered, and no reset either
	}},
	{"/stream", func(rng *rand.Rand, r *simRequest, path string) {
		// An answer that begins before the body has ended says Connection: close.
		r.body = simText(r.mark, 2500+rng.IntN(simMaxBody-2500))
		r.post(rng, path, r.body, "")
		r.trailer = itoa(len(r.body))
	}},
	{"/ignore", func(rng *rand.Rand, r *simRequest, path string) {
		r.post(rng, path, simText(r.mark, 3000+rng.IntN(90_000)), "")
		r.body = path + "\n"
	}},
	{"/sink", func(rng *rand.Rand, r *simRequest, path string) {
		body := simText(r.mark, simMaxBody+1+rng.IntN(300_000))
		if strings.HasPrefix(path, "/b") { // in chunks the handler would be at work already
			r.raw = r.head(rng, path, "") + withLength(body)
		} else {
			r.post(rng, path, body, "")
		}
		r.refused(413, "request body is too large")
	}},
	{"/echo", func(rng *rand.Rand, r *simRequest, path string) {
		r.get(path, "No-Field : x\r\n")
		r.refused(400, "whitespace between field name and colon")
		r.raw += simText(r.mark, rng.IntN(200_000))
	}},
}

func (r *simRequest) get(target, fields string) {
	r.method = "GET"
	r.raw = "GET " + target + " HTTP/1.1\r\nHost: sim\r\n" + fields + "\r\n"
}

// post sends the body with its length or in chunks of any size.
func (r *simRequest) post(rng *rand.Rand, path, body, fields string) {
	r.raw = r.head(rng, path, fields)
	if rng.IntN(2) == 0 {
		r.raw += withLength(body)
	} else {
		r.raw += inChunks(rng, body, r.mark)
	}
}

// head is the beginning of a POST's head.
func (r *simRequest) head(rng *rand.Rand, path, fields string) string {
	r.method = "POST"
	if rng.IntN(4) == 0 {
		r.expect, fields = true, fields+"Expect: 100-continue\r\n"
	}
	return "POST " + path + " HTTP/1.1\r\nHost: sim\r\n" + fields
}

func withLength(body string) string {
	return "Content-Length: " + itoa(len(body)) + "\r\n\r\n" + body
}

// inChunks is the body in chunks, some with an extension, and perhaps a trailer.
func inChunks(rng *rand.Rand, body, mark string) string {
	var raw strings.Builder
	raw.WriteString("Transfer-Encoding: chunked\r\n\r\n")
	for len(body) > 0 {
		n := min(len(body), 1+rng.IntN(1<<rng.IntN(16)))
		ext := ""
		if rng.IntN(8) == 0 {
			ext = ";x=\"y\""
		}
		fmt.Fprintf(&raw, "%x%s\r\n%s\r\n", n, ext, body[:n])
		body = body[n:]
	}
	raw.WriteString("0\r\n")
	if rng.IntN(2) == 0 {
		raw.WriteString("X-Trailer: " + mark + "\r\n")
	}
	raw.WriteString("\r\n")
	return raw.String()
}

// refused expects the server's own answer.
func (r *simRequest) refused(status int, why string) {
	r.status, r.mark = status, ""
	r.body = why + "\n"
}

// simText is n bytes that say whose they are at every place.
func simText(mark string, n int) string {
	var text strings.Builder
	for i := 0; text.Len() < n; i++ {
		text.WriteString(mark)
		text.WriteByte('.')
		text.WriteString(itoa(i))
		text.WriteByte(' ')
	}
	return text.String()[:n]
}

// simHandler answers as simKinds expects: by the path's first part, marked with the last.
func simHandler(w *ResponseWriter, r *Request) {
	path := r.Path()
	if rest, ok := strings.CutPrefix(path, "/b"); ok && strings.Count(path, "/") == 3 {
		Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) { simAnswer(w, r, path, rest) })).ServeHTTP(w, r)
		return
	}
	simAnswer(w, r, path, path)
}

func simAnswer(w *ResponseWriter, r *Request, path, part string) {
	mark := part[strings.LastIndexByte(part, '/')+1:]
	_ = w.Header().Set("X-Mark", mark)
	switch part[:strings.LastIndexByte(part, '/')] {
	case "/echo":
		_, _ = w.WriteString(path + "\n")
		_, _ = io.Copy(w, r.Body)
	case "/ignore":
		_, _ = w.WriteString(path + "\n")
	case "/none":
		w.WriteHeader(StatusNoContent)
	case "/whole":
		n, _ := r.QueryInt("n")
		_, _ = w.WriteString(simText(mark, int(n)))
	case "/big":
		n, _ := r.QueryInt("n")
		simBig(w, simText(mark, int(n)))
	case "/pieces":
		body, _ := r.Body.View()
		text := string(body)
		for i := 0; i < len(text); i += 100 {
			_, _ = w.WriteString(text[i:min(i+100, len(text))])
			_ = w.Flush()
		}
		_ = w.Flush()
		_ = w.Trailer().Set("X-Sum", itoa(len(text)))
	case "/sink":
		size, sum := 0, uint32(0)
		r.Body.Stream(func(p []byte, err error) {
			size, sum = size+len(p), crc32.Update(sum, crc32.IEEETable, p)
			if err == io.EOF {
				_, _ = fmt.Fprintf(w, "%d bytes, sum %x", size, sum)
			}
		})
	case "/stream":
		_ = w.Flush()
		sum := 0
		r.Body.Stream(func(p []byte, err error) {
			_, _ = w.Write(p)
			if sum += len(p); err == io.EOF {
				_ = w.Trailer().Set("X-Sum", itoa(sum))
			}
		})
	}
}

// simBig writes a response while there is room for it.
func simBig(w *ResponseWriter, rest string) {
	w.SetContentLength(int64(len(rest)))
	w.Stream(func(w *ResponseWriter) error {
		n := min(len(rest), 10_000)
		_, err := w.WriteString(rest[:n])
		if rest = rest[n:]; rest == "" && err == nil {
			err = io.EOF
		}
		return err
	})
}
