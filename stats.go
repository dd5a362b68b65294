package ringwire

import (
	"github.com/ringwire/ringwire/conn"
	"github.com/ringwire/ringwire/mem"
)

// Stats is a server's account at one moment, summed over its loops.
type Stats struct {
	conn.Stats

	Exchanges int    // requests in progress, heads in the making included
	Refused   uint64 // requests answered by the server itself, with an error and a close
	Leased    int    // buffers in use
	Mapped    int64  // bytes of address space mapped for buffers
	Misses    uint64 // buffers that came from the Go heap because a limit was reached
}

// Stats asks every loop for its counters, waits for the answers, and adds them up. It is
// zero when the server does not run. It must not be called from a handler on a loop, which
// would wait for itself.
func (s *Server) Stats() Stats {
	s.mu.Lock()
	services, shared := s.services, s.shared
	s.mu.Unlock()
	var sum Stats
	for _, svc := range services {
		ask := &statsTask{svc: svc, done: make(chan struct{})}
		if !svc.loop.Post(ask) {
			continue
		}
		select {
		case <-ask.done:
			sum.add(&ask.stats)
		case <-s.done:
		}
	}
	if shared != nil {
		sum.addMem(shared.Stats())
	}
	return sum
}

// statsTask reads the counters of one loop, on that loop.
type statsTask struct {
	svc   *service
	stats Stats
	done  chan struct{}
}

func (t *statsTask) RunTask() {
	t.stats = Stats{Stats: t.svc.loop.Stats(), Exchanges: t.svc.live(), Refused: t.svc.refused}
	t.stats.addMem(t.svc.alloc.Stats())
	close(t.done)
}

func (s *Stats) add(t *Stats) {
	s.Open += t.Open
	s.Parked += t.Parked
	s.Accepted += t.Accepted
	s.AcceptErrors += t.AcceptErrors
	s.ReceivedBytes += t.ReceivedBytes
	s.SentBytes += t.SentBytes
	s.WriteTimeouts += t.WriteTimeouts
	s.Handshakes += t.Handshakes
	s.Resumed += t.Resumed
	s.HandshakeErrors += t.HandshakeErrors
	s.Plaintext += t.Plaintext
	s.HandedOver += t.HandedOver
	s.Exchanges += t.Exchanges
	s.Refused += t.Refused
	s.Leased += t.Leased
	s.Mapped += t.Mapped
	s.Misses += t.Misses
}

func (s *Stats) addMem(m mem.Stats) {
	s.Leased += m.Leased
	s.Mapped += m.Mapped
	s.Misses += m.Misses
}
