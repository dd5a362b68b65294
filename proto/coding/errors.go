package coding

import "errors"

// Error is why a body cannot be decoded. Every value is prebuilt and shared: compare pointers, never write.
type Error struct {
	Status int    // the HTTP status to answer with
	Text   string // what was wrong and what would not be, for the answer's body and for logs; no bytes of the peer
	Ref    string // where that is written
}

// Error says what was wrong and where that is written.
func (e *Error) Error() string { return "coding: " + e.Text + " (" + e.Ref + ")" }

// What a Content-Encoding field can ask for in vain, and a body that uses what its coding allows
// elsewhere only.
var (
	ErrUnsupported   = &Error{415, "unknown content coding: use gzip, deflate, br or zstd, or none", "RFC 9110 §8.4"}
	ErrTooManyLayers = &Error{415, "too many content codings one on top of the other: use one", "RFC 9110 §8.4"}
	ErrDictionary    = &Error{415, "the body needs a preset dictionary: compress without one", "RFC 9110 §8.4.1"}
	ErrWindow        = &Error{415, "the zstd body needs a window above 8 MiB: compress with a smaller one", "RFC 9659 §3"}
)

// Limits that a body exceeds.
var (
	ErrTooLarge = &Error{413, "the body is too large once decoded: send less at a time", "RFC 9110 §15.5.14"}
	ErrRatio    = &Error{413, "the body grows too much when decoded: send it uncompressed, or in parts", "RFC 9110 §15.5.14"}
)

// Damage.
var (
	ErrCorrupt   = &Error{400, "the body is not what its Content-Encoding says, or was damaged: send it again", "RFC 9110 §8.4"}
	ErrChecksum  = &Error{400, "the body's checksum is wrong: it was damaged, send it again", "RFC 9110 §8.4"}
	ErrTruncated = &Error{400, "the encoded body ends too early: finish the stream before sending", "RFC 9110 §8.4"}
	ErrTrailing  = &Error{400, "bytes follow the end of the encoded body: leave them out", "RFC 9110 §8.4"}
)

// ErrNeedInput says that a Decoder has decoded all its input and that it was not told of an end: append
// more, or call End. It is no failure.
var ErrNeedInput = errors.New("coding: more input is needed")

// errStopped ends a coroutine whose Decoder was closed. Nobody sees it.
var errStopped = errors.New("coding: closed")
