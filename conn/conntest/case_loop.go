package conntest

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringwire/ringwire/conn"
)

// testSlotReuse: the checker knows the rule; here ids have to be reused at all.
func testSlotReuse(t *testing.T, f Factory) {
	r := start(t, f)
	for range 5 {
		var open []*session
		for range 8 {
			_, s := r.dial()
			open = append(open, s)
		}
		for i, s := range open {
			if i%2 == 0 {
				r.do(func() { r.d.Close(s.id) })
			}
		}
		r.await(func() bool { return len(r.conns) <= 4 }, "Closed of every other")
		for _, s := range open {
			r.do(func() {
				if s.closed == 0 {
					r.d.Close(s.id)
				}
			})
		}
		r.await(func() bool { return len(r.conns) == 0 }, "Closed of all")
	}
	r.do(func() {
		for _, s := range r.order {
			if s.id >= 8 {
				t.Errorf("id %d although never more than 8 were open", s.id)
			}
		}
	})
}

// testChurn: connections come and go quickly, from both sides.
func testChurn(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	for i := range 100 {
		p := r.connect()
		switch i % 4 {
		case 0:
			r.exchange(p, []byte("hello"))
		case 1:
			r.write(p, []byte("never read"))
		case 2:
			p.Reset()
		}
		_ = p.Close()
	}
	r.await(func() bool { return len(r.order) > 0 && len(r.conns) == 0 }, "Closed of all")
}

func testPauseAccept(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	first := r.connect()
	r.exchange(first, []byte("before"))
	if !r.h.HalfClose {
		t.Skip("a pipe's listener has no backlog")
	}
	r.do(func() { r.d.PauseAccept() })
	var late []Peer
	for range 5 {
		late = append(late, r.connect())
	}
	r.settle()
	r.exchange(first, []byte("open connections go on"))
	r.do(func() {
		if n := len(r.order); n > 2 {
			t.Errorf("%d connections opened while accepting is paused", n-1)
		}
		r.d.ResumeAccept()
	})
	for _, p := range late {
		r.exchange(p, []byte("after"))
	}
	r.do(func() { r.d.PauseAccept(); r.d.ResumeAccept(); r.d.PauseAccept(); r.d.ResumeAccept() })
	r.exchange(r.connect(), []byte("flapping does no harm"))
}

func testStopAccept(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	p := r.connect()
	r.exchange(p, []byte("before"))
	r.do(func() { r.d.StopAccept(); r.d.StopAccept() })
	late := newPipeListener()
	r.do(func() {
		if err := r.d.Listen(late); err == nil {
			t.Error("Listen after StopAccept is no error")
		}
	})
	select {
	case <-late.done:
		t.Error("Listen failed and closed the caller's listener")
	default:
	}
	r.settle()
	refused := false
	r.until(func() bool {
		late, err := r.h.Dial()
		if err != nil {
			refused = true
			return true
		}
		defer late.Close()
		for range 50 {
			if _, err := late.Read(make([]byte, 1)); err != nil {
				return true
			}
			r.h.Progress()
		}
		return false
	}, "refusal after StopAccept")
	_ = refused
	r.exchange(p, []byte("open connections go on"))
}

func testAcceptFails(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	if r.h.FailAccepts == nil {
		t.Skip("cannot make accept fail here")
	}
	r.h.FailAccepts(3)
	p := r.connect()
	r.exchange(p, []byte("in the end"))
	r.do(func() {
		if len(r.fails) < 3 {
			t.Errorf("AcceptFailed came %d times, want 3", len(r.fails))
		}
	})
}

func testAddresses(t *testing.T, f Factory) {
	r := start(t, f)
	p, s := r.dial()
	r.do(func() {
		remote, local := r.d.RemoteAddr(s.id), r.d.LocalAddr(s.id)
		if !r.h.Addresses {
			if remote.IsValid() || local.IsValid() {
				t.Errorf("addresses %v and %v of something that has none", remote, local)
			}
			return
		}
		if remote != p.LocalAddr() {
			t.Errorf("RemoteAddr %v, the peer is %v", remote, p.LocalAddr())
		}
		if !local.IsValid() || local == remote {
			t.Errorf("LocalAddr %v", local)
		}
		// From here on the descriptor's number may be somebody else's.
		r.d.Close(s.id)
		if remote, local := r.d.RemoteAddr(s.id), r.d.LocalAddr(s.id); remote.IsValid() || local.IsValid() {
			t.Errorf("addresses %v and %v after Close", remote, local)
		}
	})
}

