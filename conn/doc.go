// Package conn is the connection: who owns its bytes, its deadlines, its
// backpressure, and how it ends.
//
// A [Loop] sits on one [Driver] (io_uring, Go's netpoll, or a simulation) and
// turns the driver's slots into [Conn] values. Everything a Loop owns is touched
// from inside the driver's callbacks only, so nothing here takes a lock. What
// speaks on a connection is a [Handler]; it gets borrowed bytes, appends its
// output to the connection's [mem.Writer], and is told when that has drained.
//
// Connections come from listeners, or from this side: [Loop.Dial] for other goroutines,
// [Loop.Adopt] on the loop. An [Opener] speaks on those.
//
// # How a turn goes
//
// The driver delivers completions, then calls Turn. Turn fires due timers, hands
// kept input to handlers that asked to go on, and starts one send for every
// connection that has output and none in flight. All sends of a turn reach the
// kernel together.
//
// # Who owns what
//
//   - Received bytes belong to the driver and are borrowed until OnData returns.
//     What OnData leaves unconsumed is copied once into a spill lease.
//   - Output belongs to the connection from the moment it is written. Bytes in
//     flight are neither moved nor reused before the driver says Sent.
//   - A Conn is recycled after OnClose returned; a handler must not keep it.
//
// # Limits
//
// Input kept for a handler that does not consume stops the receiver at
// [Config.MaxPending] bytes; output is not limited here, but Congested tells and
// OnDrain follows, so that a handler can stop producing.
package conn
