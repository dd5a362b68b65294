package ringwire

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/mem"
	"github.com/ringwire/ringwire/proto/coding"
)

// round has every loop looked at once.
func (h *health) round() {
	h.tick()
	for h.out > 0 {
		h.answered(<-h.answers)
	}
}

// warnings are the lines of a server's log that tell of something wrong. A loop that a busy
// machine does not let run for a second counts only where the test does the looking.
func (s *testServer) warnings() (lines []string) {
	for line := range strings.Lines(s.log.String()) {
		if s.HealthEvery != forever && strings.Contains(line, "a loop does not answer") {
			continue
		}
		if s.StuckAfter == time.Second && strings.Contains(line, "a loop is stuck") {
			continue
		}
		if strings.Contains(line, "level=WARN") || strings.Contains(line, "level=ERROR") {
			lines = append(lines, line)
		}
	}
	return lines
}

// expectWarnings fails unless there are so many warnings, the last of which says all of these.
func (s *testServer) expectWarnings(n int, why string, says ...string) {
	s.t.Helper()
	lines := s.warnings()
	if len(lines) != n {
		s.t.Fatalf("%d warnings, want %d: %s\n%s", len(lines), n, why, strings.Join(lines, ""))
	}
	for _, text := range says {
		if !strings.Contains(lines[n-1], text) {
			s.t.Errorf("%s: %q is not in %s", why, text, lines[n-1])
		}
	}
}

// unwatched has the test do the looking.
func unwatched(s *Server) { s.HealthEvery, s.StuckAfter = -1, -1 }

//go:noinline
func plantLeak(w *ResponseWriter) mem.Lease { return w.ex.svc.mem.response.Lease(3000) }

// A buffer that a handler forgot is named in the log, with the function that took it, without
// anybody asking; once, and again when there are twice as many.
func TestHealthTellsLeak(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		var planted []mem.Lease // the loop's
		s := start(t, driver, func(w *ResponseWriter, r *Request) {
			planted = append(planted, plantLeak(w))
		}, func(s *Server) {
			s.SampleLeases, s.SuspectAfter, s.HealthEvery = 1, 50*time.Millisecond, 10*time.Millisecond
		})
		p := s.dial()
		for i, wantWarnings := range []int{1, 2, 2, 3} {
			p.send(get("/"))
			p.expect("GET", 200, "", "the leak does not show")
			deadline := time.Now().Add(patience)
			for len(s.warnings()) < wantWarnings && time.Now().Before(deadline) {
				time.Sleep(5 * time.Millisecond)
			}
			time.Sleep(100 * time.Millisecond) // in which it is not said again
			s.expectWarnings(wantWarnings, fmt.Sprintf("%d leaked", i+1), "buffers have been out for long", "ringwire.plantLeak",
				`purpose="response body"`, "size=4096", "age=", "remedy=", "where=\"loop 0\"")
		}
		s.onLoop(func(*service) {
			for _, l := range planted {
				l.Release()
			}
		})
		s.eventually("it is over", func(svc *service) bool { return len(svc.alloc.Suspects(0)) == 0 })
	})
}

// A limit that was reached is told, with what to do.
func TestHealthTellsLimit(t *testing.T) {
	if testConfig("").DisablePooling {
		t.Skip("without pooling nothing is mapped")
	}
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"big": func(w *ResponseWriter, r *Request) {
			_, _ = w.WriteString(pattern(50_000))
		}}), func(s *Server) { s.MemoryLimit = 1 }, unwatched, plain) // a handshake would lease, too
		h := newHealth(s.Server)
		p := s.dial()
		h.round()
		s.expectWarnings(0, "nothing was leased")
		ask := func(n int) {
			for range n {
				p.send(get("/big"))
				p.expect("GET", 200, pattern(50_000), "the limit refuses nobody")
			}
			h.round()
		}
		ask(1)
		s.expectWarnings(1, "it began", "memory limit reached", "limit_bytes=1 ", "mapped_bytes=0 ", "MemoryLimit", "misses=", "purpose=", `where="loop 0"`)
		ask(1)
		s.expectWarnings(1, "it goes on as before")
		ask(2)
		s.expectWarnings(2, "it is twice as bad")
		h.round()
		ask(1)
		s.expectWarnings(3, "it had been over")
		p.send(get("/b/big"))
		p.expect("GET", 200, pattern(50_000), "the workers' limit refuses nobody")
		h.round()
		if got := s.Memory(); got.Misses == 0 || got.Mapped != 0 || got.Refused != 0 {
			t.Errorf("%+v", got)
		}
	})
}

