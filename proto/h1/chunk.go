package h1

import (
	"math"

	"github.com/ringwire/ringwire/internal/plant"
)

// chunkState is where the decoder stands in
//
//	chunked-body   = *chunk last-chunk trailer-section CRLF
//	chunk          = chunk-size [ chunk-ext ] CRLF chunk-data CRLF
//	chunk-size     = 1*HEXDIG
//	last-chunk     = 1*("0") [ chunk-ext ] CRLF
//	chunk-ext      = *( ";" chunk-ext-name [ "=" chunk-ext-val ] )
//	chunk-ext-name = token
//	chunk-ext-val  = token / quoted-string
//
// (RFC 9112 §7.1). The RFC lets recipients swallow whitespace around ";" and "=" (BWS); no client is known to send
// it, and servers that disagree about spaces in chunk lines are how requests are smuggled, so it is refused.
type chunkState uint8

const (
	chunkSizeFirst  chunkState = iota // before the first digit
	chunkSize                         // after a digit
	chunkNameFirst                    // after ";"
	chunkName                         // in an extension's name
	chunkValueFirst                   // after "="
	chunkValue                        // in a token
	chunkQuoted                       // in a quoted-string
	chunkEscape                       // after "\" in it
	chunkQuotedEnd                    // after its closing quote
	chunkLF                           // after the line's CR
	chunkData                         // in the data; Engine.remaining bytes to come
	chunkDataCR                       // after the data
	chunkDataLF                       // after its CR
	chunkTrailers                     // after the last chunk
)

// nextChunked decodes up to the next data or the end. Chunk lines are consumed as they come, byte for byte: nothing
// of them needs to be kept.
func (e *Engine) nextChunked(p []byte, h *Head) Event {
	for n := 0; ; n++ {
		switch {
		case e.chunk == chunkTrailers:
			return e.nextTrailers(p, n, h)
		case n == len(p):
			return Event{Kind: NeedMore, N: n}
		case e.chunk == chunkData:
			return e.chunkBytes(p, n)
		}
		if err := e.chunkByte(p[n]); err != nil {
			return e.fail(err)
		}
	}
}

// chunkBytes hands out the data at p[n:].
func (e *Engine) chunkBytes(p []byte, n int) Event {
	end := len(p)
	if e.remaining < int64(end-n) {
		end = n + int(e.remaining)
	}
	if plant.On(plant.ChunkMiscounted) && e.remaining > int64(end-n) {
		e.remaining++
	}
	if e.remaining -= int64(end - n); e.remaining == 0 {
		e.chunk = chunkDataCR
	}
	return Event{Kind: Data, N: end, Data: p[n:end:end]}
}

// chunkByte takes one byte of a chunk line or of the CRLF after data.
func (e *Engine) chunkByte(c byte) *Error {
	switch e.chunk {
	case chunkDataCR:
		if c != '\r' {
			return ErrChunkEnd
		}
		e.chunk = chunkDataLF
		return nil
	case chunkDataLF:
		if c != '\n' {
			return ErrChunkEnd
		}
		e.startChunk()
		return nil
	}
	if e.line++; int(e.line) > e.lim.ChunkLine {
		return ErrChunkLineTooLong
	}
	switch e.chunk {
	case chunkSizeFirst, chunkSize:
		return e.chunkSizeByte(c)
	case chunkLF:
		if c != '\n' {
			return ErrBareCR
		}
		e.endChunkLine()
		return nil
	}
	if e.extensions++; int(e.extensions) > e.lim.Extensions {
		return ErrExtensionsTooLarge
	}
	return e.chunkExtensionByte(c)
}

func (e *Engine) startChunk() {
	e.chunk, e.remaining, e.line = chunkSizeFirst, 0, 0
}

func (e *Engine) endChunkLine() {
	if e.chunk = chunkData; e.remaining == 0 {
		e.chunk, e.phase = chunkTrailers, phaseStart
	}
}

// maxChunkDigits bounds leading zeros, too: more digits than 64 bits have are refused by others.
const maxChunkDigits = 16

func (e *Engine) chunkSizeByte(c byte) *Error {
	switch {
	case chars[c]&charHex != 0:
		if e.remaining > math.MaxInt64>>4 || e.line > maxChunkDigits {
			return ErrChunkOverflow
		}
		e.remaining = e.remaining<<4 | unhex(c)
		e.chunk = chunkSize
		return nil
	case c == '\n':
		return ErrBareLF
	case e.chunk == chunkSizeFirst:
		return ErrChunkSize
	case c == '\r':
		e.chunk = chunkLF
		return nil
	case c == ';':
		e.chunk = chunkNameFirst
		return nil
	}
	return ErrChunkSize
}

func (e *Engine) chunkExtensionByte(c byte) *Error {
	switch {
	case c == '\n':
		return ErrBareLF
	case e.chunk == chunkQuoted:
		return e.chunkQuotedByte(c)
	case e.chunk == chunkEscape: // quoted-pair
		e.chunk = chunkQuoted
		if chars[c]&charValue == 0 {
			return ErrChunkExtension
		}
		return nil
	case chars[c]&charToken != 0:
		return e.chunkTokenByte()
	}
	return e.chunkDelimiter(c)
}

func (e *Engine) chunkTokenByte() *Error {
	switch e.chunk {
	case chunkNameFirst:
		e.chunk = chunkName
	case chunkValueFirst:
		e.chunk = chunkValue
	case chunkQuotedEnd:
		return ErrChunkExtension
	}
	return nil
}

func (e *Engine) chunkQuotedByte(c byte) *Error {
	switch {
	case c == '"':
		e.chunk = chunkQuotedEnd
	case c == '\\':
		e.chunk = chunkEscape
	case chars[c]&charValue == 0:
		return ErrChunkExtension
	}
	return nil
}

// chunkDelimiter takes what ends a name or value.
func (e *Engine) chunkDelimiter(c byte) *Error {
	ended := e.chunk == chunkName || e.chunk == chunkValue || e.chunk == chunkQuotedEnd
	switch {
	case c == '\r' && ended:
		e.chunk = chunkLF
	case c == ';' && ended:
		e.chunk = chunkNameFirst
	case c == '=' && e.chunk == chunkName:
		e.chunk = chunkValueFirst
	case c == '"' && e.chunk == chunkValueFirst:
		e.chunk = chunkQuoted
	default:
		return ErrChunkExtension
	}
	return nil
}
