// Package conntest is the conformance suite of conn's driver contract. Every driver passes
// the same cases:
//
//	func TestMyDriver(t *testing.T) {
//		conntest.Run(t, conntest.Sockets("tcp", func() (conn.Driver, error) { return mydriver.New() }))
//	}
//
// The cases are scripts of one goroutine that talk to the driver as an application (in
// callbacks, on the loop) and as a client (a Peer that never blocks). So they run over
// sockets and over package sim alike. Simulated runs are named by their seed; a failing one
// prints the command that repeats it.
//
// Each case runs behind a checker that watches over the contract itself: callbacks do not
// overlap and do not nest, each id has its callbacks in the right order, nothing
// comes after Closed, buffers are left alone, every batch of callbacks ends in Turn.
package conntest
