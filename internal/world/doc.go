// Package world is everything around a server that is simulated: clients by the thousand, on a network made
// from a seed (conn/conntest/sim), in virtual time; and the rules that must hold.
//
//	w := world.New(spec)
//	host := …                  // a server on w.Sim(), tuned by w.Plan(), which asks w who is right
//	v := w.Run(host)           // nil, or the first Violation
//	small := world.Shrink(v.Spec, run) // the same violation with less
//
// What a client sends and gets are bytes of a stream that is a function of its number and the request's
// (Key, Fill): a byte that is lost, doubled or another's is seen where it arrives, on either side.
//
// # What is looked for
//
// One client in sixteen speaks WebSocket: each of its messages, in whatever fragments and with whatever
// between them, comes back once, whole and in order, and the Close that ends it has the right code. The
// framing is the world's own, lest a mistake of the server's be made twice. One in four of these is subscribed to a
// topic, of each policy one, to which is published on ticks of the virtual clock: each message comes once, in order, and
// what is missing is what the topic counts. One in three offers permessage-deflate, with a context or without and at any
// window, and compresses with compress/flate: what it inflates must be what it would have got uncompressed, whoever
// else the server has compressed for in between.
//
// One world in seven is all TLS, 1.3 and 1.2 (crypto/tls, and records of the world's own): with handshakes that
// stall, end or are none, second hellos, tickets, key updates, forged records, ends with close_notify and without.
// A key that differs from run to run changes no length, and so nothing of what happens.
//
// Every answer is whole, right, and in order; every request reaches its handler once. Nobody waits in vain.
// Every timeout closes in time and not before. Buffers keep to their limits. A drain ends, and idle
// connections end at once with it. At the end nothing is held. And the driver's contract is kept, of which
// the simulated driver is the judge.
//
// # What it does not do
//
// Goroutines: Blocking handlers are not of this world. The kernel: what is beneath the driver contract is not
// simulated, but by its effects.
package world