// testPostOrder: many goroutines post; each one's tasks run in its order, none is lost.
func testPostOrder(t *testing.T, f Factory) {
	r := start(t, f)
	const posters, each = 8, 2000
	var last [posters]int // touched on the loop only: the race detector checks
	ran := 0
	var wg sync.WaitGroup
	for i := range posters {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for k := 1; k <= each; k++ {
				if !r.d.Post(r.d.Task(func() {
					if last[i] != k-1 {
						t.Errorf("poster %d: task %d after %d", i, k, last[i])
					}
					last[i] = k
					ran++
				})) {
					t.Error("Post was refused")
				}
				if k%100 == 0 {
					runtime.Gosched()
				}
			}
		}()
	}
	r.await(func() bool { return ran == posters*each }, "every posted task")
	wg.Wait()
}

// testPostFromCallback: a task posted on the loop runs later, not inside Post.
func testPostFromCallback(t *testing.T, f Factory) {
	r := start(t, f)
	depth, ran := 0, 0
	var again func()
	again = func() {
		depth++
		if depth > 1 {
			t.Error("a task ran inside Post")
		}
		if ran++; ran < 100 {
			r.d.Post(r.d.Task(again))
		}
		depth--
	}
	r.do(func() { r.onReceived = func(*session, []byte) { r.d.Post(r.d.Task(again)) } })
	p, _ := r.dial()
	r.write(p, []byte("x"))
	r.await(func() bool { return ran == 100 }, "every posted task")
}

// testPostForever: a task that posts itself again for as long as it may does not keep Run
// from returning. The rig's stop counts.
func testPostForever(t *testing.T, f Factory) {
	r := start(t, f)
	p, _ := r.dial()
	ran := 0
	var again func()
	again = func() {
		ran++
		r.d.Post(r.d.Task(again))
	}
	r.do(again)
	r.await(func() bool { return ran > 100 }, "tasks")
	r.stop()
	if _, err := r.readAll(p); err == nil {
		t.Error("the peer sees no end")
	}
}

// testPostAndStop: exactly the tasks for which Post said true run, also around Stop.
func testPostAndStop(t *testing.T, f Factory) {
	r := start(t, f)
	r.do(func() {})
	var accepted, ran atomic.Int64
	var wg sync.WaitGroup
	for range 4 {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for range 200_000 {
				if !r.d.Post(r.d.Task(func() { ran.Add(1) })) {
					return
				}
				accepted.Add(1)
			}
		}()
	}
	r.until(func() bool { return accepted.Load() > 100 }, "posts")
	r.stop()
	wg.Wait()
	if r.h.Virtual {
		for range 100 {
			r.h.Progress()
		}
	}
	if a, n := accepted.Load(), ran.Load(); a != n {
		t.Errorf("Post said true %d times, %d tasks ran", a, n)
	}
	if r.d.Post(r.d.Task(func() {})) {
		t.Error("Post said true after Run returned")
	}
}

// testDeadline: Turn is called again at its deadline, not before and not much later.
func testDeadline(t *testing.T, f Factory) {
	r := start(t, f)
	for _, wait := range []time.Duration{time.Millisecond, 20 * time.Millisecond, 100 * time.Millisecond} {
		var asked, woken int64
		r.do(func() {
			r.onTurn = func(now int64) int64 {
				if asked == 0 {
					asked = now
				}
				if now >= asked+int64(wait) {
					if woken == 0 {
						woken = now
					}
					return 0
				}
				return asked + int64(wait)
			}
		})
		for began := time.Now(); time.Since(began) < wait+10*time.Millisecond; { // post nothing: it would wake the loop
			r.h.Progress()
		}
		r.await(func() bool { return woken != 0 }, "Turn at the deadline")
		r.do(func() {
			// Busy machines are late, too; what is waited for otherwise is minutes away.
			if late := time.Duration(woken - asked - int64(wait)); late > 5*time.Second {
				t.Errorf("Turn came %v after its deadline of %v", late, wait)
			}
			r.onTurn = nil
		})
	}
}

// testDeadlinePassed: a deadline in the past means at once, and keeps nobody out.
func testDeadlinePassed(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	spins := 0
	var echo func(int64) int64
	r.do(func() {
		echo = r.onTurn
		r.onTurn = func(now int64) int64 {
			echo(now)
			spins++
			return now - 1
		}
	})
	p := r.connect()
	for range 10 {
		r.exchange(p, []byte("beside a busy loop"))
	}
	r.await(func() bool { return spins > 50 }, "Turns one after the other")
	r.do(func() { r.onTurn = echo })
}

