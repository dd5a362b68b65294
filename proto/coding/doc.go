// Package coding takes HTTP content codings off a body (RFC 9110 §8.4.1): gzip (RFC 1952),
// deflate (RFC 1950, or the raw RFC 1951 that some send under that name), br (RFC 7932) and
// zstd (RFC 8878, with the window of RFC 9659). It holds no descriptor, clock or lock of its
// own; input goes in, decoded bytes come out:
//
//	list, err := coding.Parse(nil, []byte("gzip"), 0)
//	d := decoders.Get(list, &limits, &input) // input is a mem.Segments of the caller's
//	input.AppendCopy(received)
//	p, err := d.Next() // bytes, or ErrNeedInput, io.EOF, an *Error
//	d.End()            // nothing follows what is in input
//	d.Close()          // in any case, at any point
//
// The input may come in pieces of any size, cut anywhere. Nothing is decoded before it is asked
// for, and nothing beyond, so that memory is bounded: the coding's window (32 KiB, br up to 16 MiB,
// zstd up to 8 MiB) and what is asked for at a time.
//
// # Bombs
//
// [Limits] bounds the decoded size and its ratio to the encoded one, for each coding of
// several on its own. A body is refused as soon as it shows that it is above.
//
// # Coroutines
//
// The decoders of the libraries pull their input. Where it comes in pieces they run in a
// coroutine (iter.Pull), which stops in the middle when input is missing. It begins with the
// first read that finds the input unfinished; from then on, to Close, a Decoder must be used by
// goroutines with the same thread lock only: its loop. When all input is there at the first
// read, or [Decoder.From] gave a source that waits, there is none.
//
// # Limits
//
// Decoded bytes are tentative until io.EOF: checksums stand at the end. Preset dictionaries are not
// supported. A gzip header's fields are skipped, its checksum (FHCRC) is not looked at.
package coding
