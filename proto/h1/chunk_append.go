package h1

// AppendChunkHead appends the line before n bytes of chunk data, which CRLF must follow. n > 0: a chunk of none would
// end the body.
func AppendChunkHead(dst []byte, n int) []byte {
	const digits = "0123456789abcdef"
	shift := 0
	for uint(n)>>shift > 15 {
		shift += 4
	}
	for ; shift >= 0; shift -= 4 {
		dst = append(dst, digits[uint(n)>>shift&15])
	}
	return append(dst, crlf...)
}

// AppendChunk appends data as one chunk; nothing when data is empty.
func AppendChunk(dst, data []byte) []byte {
	if len(data) == 0 {
		return dst
	}
	dst = AppendChunkHead(dst, len(data))
	dst = append(dst, data...)
	return append(dst, crlf...)
}

// AppendLastChunk appends the end of a chunked body with trailers, which may be nil (RFC 9112 §7.1.2).
func AppendLastChunk(dst []byte, trailers *Fields) []byte {
	dst = append(dst, "0\r\n"...)
	if trailers != nil {
		dst = append(dst, trailers.buf...)
	}
	return append(dst, crlf...)
}