// A healthy server logs nothing but, for those who want to know, its numbers.
func TestHealthIsSilent(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, routes(map[string]HandlerFunc{"hello": hello}), func(s *Server) {
			s.Loops, s.HealthEvery, s.SampleLeases = 3, 5*time.Millisecond, 1
		})
		for range 5 {
			p := s.dial()
			for _, path := range []string{"/hello", "/b/hello", "/%68ello"} {
				p.send(post(path, pattern(70_000)))
				p.expect("POST", 200, "hello "+strings.ReplaceAll(path, "%68", "h"), path)
			}
			time.Sleep(20 * time.Millisecond)
			_ = p.Close()
		}
		s.eventually("there were some looks", func(*service) bool { return strings.Count(s.log.String(), "mem.leased=") > 5 })
		s.expectWarnings(0, "all is well")
		for _, want := range []string{"level=DEBUG", "ringwire: memory", "mem.allocators=4", "mem.pools.exchange.out=", "mem.purposes.output.high_water="} {
			if !strings.Contains(s.log.String(), want) {
				t.Errorf("the log does not say %q", want)
			}
		}
	})
}

// While all is well looking costs no allocation, neither here nor on the loops.
func TestHealthAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("under the race detector waking a loop allocates")
	}
	eachDriver(t, func(t *testing.T, driver string) {
		s := start(t, driver, hello, unwatched, func(s *Server) {
			s.Logger = testConfig(driver).Logger
			s.Loops, s.SampleLeases = 2, 1
		})
		s.dial().get("/")
		h := newHealth(s.Server)
		h.round()
		h.round()
		if n := testing.AllocsPerRun(100, h.round); n != 0 {
			t.Errorf("%v allocations a round, want none", n)
		}
	})
}

// A loop that a handler blocks is told of, does not keep the others from being looked at, and
// is asked again when it answers.
func TestHealthTellsHungLoop(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		s := start(t, driver, func(w *ResponseWriter, r *Request) { <-gate }, unwatched)
		open := sync.OnceFunc(func() { close(gate) })
		t.Cleanup(open)
		h := newHealth(s.Server)
		h.hang = time.Minute
		p := s.dial()
		p.send(get("/"))
		for s.jamFree() {
			runtime.Gosched()
		}
		h.tick()
		h.tick()
		s.expectWarnings(0, "that was quick")
		h.looks[0].sent = time.Now().Add(-time.Hour)
		h.tick()
		s.expectWarnings(1, "it takes long", "a loop does not answer", "Blocking", `where="loop 0"`, "for=")
		h.tick()
		s.expectWarnings(1, "it still does")
		open()
		h.answered(<-h.answers)
		h.round()
		s.expectWarnings(1, "it is over")
		p.expect("GET", 200, "", "the handler has returned")
	})
}

// jamFree reports whether the first loop runs what is posted to it.
func (s *testServer) jamFree() bool {
	done := make(chan struct{})
	s.services[0].loop.Post(taskFunc(func() { close(done) }))
	select {
	case <-done:
		return true
	case <-time.After(20 * time.Millisecond):
		return false
	}
}

