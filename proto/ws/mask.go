package ws

// Mask masks, or unmasks, p in place (RFC 6455 §5.3). pos is how many bytes of the payload came before p; the result
// is the same for what follows, modulo 4.
func Mask(key [4]byte, pos int, p []byte) int {
	for i := range p {
		p[i] ^= key[(pos+i)&3]
	}
	return (pos + len(p)) & 3
}
