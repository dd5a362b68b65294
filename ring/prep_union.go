//go:build linux

package ring

import "unsafe"

// The unions whose members are narrower than the field that SQE spells: they
// are written by address, so that they land right on either byte order.

// setCmdOp writes cmd_op, the first half of off.
func (e *SQE) setCmdOp(op uint32) { *(*uint32)(unsafe.Pointer(&e.Off)) = op }

// setLevelOptname writes level and optname, the halves of addr.
func (e *SQE) setLevelOptname(level, optname uint32) {
	*(*[2]uint32)(unsafe.Pointer(&e.Addr)) = [2]uint32{level, optname}
}

// setAddrLen writes addr_len, the first half of file_index.
func (e *SQE) setAddrLen(n uint16) { *(*uint16)(unsafe.Pointer(&e.SpliceFdIn)) = n }

// bigEndian is whether this machine stores the high byte first.
var bigEndian = func() bool {
	x := uint16(1)
	return *(*byte)(unsafe.Pointer(&x)) == 0
}()

// pollMask32 is poll32_events, which the ABI keeps word-reversed on big-endian
// machines, so that its 16-bit ancestor still reads the same.
func pollMask32(mask uint32) uint32 {
	if bigEndian {
		return mask<<16 | mask>>16
	}
	return mask
}
