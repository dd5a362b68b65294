package h1

// Limits bounds what a peer can make the engine, and the buffers behind it, hold. In each field 0 means the default
// and a negative value means none (which is 1 GiB: offsets are 32 bits wide). The value given to [Engine.Init] must
// have passed [Limits.WithDefaults]; it is shared between engines and never written.
type Limits struct {
	RequestLine int // bytes of the request line with its CRLF; default 8 KiB (RFC 9112 §3 asks for 8000 at least); 414
	Head        int // bytes of the request line and all header fields; default 16 KiB; 431
	Headers     int // header fields, and trailer fields counted on their own; default 100; 431
	ChunkLine   int // bytes of one chunk's size, extensions and CRLF; default 256; 400
	Extensions  int // bytes of chunk extensions in one message (RFC 9112 §7.1.1); default 4 KiB; 400
	Trailers    int // bytes of the trailer section; default 8 KiB; 431
}

// unlimited is what a negative limit becomes: the largest size whose offsets, and sums of two of them, fit a uint32
// and an int on every platform.
const unlimited = 1 << 30

// WithDefaults returns l with every zero replaced by its default and every negative value by the largest possible.
func (l Limits) WithDefaults() Limits {
	fill := func(v *int, def int) {
		switch {
		case *v == 0:
			*v = def
		case *v < 0 || *v > unlimited:
			*v = unlimited
		}
	}
	fill(&l.RequestLine, 8<<10)
	fill(&l.Head, 16<<10)
	fill(&l.Headers, 100)
	fill(&l.ChunkLine, 256)
	fill(&l.Extensions, 4<<10)
	fill(&l.Trailers, 8<<10)
	return l
}
