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

	Stuck uint64 // times that a loop was in one handler for longer than Config.StuckAfter

	WebSocket WebSocketStats
}

// Stats asks every loop for its counters, waits for the answers, and adds them up. It is
// zero when the server does not run. It must not be called from a handler on a loop, which
// would wait for itself.
func (s *Server) Stats() Stats {
	var sum Stats
	s.onLoops(func(svc *service) {
		t := Stats{Stats: svc.loop.Stats(), Exchanges: svc.live(), Refused: svc.refused, WebSocket: svc.ws.stats}
		t.WebSocket.Refused = svc.refusedUpgrade.Load()
		t.addMem(svc.alloc.Stats())
		sum.add(&t)
	})
	if shared := s.offLoops(); shared != nil {
		sum.addMem(shared.Stats())
	}
	sum.Stuck = s.stuck.Load()
	return sum
}

// Memory tells what the server's buffers and objects are used for: by size, by purpose, and,
// with Config.SampleLeases, where those come from that are out for longer than
// Config.SuspectAfter. docs/MEMORY.md explains the names. It holds numbers and names only,
// nothing of any request, so that it may be shown on a page for operators. How it asks the loops, and
// from where it must not be called, is as with Stats.
func (s *Server) Memory() mem.Snapshot {
	var sum mem.Snapshot
	s.onLoops(func(svc *service) {
		t := svc.alloc.Stats()
		sum.Add(&t)
		sum.AddPools(svc.appendPools(nil)...)
		sum.AddSuspects(svc.alloc.Suspects(svc.cfg.SuspectAfter))
	})
	if shared := s.offLoops(); shared != nil {
		t := shared.Stats()
		sum.Add(&t)
		sum.AddPools(s.sharedPools()...)
		sum.AddSuspects(shared.Suspects(s.SuspectAfter))
	}
	return sum
}

// offLoops is the memory that is not of a loop: nil before the start. Once it is there, so is all that goes with it.
func (s *Server) offLoops() *mem.Allocator {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shared
}

// sharedPools are the accounts of what is reused and not of a loop.
func (s *Server) sharedPools() []mem.PoolStats {
	return s.decoders.AppendPools([]mem.PoolStats{s.jobs.pool.Stats(), s.wsTasks.Stats()})
}

// appendPools tells of what is reused on the loop, on the loop.
func (s *service) appendPools(dst []mem.PoolStats) []mem.PoolStats {
	dst = append(dst, s.exchanges.Stats(), s.conns.Stats(), s.ws.codecs.Stats())
	return s.ws.topics.appendStats(s.loop.AppendPools(dst))
}

// onLoops runs f on one loop after the other and waits for it. Loops that have ended are left out.
func (s *Server) onLoops(f func(svc *service)) {
	s.mu.Lock()
	services := s.services
	s.mu.Unlock()
	for _, svc := range services {
		s.onLoop(svc, f)
	}
}

func (s *Server) onLoop(svc *service, f func(svc *service)) {
	ask := &loopTask{svc, f, make(chan struct{})}
	if !svc.loop.Post(ask) {
		return
	}
	select {
	case <-ask.done:
	case <-s.done:
	}
}

// loopTask runs f on a loop.
type loopTask struct {
	svc  *service
	f    func(svc *service)
	done chan struct{}
}

func (t *loopTask) RunTask() {
	t.f(t.svc)
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
	s.Ticks += t.Ticks
	s.LateTicks += t.LateTicks
	s.MissedTicks += t.MissedTicks
	for i, n := range t.Overruns {
		s.Overruns[i] += n
	}
	s.Exchanges += t.Exchanges
	s.Refused += t.Refused
	s.WebSocket.add(&t.WebSocket)
	s.Leased += t.Leased
	s.Mapped += t.Mapped
	s.Misses += t.Misses
}

func (s *Stats) addMem(m mem.Stats) {
	s.Leased += m.Leased
	s.Mapped += m.Mapped
	s.Misses += m.Misses
}