// An object that did not come home is missed, though many are out in the ordinary way.
func TestHealthTellsObjects(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		gate := make(chan struct{})
		var entered atomic.Int32
		s := start(t, driver, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
			entered.Add(1)
			<-gate
		})).ServeHTTP, unwatched)
		t.Cleanup(func() { close(gate) })
		h := newHealth(s.Server)
		for range 3 {
			p := s.dial()
			p.send(get("/"))
			defer p.reset()
		}
		s.eventually("all work", func(*service) bool { return entered.Load() == 3 })
		gone := s.dial()
		gone.send(get("/"))
		s.eventually("that one, too", func(*service) bool { return entered.Load() == 4 })
		gone.reset()
		s.eventually("and is gone", func(svc *service) bool { return svc.loop.Stats().Open == 3 })
		h.round()
		s.expectWarnings(0, "an exchange of a connection that has gone is its job's")
		var ex *exchange
		var hc *h1Conn
		s.onLoop(func(svc *service) { ex, hc = svc.exchanges.Get(), svc.conns.Get() })
		h.round()
		s.expectWarnings(1, "no connection has them", "more objects are out", "more=1 ", "exchanges=5", "connection_states=4", "connections=3", "jobs=4")
		s.onLoop(func(svc *service) { svc.exchanges.Put(ex); svc.conns.Put(hc) })
		h.round()
		s.expectWarnings(1, "they are back")
	})
}

// Buffers that become more from one quiet moment to the next are told of without sampling.
func TestHealthTellsGrowth(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		var kept []mem.Lease
		s := start(t, driver, func(w *ResponseWriter, r *Request) { kept = append(kept, plantLeak(w)) }, unwatched)
		h := newHealth(s.Server)
		h.round()
		for want := range 2 {
			p := s.dial()
			p.get("/")
			h.round()
			s.expectWarnings(want, "a connection may hold buffers")
			_ = p.Close()
			s.eventually("it is quiet", func(svc *service) bool { return svc.loop.Stats().Open == 0 })
			h.round()
			s.expectWarnings(want, "it may have been a connection's that came in between")
			h.round()
			s.expectWarnings(want+1, "one more is out", "no connection is open", fmt.Sprintf("more=%d leased=%d was=0", want+1, want+1), "SampleLeases")
			h.round()
			s.expectWarnings(want+1, "not more")
		}
		s.onLoop(func(*service) {
			for _, l := range kept {
				l.Release()
			}
		})
	})
}

