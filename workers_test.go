package ringwire

import (
	"sync"
	"testing"
	"time"
)

// Workers start on demand, are reused, and are never more than allowed.
func TestWorkersStartOnDemand(t *testing.T) {
	gate := make(chan struct{})
	var entered sync.WaitGroup
	s := start(t, DriverNetpoll, Blocking(HandlerFunc(func(w *ResponseWriter, r *Request) {
		if r.Path() == "/wait" {
			entered.Done()
			<-gate
		}
	})).ServeHTTP, func(s *Server) { s.Workers = 3 })
	count := func() (running, idle int) {
		s.workers.mu.Lock()
		defer s.workers.mu.Unlock()
		return s.workers.running, len(s.workers.idle)
	}
	if running, _ := count(); running != 0 {
		t.Errorf("%d workers run before there is work", running)
	}
	p := s.dial()
	for range 20 {
		p.get("/")
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
			if _, idle := count(); idle == 1 {
				break // it is listed as idle a moment after its answer
			}
		}
	}
	if running, idle := count(); running != 1 || idle != 1 {
		t.Errorf("%d workers run, %d of them idle, after requests one by one; want one that is reused", running, idle)
	}
	entered.Add(3)
	var peers []*peer
	for range 3 {
		p := s.dial()
		p.send(get("/wait"))
		peers = append(peers, p)
	}
	entered.Wait()
	if running, idle := count(); running != 3 || idle != 0 {
		t.Errorf("%d workers run, %d idle, want three at work", running, idle)
	}
	close(gate)
	for _, p := range peers {
		p.expect("GET", 200, "", "")
	}
	_ = s.Close()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if running, _ := count(); running == 0 {
			return
		}
	}
	t.Error("workers are left after Close")
}

func TestWorkersClosed(t *testing.T) {
	w := newWorkers(1, 1)
	w.close()
	if w.submit(&job{}) {
		t.Error("a closed pool took a job")
	}
}
