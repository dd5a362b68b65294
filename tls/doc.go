// Package tls secures connections on an event loop, without a goroutine for each and
// without another copy of what they receive.
//
// A [Config] is built once into an [Engine], which refuses what it cannot honour. Each loop
// takes a [Loop] of it, and each connection a [Session] of that. A Session does no I/O: it
// is given received bytes and appends what is to be sent to a [mem.Writer].
//
//	for !done {                 // handshake
//		used, state, err := s.Step(in, out)
//	}
//	v, err := s.Open(record)    // one whole record, decrypted where it lies
//	s.Encrypt(out, plaintext)   // sealed into records of out
//
// # Backends
//
// System is the standard library's crypto/tls: it makes the handshake, in a coroutine that
// yields when bytes are missing, so that thousands of stalled peers hold neither a goroutine
// nor a thread. Native, an engine of this project's own, is a name that is not filled
// yet. Auto takes the first of them that can do everything the Config asks for, when it is
// built; nothing is chosen, or tried again, at run time, so that no failure of
// authentication can lead to another attempt with less.
//
// # Record planes
//
// With TLS 1.3 the records are this package's from the end of the handshake on
// (RecordInPlace): opened in the buffer that they were received into, sealed in the one that
// they are sent from, by the standard library's AES-GCM and x/crypto's ChaCha20-Poly1305.
// With TLS 1.2, and where FIPS 140 is enforced, crypto/tls keeps them (RecordStream).
//
// # Threads
//
// A Session belongs to its Loop, and that to one goroutine at a time. The coroutine of a
// handshake must be resumed, and ended by Abort, under the same LockOSThread as it was
// begun: on the thread itself when it was locked, on any goroutine that is not locked
// otherwise. Nothing here takes a lock.
//
// # What cannot be promised
//
// Secrets that this package holds are overwritten when they are done with; copies inside of
// crypto/tls and of the ciphers' key schedules cannot be, and go with the garbage collector.
package tls
