// Package fallback is the portable driver, "netpoll": an event loop over Go's own network
// poller, for every system where io_uring is absent or refused.
//
// A Loop keeps the promises of the driver contract (package conn, Driver): callbacks of
// one Loop never overlap, idle connections hold no buffer where the system lets us wait
// for readability, and the steady state allocates nothing.
//
//	l, err := fallback.NewLoop(fallback.Config{})
//	…
//	err = l.Listen(listener)
//	err = l.Run(events) // until l.Stop()
//
// # How it works
//
// A Loop is one mutex and a queue of what is ready. Whoever brings news (a connection
// became readable, a task was posted) queues it and tries to take the mutex. If that
// succeeds, it is the loop for a while: it runs the turns right there, on its own
// goroutine. If not, it goes back to wait, for the holder looks at the queue again after
// letting go. Nobody queues up for the mutex, so a busy loop costs its sockets' goroutines
// next to nothing, and an idle one costs a request no goroutine hop.
//
// On unix each TCP or unix socket has one goroutine, which spends its life inside one long
// syscall.RawConn.Read. That call forgets the readiness of the past only when it begins;
// later edges are latched by the runtime. So a read that does not fill the buffer has
// drained the socket, and there is no need to read again just to see EAGAIN: new bytes
// make a new edge. One thing makes none: an end of stream that came together with the
// bytes before it. Sockets that have been silent since their last read are therefore
// looked at once more, a few milliseconds later (probes).
//
// Elsewhere, and for connections that are not plain sockets, each connection has a
// goroutine in net.Conn.Read, which holds a buffer, and a second one once it sends.
//
// # Limits
//
// A goroutine per connection costs its stack: 2 KiB at least, and as much as the callbacks
// need when they run on it, until the next garbage collection shrinks it. A Loop runs its
// callbacks one after the other, whatever GOMAXPROCS is: use several Loops to use several
// cores. A panic in a callback may happen on any of the Loop's goroutines; it is not
// caught here and ends the process.
package fallback
