package keyexchange

import "errors"

// Error is a share of the peer that breaks the protocol: the connection ends with an
// illegal_parameter alert. Every value is prebuilt and shared: compare pointers, never write.
type Error struct {
	Text string // what was wrong, without bytes of the peer
	Ref  string // the paragraph that was breached
}

// Error says what was wrong and where that is written.
func (e *Error) Error() string { return "keyexchange: " + e.Text + " (" + e.Ref + ")" }

// What can be wrong with a share.
var (
	ErrClientShareSize = &Error{"the client's key share has not its group's size", "RFC 8446 §4.2.8; draft-ietf-tls-ecdhe-mlkem §4.1"}
	ErrServerShareSize = &Error{"the server's key share has not its group's size", "RFC 8446 §4.2.8; draft-ietf-tls-ecdhe-mlkem §4.2"}
	ErrPoint           = &Error{"the key share is not an uncompressed point of the curve", "RFC 8446 §4.2.8.2"}
	ErrLowOrder        = &Error{"the key share is a point of low order, the X25519 secret would be all zero", "RFC 8446 §7.4.2"}
	ErrEncapsulation   = &Error{"the ML-KEM encapsulation key is not reduced modulo q", "FIPS 203 §7.2; draft-ietf-tls-ecdhe-mlkem §4.2"}
)

// Ours.
var (
	// ErrGroup is returned for a group that this process cannot compute. ProviderOf says why.
	ErrGroup = errors.New("keyexchange: the group is not to be had in this process: choose among Groups")

	// ErrNoKey is returned by Finish for a group other than the one that was generated or its
	// ECDH part, and for a Client whose key is used up: each Generate is for one Finish.
	ErrNoKey = errors.New("keyexchange: the client holds no key for this group: call Generate, once for each Finish")
)
