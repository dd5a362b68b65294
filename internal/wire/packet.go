package wire

import "encoding/binary"

// TCP is what a segment of TCP over IPv4 without options says (RFC 791 §3.1, RFC 9293 §3.1).
type TCP struct {
	Src, Dst         [4]byte
	SrcPort, DstPort uint16
	Seq, Ack         uint32
	Flags            uint8
	Window           uint16
	Data             []byte // a view, when parsed
}

// The flags.
const (
	FIN = 1 << iota
	SYN
	RST
	PSH
	ACK
)

// ParseTCP reads an IPv4 packet that holds a whole segment; ok is false when it is something else.
func ParseTCP(p []byte) (s TCP, ok bool) {
	if len(p) < 20 || p[0]>>4 != 4 || p[9] != 6 {
		return s, false
	}
	ihl, total := int(p[0]&15)*4, int(binary.BigEndian.Uint16(p[2:]))
	if ihl < 20 || total > len(p) || total < ihl+20 {
		return s, false
	}
	copy(s.Src[:], p[12:])
	copy(s.Dst[:], p[16:])
	t := p[ihl:total]
	offset := int(t[12]>>4) * 4
	if offset < 20 || offset > len(t) {
		return s, false
	}
	s.SrcPort, s.DstPort = binary.BigEndian.Uint16(t), binary.BigEndian.Uint16(t[2:])
	s.Seq, s.Ack = binary.BigEndian.Uint32(t[4:]), binary.BigEndian.Uint32(t[8:])
	s.Flags, s.Window, s.Data = t[13], binary.BigEndian.Uint16(t[14:]), t[offset:]
	return s, true
}

// Next is the sequence number behind the segment.
func (s *TCP) Next() uint32 {
	n := s.Seq + uint32(len(s.Data))
	if s.Flags&(SYN|FIN) != 0 {
		n++
	}
	return n
}

// Packet is the segment as an IPv4 packet, with its checksums.
func (s *TCP) Packet() []byte {
	p := make([]byte, 40, 40+len(s.Data))
	p = append(p, s.Data...)
	p[0], p[8], p[9] = 0x45, 64, 6
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	copy(p[12:], s.Src[:])
	copy(p[16:], s.Dst[:])
	binary.BigEndian.PutUint16(p[10:], checksum(p[:20], 0))
	t := p[20:]
	binary.BigEndian.PutUint16(t, s.SrcPort)
	binary.BigEndian.PutUint16(t[2:], s.DstPort)
	binary.BigEndian.PutUint32(t[4:], s.Seq)
	binary.BigEndian.PutUint32(t[8:], s.Ack)
	t[12], t[13] = 5<<4, s.Flags
	binary.BigEndian.PutUint16(t[14:], s.Window)
	pseudo := uint32(6 + len(t)) // the protocol's number and the length
	for i := 12; i < 20; i += 2 {
		pseudo += uint32(binary.BigEndian.Uint16(p[i:]))
	}
	binary.BigEndian.PutUint16(t[16:], checksum(t, pseudo))
	return p
}

// checksum is RFC 1071's.
func checksum(p []byte, sum uint32) uint16 {
	for ; len(p) > 1; p = p[2:] {
		sum += uint32(binary.BigEndian.Uint16(p))
	}
	if len(p) > 0 {
		sum += uint32(p[0]) << 8
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
