package conn

import "errors"

var (
	// ErrWriteStalled ends a connection whose peer took none of our bytes for
	// Config.WriteTimeout.
	ErrWriteStalled = errors.New("conn: peer stopped reading: no byte of the output was taken within the write timeout")

	// ErrHandshakeTimeout ends a connection whose TLS handshake was not over within
	// Config.HandshakeTimeout.
	ErrHandshakeTimeout = errors.New("conn: TLS handshake took too long")

	// ErrStopped is the reason given for connections that were open when their loop stopped.
	ErrStopped = errors.New("conn: loop stopped")
)
