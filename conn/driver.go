package conn

import (
	"net"
	"net/netip"
)

// MaxSendBufs is the most buffers that one Driver.Send takes.
// A longer output goes out in several sends, one after the other.
const MaxSendBufs = 16

// Driver is one event loop over the sockets of one operating-system facility.
//
// # Threads
//
// Callbacks of one Driver never overlap, and no callback runs inside another: what a
// callback causes (a send that finished at once, a Close with nothing in flight) is
// reported after that callback returned. "On the loop" below means from inside a
// callback, from inside a Task, or from the goroutine that will call Run before it does.
// What is not marked as safe from any goroutine is for the loop only, and costs no lock.
//
// # Turns
//
// A driver works in turns. It gathers what completed, runs the callbacks, runs the
// posted tasks, calls Events.Turn once, hands everything that those calls asked for to the
// system at once, and then sleeps until there is more or until the deadline that Turn
// returned. So the place to send is Turn: all output of a turn then leaves together.
// A callback that arises from a call made in Turn begins another turn.
//
// # Ids
//
// A connection is named by its id, a small dense slot number made to index a slice: the
// driver reuses a number only after its Closed, and takes a new one (one more than the
// highest so far, from 0) only when there is none to reuse. An id is valid from the
// beginning of its Opened, or from when Adopt returned it, until its Closed returns. A call
// with an id outside that span is a bug of the caller; drivers ignore it.
//
// # Errors
//
// Socket errors are given as the system says them and match the syscall.Errno values by
// errors.Is (syscall.ECONNRESET, syscall.EPIPE …).
type Driver interface {
	// Name is "uring", "netpoll" or "sim". Safe from any goroutine.
	Name() string

	// Listen makes the loop accept from ln, at once or as soon as Run begins. From
	// here on the driver owns ln: it closes it in StopAccept or Stop. On the loop. An error
	// means that this driver cannot accept from ln, or accepts no more (net.ErrClosed, after
	// StopAccept); ln is then still the caller's.
	Listen(ln net.Listener) error

	// PauseAccept stops accepting until ResumeAccept; the system's backlog keeps the
	// newcomers. A connection that was accepted already may still be Opened. On the loop.
	PauseAccept()

	// ResumeAccept undoes PauseAccept. On the loop.
	ResumeAccept()

	// StopAccept closes the listeners for good. Open connections go on. On the loop.
	StopAccept()

	// Adopt takes over nc, a stream that is connected already, as if it had been accepted:
	// paused, with an id of the same kind. There is no Opened: the id is what Adopt returns,
	// and callbacks for it come after the one that called. It does not matter whether the loop
	// accepts, or ever did.
	//
	// From here on nc is the driver's: nobody else may use it, or close it, or wait in one of
	// its methods. Its deadlines are cleared, its other options stay. A driver may go on with
	// another descriptor of the same socket and close nc at once. An error leaves nc open and
	// the caller's. It is one of the system's (EMFILE …); or matches errors.ErrUnsupported when
	// this driver cannot serve such an nc, net.ErrClosed when nc is a closed socket, or when the
	// loop does not run: not yet, or no more.
	//
	// On the loop, and from inside a callback or Task only. It does not block.
	Adopt(nc net.Conn) (id uint32, err error)

	// Run runs the loop on the calling goroutine until Stop, and returns nil then; an
	// error means that the loop could not go on. Everything is closed and every id had its
	// Closed when it returns. All callbacks happen before it returns, and between the
	// beginning of Run and its return only. It runs once.
	Run(ev Events) error

	// Stop makes Run abort every connection (Closed for each) and return. Commands for
	// a connection that is being aborted so are ignored. It does not wait. Stop before Run makes Run return at once. Idempotent; safe from any goroutine,
	// from callbacks too.
	Stop()

	// Post runs t on the loop soon. Tasks of one poster run in the order in which it
	// posted them. It never blocks and never runs t itself, not even on the loop. True means
	// that t runs exactly once, at the latest while Run ends (every id may be Closed by
	// then); before Run it waits for Run. False means that the loop is stopped and t
	// never runs. In the steady state it allocates nothing. Safe from any goroutine.
	Post(t Task) bool

	// Now is the loop's time: monotonic nanoseconds from an arbitrary beginning, read from
	// the clock once per turn and constant during it. On the loop.
	Now() int64

	// Clock reads the clock: the time as it is now, on Now's scale. On the loop.
	Clock() int64

	// Receive starts receiving, or goes on after Pause. A connection is Opened paused.
	// Idempotent. On the loop.
	Receive(id uint32)

	// Pause stops receiving, so that the system's buffers fill up and hold the
	// peer back. Bytes that were taken from the socket before may still be delivered, and
	// so may Ended; their amount is bounded. Idempotent. On the loop.
	Pause(id uint32)

	// Send sends bufs, in order, as one whole; Sent reports its end, never from inside
	// Send. At most one send is in flight per id, and at most MaxSendBufs buffers go
	// into one. The slice bufs is borrowed for the call; the bytes in it must stay
	// alive and untouched until Sent, or until Closed when Close came first. Empty
	// buffers are allowed. On the loop.
	Send(id uint32, bufs [][]byte)

	// CloseWrite half-closes: the peer sees FIN after the last byte of the send in
	// flight, if there is one. Nothing may be sent afterwards; receiving goes on. On
	// the loop.
	CloseWrite(id uint32)

	// Close tears the connection down, cancels what is in flight and then calls Closed,
	// not before Close returned. After Close no other callback comes for id. Bytes of a
	// Sent that reported no error are still delivered by the system, unless there are
	// received bytes that nobody read: then most systems reset the connection. Idempotent.
	// On the loop.
	Close(id uint32)

	// RemoteAddr is the peer's address; the zero AddrPort when it is not an IP address
	// (unix sockets), and after Close. It may be zero, too, once the peer has reset the
	// connection: a system need not remember it. IPv4 addresses are never given in their
	// IPv6-mapped form. On the loop.
	RemoteAddr(id uint32) netip.AddrPort

	// LocalAddr is our own address, as RemoteAddr.
	LocalAddr(id uint32) netip.AddrPort
}