// How bad each cause is, by the numbers.
func TestHealthSizes(t *testing.T) {
	for name, tc := range map[string]struct {
		cause int
		seen  vitals
		want  uint64
	}{
		"misses of this period":      {causeLimit, vitals{mem: mem.Stats{Misses: 17, Refused: 5}}, 7},
		"refusals are another":       {causeLimit, vitals{mem: mem.Stats{Misses: 12, Refused: 7}}, 0},
		"the system's refusals":      {causeRefused, vitals{mem: mem.Stats{Misses: 12, Refused: 7}}, 2},
		"79 %":                       {causeNearLimit, vitals{mem: mem.Stats{Mapped: 799, Limit: 1000}}, 0},
		"80 %":                       {causeNearLimit, vitals{mem: mem.Stats{Mapped: 800, Limit: 1000}}, 1},
		"95 %":                       {causeNearLimit, vitals{mem: mem.Stats{Mapped: 950, Limit: 1000}}, 2},
		"no limit":                   {causeNearLimit, vitals{mem: mem.Stats{Mapped: 1 << 50}}, 0},
		"locks refused":              {causeLocked, vitals{mem: mem.Stats{LockRefused: 3}}, 3},
		"suspects of all places":     {causeSuspects, vitals{suspects: []mem.Suspect{{Count: 3}, {Count: 4}}}, 7},
		"growth while idle":          {causeIdle, vitals{mem: mem.Stats{Leased: 9}}, 5},
		"less growth than last time": {causeIdle, vitals{mem: mem.Stats{Leased: 7}}, 4},
		"fewer while idle":           {causeIdle, vitals{mem: mem.Stats{Leased: 1}}, 0},
		"growth with connections":    {causeIdle, vitals{mem: mem.Stats{Leased: 9}, served: 1}, 0},
		"growth with workers":        {causeIdle, vitals{mem: mem.Stats{Leased: 9}, jobs: 1}, 0},
		"objects":                    {causeObjects, vitals{exchanges: mem.PoolStats{Out: 9}, conns: mem.PoolStats{Out: 5}, served: 4, jobs: 3}, 3},
		"objects that are accounted": {causeObjects, vitals{exchanges: mem.PoolStats{Out: 2}, conns: mem.PoolStats{Out: 4}, served: 4}, 0},
		"an answer":                  {causeHung, vitals{}, 0},
	} {
		h := &health{hang: time.Hour}
		l := &look{h: h, seen: &tc.seen, misses: 10, refused: 5, idleLeased: 8, idleLeast: 3, idleSeen: true}
		if got := l.size(tc.cause); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}

// Every cause has a report that names numbers, a place and a remedy.
func TestHealthReports(t *testing.T) {
	var log logBuffer
	h := &health{srv: &Server{Config: Config{Logger: log.logger()}}}
	h.srv.jobs.open(false)
	h.srv.wsTasks, h.srv.decoders = newTasks(false), coding.NewDecoders(coding.Config{})
	l := &look{h: h, seen: &vitals{suspects: []mem.Suspect{{Site: "somewhere"}}}}
	h.looks = []*look{l}
	for cause := range numCauses {
		h.warn(cause, 123, l)
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		last := lines[len(lines)-1]
		if len(lines) != cause+1 || !strings.Contains(last, "remedy=") || !strings.Contains(last, "where=workers") || !strings.Contains(last, "level=WARN") {
			t.Errorf("cause %d is reported as %q", cause, last)
		}
	}
}

func TestHealthNews(t *testing.T) {
	var last told
	for i, step := range []struct {
		size uint64
		want bool
	}{{0, false}, {3, true}, {3, false}, {5, false}, {6, true}, {11, false}, {12, true}, {1, false}, {0, false}, {1, true}, {1 << 63, true}, {1<<64 - 1, false}} {
		if got := last.news(step.size); got != step.want {
			t.Errorf("step %d: %d is news: %v", i, step.size, got)
		}
	}
}

// A loop that is looked at all the time gives its memory back all the same, and a look brings
// no deadline.
func TestHealthKeepsTrim(t *testing.T) {
	if raceEnabled || testConfig("").DisablePooling {
		t.Skip("here nothing stays mapped")
	}
	srv := &Server{Handler: HandlerFunc(func(w *ResponseWriter, r *Request) { _, _ = w.WriteString(pattern(5000)) }), Config: Config{IdleTimeout: -1}}
	p := newNullPeer(t, srv)
	h := &health{srv: srv, answers: make(chan *look, 1)}
	l := &look{h: h, svc: p.svc, next: new(vitals), seen: new(vitals)}
	p.receive([]byte(get("/")))
	if p.svc.alloc.Stats().Mapped == 0 {
		t.Fatal("nothing is mapped")
	}
	for range 30 {
		p.drv.now += int64(time.Second)
		l.RunTask()
		<-h.answers
		p.drv.ev.Turn(p.drv.now)
	}
	if n := p.svc.alloc.Stats().Mapped; n != 0 {
		t.Errorf("%d bytes are mapped after half a minute without traffic", n)
	}
	l.RunTask()
	<-h.answers
	if at := p.drv.ev.Turn(p.drv.now); at != 0 && at < p.drv.now+int64(time.Minute) {
		t.Errorf("an idle loop wants to be woken in %v", time.Duration(at-p.drv.now))
	}
}

// After traffic of all kinds nothing is leased, everything is named, and no report holds a
// byte of any request.
func TestMemory(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		const secret = "s3cr3t"
		echo := func(w *ResponseWriter, r *Request) {
			body, err := r.Body.View()
			if err != nil {
				t.Error(err)
			}
			v, _ := r.QueryView("q")
			_, _ = w.Write(v)
			_, _ = w.Write(body)
			for _, value := range r.Trailers() {
				_, _ = w.Write(value)
			}
		}
		s := start(t, driver, routes(map[string]HandlerFunc{"echo": echo}), func(s *Server) {
			s.SampleLeases, s.SuspectAfter, s.HealthEvery = 1, 1, 5*time.Millisecond
		})
		big := strings.Repeat(secret, 10_000)
		for _, path := range []string{"/echo", "/b/echo"} {
			p := s.dial()
			for range 3 {
				p.sendSplit(postChunked(path+"?q=%41"+secret, "X-Secret: "+secret)+chunk(big[:30_000]), chunk(big[30_000:])+"0\r\nX-", "Sum: "+secret+"\r\n\r\n")
				p.expect("POST", 200, "A"+secret+big+secret, path)
			}
		}
		var m mem.Snapshot
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if m = s.Memory(); m.Leased == 0 {
				break
			}
		}
		if m.Leased != 0 || m.Allocators != 2 || len(m.Suspects) != 0 {
			t.Errorf("at rest:\n%v", m)
		}
		used := map[string]int{}
		for _, p := range m.Accounts {
			if used[p.Name] = p.HighWater; p.Leased != 0 {
				t.Errorf("at rest: %+v", p)
			}
		}
		for _, name := range []string{"kept input", "output", "request head", "request body", "response body", "decoded text",
			"trailers", "worker request body", "worker response body"} {
			if used[name] == 0 {
				t.Errorf("nothing was leased for %q", name)
			}
		}
		names := ""
		for _, p := range m.Pools {
			if p.Name == "TLS connection" {
				continue // of a run over TLS
			}
			names += p.Name + ","
			if idle := strings.Contains(p.Name, "websocket") || strings.Contains(p.Name, "decoder"); (p.Made == 0) != idle || p.Out > 2 {
				t.Errorf("%+v", p)
			}
		}
		if names != "compressed websocket,connection state,decoder,decoder of br,decoder of deflate,decoder of gzip,decoder of zstd,"+
			"exchange,job,websocket task," {
			t.Errorf("pools %s", names)
		}
		raw, err := json.Marshal(m)
		if err != nil {
			t.Error(err)
		}
		for what, text := range map[string]string{"JSON": string(raw), "table": m.String(), "log": s.log.String()} {
			if strings.Contains(text, secret) {
				t.Errorf("the %s holds bytes of a request: %s", what, text)
			}
		}
		if !strings.Contains(s.log.String(), "mem.leased=") {
			t.Error("nothing was logged")
		}
	})
}