// testDeadlineAmidCallbacks: much to do does not keep Turn from its deadline.
func testDeadlineAmidCallbacks(t *testing.T, f Factory) {
	r := start(t, f)
	if r.h.Virtual {
		t.Skip("virtual time stands still in callbacks")
	}
	const most = 80 // callbacks after the deadline, some more than a driver's batch
	var deadline int64
	over, worst := 0, 0
	r.do(func() {
		r.onReceived = func(*session, []byte) {
			for end := r.d.Clock() + int64(50*time.Microsecond); r.d.Clock() < end; {
			}
			if deadline != 0 && r.d.Clock() > deadline {
				over++
				worst = max(worst, over)
			}
		}
		r.onTurn = func(int64) int64 {
			over, deadline = 0, r.d.Clock()+int64(time.Millisecond)
			return deadline
		}
	})
	var peers []Peer
	for range 2 * most {
		peers = append(peers, r.connect())
	}
	r.await(func() bool { return len(r.conns) == len(peers) }, "Opened of all")
	var open atomic.Bool
	r.d.Post(r.d.Task(func() {
		for !open.Load() { // while the peers write
			runtime.Gosched()
		}
	}))
	for _, p := range peers {
		r.write(p, []byte("x"))
	}
	open.Store(true)
	r.await(func() bool {
		n := 0
		for _, s := range r.order {
			n += s.got
		}
		return n == len(peers)
	}, "all bytes")
	r.do(func() {
		if worst > most {
			t.Errorf("%d callbacks between a deadline and its Turn, want %d at most", worst, most)
		}
		r.onTurn = nil
	})
}

// testClock: Clock goes on in a callback, Now does not.
func testClock(t *testing.T, f Factory) {
	r := start(t, f)
	r.do(func() {
		now, before := r.d.Now(), r.d.Clock()
		if before < now {
			t.Errorf("Clock is %d, before Now, %d", before, now)
		}
		time.Sleep(2 * time.Millisecond)
		if after := r.d.Clock(); after < before || !r.h.Virtual && after < before+int64(2*time.Millisecond) {
			t.Errorf("2 ms later Clock has gone from %d to %d", before, after)
		}
		if r.d.Now() != now {
			t.Error("Now has changed in a callback")
		}
	})
}

// testNoDeadline: without a deadline an idle loop sleeps.
func testNoDeadline(t *testing.T, f Factory) {
	r := start(t, f, (*rig).echo)
	p := r.connect()
	r.exchange(p, []byte("x"))
	r.settle()
	var before, after int
	r.do(func() { before = r.turns })
	if r.h.Virtual {
		r.h.Progress()
	} else {
		time.Sleep(100 * time.Millisecond)
	}
	r.do(func() { after = r.turns })
	if after-before > 5 {
		t.Errorf("%d turns of an idle loop", after-before)
	}
}

// testStopWithOpenConnections: each gets its one Closed, the peers see an end. The rig's
// stop counts.
func testStopWithOpenConnections(t *testing.T, f Factory) {
	r := start(t, f)
	var peers []Peer
	for i := range 12 {
		p, s := r.dial()
		peers = append(peers, p)
		switch i % 4 {
		case 1:
			r.do(func() { s.sending = true; r.d.Send(s.id, [][]byte{make([]byte, r.h.huge())}) })
		case 2:
			r.do(func() { r.d.Pause(s.id) })
		case 3:
			r.do(func() { r.d.Close(s.id) })
		}
	}
	r.stop()
	for i, p := range peers {
		if _, err := r.readAll(p); err == nil {
			t.Errorf("peer %d sees no end", i)
		}
	}
}

func testStopFromCallback(t *testing.T, f Factory) {
	r := start(t, f)
	stopped := make(chan struct{})
	var once sync.Once
	r.do(func() {
		r.onReceived = func(*session, []byte) {
			r.d.Stop()
			once.Do(func() { close(stopped) })
		}
	})
	p, _ := r.dial()
	r.write(p, []byte("stop"))
	r.until(func() bool {
		select {
		case <-stopped:
			return true
		default:
			return false
		}
	}, "callback")
	r.stop()
}

func testStopBeforeRun(t *testing.T, f Factory) {
	h := f(t)
	k := NewChecker(h.Driver)
	r := &rig{t: t, h: h, d: k, conns: map[uint32]*session{}}
	ran := false
	if !k.Post(conn.Task(k.Task(func() { ran = true }))) {
		t.Error("Post was refused before Run")
	}
	k.Stop()
	k.Stop()
	k.ev = r
	done := make(chan error, 1)
	go func() { done <- h.Run(k) }()
	for range 10 {
		h.Progress()
	}
	select {
	case err := <-done:
		if err != nil {
			t.Errorf("Run: %v", err)
		}
	case <-time.After(limit):
		t.Fatal("Run did not return although Stop was called before")
	}
	if !h.Virtual && !ran {
		t.Error("the task for which Post said true did not run")
	}
	if _, err := h.Dial(); err == nil && !h.Virtual {
		t.Error("the listener is still open")
	}
}
