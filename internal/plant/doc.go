// Package plant holds the bugs that can be planted: defects of the kind that people make, each at the place where
// it would be made, to prove that the simulation finds them.
//
//	if plant.On(plant.HalfCloseIsClose) { … the wrong thing … }
//
// In ordinary builds On is the constant false and nothing of it is left in the machine code. With the build tag
// ringwire_plant one bug at a time can be turned on: by Set, or RINGWIRE_PLANT. Such a build is for that, and for nothing
// else.
package plant

// Bug is one of the bugs.
type Bug uint8

// The bugs. Their names in RINGWIRE_PLANT are these, as they stand here.
const (
	None Bug = iota

	LeaseTwice        // conn: kept input is released before a handler gets it, and once more after
	LeaseLost         // conn: kept input that was read is not released
	OutputRecycled    // conn: output is released at Close, while the driver still reads it
	DeadlineNotArmed  // conn: a deadline that moves forward is not
	StallNotTimed     // conn: a send has no deadline
	DrainForgets      // conn: Shutdown leaves out some connections
	HalfCloseIsClose  // conn: a peer's FIN ends the connection
	ReceiveNotResumed // conn: who kept too much is never received from again
	SendNotResumed    // conn: what is left after a send waits for the next write
	DrainNotTold      // conn: a handler that waits for room is not told of it
	InputOvertakes    // conn: what comes is given before what was kept
	NextNotServed     // conn: who waits above MaxConns is not served when a place is free
	LingerForgotten   // conn: a refused peer's bytes reset the connection
	OneTooMany        // conn: MaxConns is off by one

	HandshakeNotTimed    // conn: a TLS handshake may take as long as it likes
	RestLost             // conn: what comes right behind a handshake is
	RecordHeadLost       // conn: less than the head of a record is
	TruncationIsEnd      // conn: an end without close_notify is as good as one with
	CloseNotifyForgotten // conn: none is sent
	UpdateNotAnswered    // tls: a KeyUpdate that asks for ours
	ForgeryIgnored       // tls: a record that cannot be opened is left out

	AnswersSwapped    // root: two pipelined answers change places
	BodyNotReset      // root: a request finds the body of the one before
	HeadNotKept       // root: a head is read after its buffer was used again
	IdleNotTimed      // root: a connection that is kept alive has no idle timeout
	ContinueForgotten // root: who waits for 100 waits in vain
	RateNotJudged     // root: a body may take as long as it likes
	RoomIgnored       // root: a response is produced whether there is room or not

	ChunkMiscounted // h1: a chunk that comes in pieces is a byte longer

	MaskBegunAnew       // ws: what comes in pieces is unmasked as if each were the first
	ContinuationLost    // ws: a fragment between the first and the last is
	MessageNotForgotten // ws: a message that was gathered begins the next one
	ContextForgotten    // ws: a compressed message cannot refer to the one before
	ContextOfOthers     // ws: a message is compressed as if it came after another connection's
	BombTaken           // ws: what a message inflates to has no limit
	HeldNotResumed      // root: messages that waited for the peer to read wait on
	SocketDrainForgets  // root: Shutdown leaves out some WebSockets
	SilenceNotTimed     // root: who does not answer a ping may stay
	CloseNotTimed       // root: who does not answer a Close may stay

	QueueNotDrained // root: what waits is forgotten
	LossNotCounted  // root: what makes room for a later message is
	OneTooManyWaits // root: MaxMessages is off by one
	SlowIsSpared    // root: who is to be disconnected misses messages instead
)