// Pools that are there once they are needed are told of, by Memory and by the log: those of TLS, of decoders, of topics.
func TestMemoryPools(t *testing.T) {
	t.Parallel()
	eachDriver(t, func(t *testing.T, driver string) {
		topic := testTopic(t, TopicConfig{})
		decode := func(w *ResponseWriter, r *Request) {
			if err := r.Body.Decode(); err != nil {
				return
			}
			body, _ := r.Body.View()
			_, _ = w.Write(body)
		}
		upgrade := func(w *ResponseWriter, r *Request) {
			_, _ = Upgrade(w, r, &WebSocketConfig{OnOpen: func(ws *WebSocket) { _ = topic.Subscribe(ws) }})
		}
		s := start(t, driver, routes(map[string]HandlerFunc{"decode": decode, "ws": upgrade}), withTLS, func(s *Server) { s.HealthEvery = 5 * time.Millisecond })
		p := s.dial()
		p.send(post("/decode", encoded("gzip", "hello"), "Content-Encoding: gzip"))
		p.expect("POST", 200, "hello", "")
		wp := s.dialWS()
		publish(t, topic, "", "hello")
		wp.expectText("hello", "")
		made := map[string]mem.PoolStats{}
		for _, p := range s.Memory().Pools {
			made[p.Name] = p
		}
		if p := made["TLS connection"]; p.Out != 2 || p.Made != 2 {
			t.Errorf("two connections: %+v", p)
		}
		for name, want := range map[string]uint64{"decoder": 1, "decoder of gzip": 1, "decoder of br": 0, "topic message": 1, "topic queue": 0} {
			if p, ok := made[name]; !ok || p.Made != want || p.Out != 0 {
				t.Errorf("%s: %+v, want %d made", name, p, want)
			}
		}
		for end := time.Now().Add(patience); !strings.Contains(s.log.String(), "TLS connection"); time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the log does not tell of TLS connections")
			}
		}
		wp.leave()
	})
}

// A server that does not run has no memory to tell of.
func TestMemoryWithoutStart(t *testing.T) {
	var s Server
	if m := s.Memory(); m.Allocators != 0 || m.Leased != 0 {
		t.Errorf("%+v", m)
	}
}
