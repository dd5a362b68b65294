// Package sim is a driver without sockets: a network, a clock and their faults, made from
// a seed. Whatever runs on package conn's Driver runs on it, one step at a time on one
// goroutine, and the same seed gives the same run.
//
//	s := sim.New(sim.Config{Seed: seed, Faults: sim.Rough})
//	_ = s.Listen(s.NewListener())
//	s.Begin(events)          // or: go server.Serve(s.NewListener()), which calls Run
//	p := s.Dial()            // a client
//	p.Write([]byte("ping"))  // never blocks
//	s.RunUntilIdle()         // until nothing moves any more
//	n, err := p.Read(buf)
//	s.Advance(time.Minute)   // timeouts
//
// The driver keeps a stricter watch over its user than real ones do: what the contract
// forbids (a second send in flight, bytes that change in flight, commands for ids that are
// not open …) is noted, and Misuse returns it. What is lent to Received is overwritten
// afterwards.
//
// # What it does not have
//
// Latency is per completion, not per byte; nothing gets lost in transit, as with TCP.
// Peers have no addresses but IPv4 ones.
package sim