// Task is work for Driver.Post. It is an interface, not a func, so that what is posted
// often can be a pointer to something that exists already.
type Task = interface {
	// RunTask runs on the loop.
	RunTask()
}

// Events are a Driver's callbacks, all on the loop. They must not block: the whole loop
// waits. A panic is not caught: it ends Run, and the process with it, as for any
// goroutine. Whoever runs foreign code in a callback recovers there.
//
// Per id the order is: Opened, but for adopted ones; then Received any number of times and Ended at most once,
// mixed with one Sent for each Send; then Closed.
//
// It is an alias of an unnamed interface of basic types so that a driver can spell the
// same type without importing this package.
type Events = interface {
	// Opened reports an accepted connection. It is paused: call Receive for its bytes.
	Opened(id uint32)

	// Received hands over bytes from the peer; len(p) > 0. p is borrowed until the
	// return: the driver reuses it for the next connection. It may be written to.
	Received(id uint32, p []byte)

	// Ended says that no Received follows: err is io.EOF for the peer's FIN, else the
	// socket's error. The connection stays open, and after io.EOF still sends, until
	// Close. It comes while receiving only: a paused connection learns of its end on
	// Receive, though an error may come earlier. Not after Close.
	Ended(id uint32, err error)

	// Sent ends the Send: n bytes went out. n is less than the send's total only if err
	// is not nil. The bytes are the caller's again. Not after Close.
	Sent(id uint32, n int, err error)

	// Closed is the last callback for id: nothing is in flight, the descriptor is
	// closed, bytes of a cancelled send are the caller's again. It comes exactly once, after
	// Close or at Stop, never by itself.
	Closed(id uint32)

	// AcceptFailed reports that accepting failed for now (EMFILE, ENFILE, ENOBUFS,
	// ENOMEM …). The driver waits a little and resumes by itself; the backlog keeps the
	// newcomers. It comes once for every failed attempt.
	AcceptFailed(err error)

	// Turn ends a batch of callbacks: flush here. now is Driver.Now. deadline is
	// the time on the same clock at which Turn wants to be called again if nothing happens
	// before; 0 = no deadline. It replaces the deadline of the turn before.
	// A deadline that has passed means: at once, after looking for completions. When it
	// passes while callbacks run, not many more of them come before Turn.
	Turn(now int64) (deadline int64)
}
