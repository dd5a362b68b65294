package ws

import "encoding/binary"

// The first two bytes of a frame (RFC 6455 §5.2):
//
//	FIN RSV1 RSV2 RSV3 opcode(4)   MASK length(7)
const (
	bitFin     = 0x80
	bitRSV1    = 0x40 // the message is compressed (RFC 7692 §6)
	bitsRSV    = 0x70
	bitsOpcode = 0x0f
	bitMask    = 0x80
	bitsLength = 0x7f

	length16 = 126 // the length follows in 16 bits
	length64 = 127 // in 64

	maxControl = 125 // bytes of a control frame's payload (§5.5)
)

// MaxHeader is the most bytes of a frame's header.
const MaxHeader = 14

// header is that of one frame.
type header struct {
	length uint64 // of the payload
	size   int    // of the header itself; 0 while it is not complete
	key    [4]byte
	op     Opcode
	fin    bool
	rsv1   bool
}

// readStart reads the first two bytes of p, and says at once what is wrong with them. It knows what every frame must
// be, not what this one may be after those before it. size is 0 when the header is not complete.
func (e *Engine) readStart(p []byte) (h header, err *Error) {
	h.op, h.fin, h.rsv1 = Opcode(p[0]&bitsOpcode), p[0]&bitFin != 0, p[0]&bitRSV1 != 0
	if err := e.checkBits(p[0], p[1]&bitMask != 0, h.op); err != nil {
		return h, err
	}
	n := 2
	switch length := p[1] & bitsLength; {
	case h.op.control() && !h.fin:
		return h, ErrControlFragment
	case h.op.control() && length > maxControl:
		return h, ErrControlLength
	case length == length16:
		n = 4
	case length == length64:
		n = 10
	}
	if e.role == Server {
		n += 4
	}
	if len(p) >= n {
		h.size = n
	}
	return h, nil
}

// readRest reads what follows the first two bytes of a header that is complete.
func (h *header) readRest(p []byte, role Role) (err *Error) {
	if role == Server {
		h.key = [4]byte(p[h.size-4 : h.size])
	}
	h.length, err = readLength(p)
	return err
}

// checkBits is about everything in the first two bytes but the length. RSV1 has a meaning only if compression was
// agreed on, and then in frames that begin a message (RFC 7692 §6.1).
func (e *Engine) checkBits(first byte, masked bool, op Opcode) *Error {
	if rsv := first & bitsRSV; rsv != 0 && (rsv != bitRSV1 || e.comp == nil || op != Text && op != Binary) {
		return ErrReservedBits
	}
	if op > Binary && op < OpClose || op > OpPong {
		return ErrOpcode
	}
	if masked != (e.role == Server) {
		if masked {
			return ErrMasked
		}
		return ErrUnmasked
	}
	return nil
}

// readLength reads the payload's length, which must be in its shortest form and have 63 bits (RFC 6455 §5.2).
func readLength(p []byte) (uint64, *Error) {
	switch length := p[1] & bitsLength; length {
	case length16:
		n := uint64(binary.BigEndian.Uint16(p[2:]))
		if n < length16 {
			return 0, ErrLengthForm
		}
		return n, nil
	case length64:
		n := binary.BigEndian.Uint64(p[2:])
		if n>>63 != 0 {
			return 0, ErrLengthSign
		}
		if n <= 0xffff {
			return 0, ErrLengthForm
		}
		return n, nil
	default:
		return uint64(length), nil
	}
}

// AppendHeader appends the header of a frame with n bytes of payload. key is nil for a server's. rsv1 is set in the
// first frame of a compressed message only.
func AppendHeader(dst []byte, op Opcode, fin, rsv1 bool, n int, key *[4]byte) []byte {
	first, second := byte(op), byte(0)
	if fin {
		first |= bitFin
	}
	if rsv1 {
		first |= bitRSV1
	}
	if key != nil {
		second = bitMask
	}
	switch {
	case n < length16:
		dst = append(dst, first, second|byte(n))
	case n <= 0xffff:
		dst = append(dst, first, second|length16, byte(n>>8), byte(n))
	default:
		dst = append(dst, first, second|length64)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	if key != nil {
		dst = append(dst, key[:]...)
	}
	return dst
}
