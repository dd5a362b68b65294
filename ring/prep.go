//go:build linux

package ring

// Every Prepare method overwrites all 64 bytes of the entry, user data included:
// the ring hands out used memory, and a stale field (a link flag, a buffer group)
// would change what the next request means. Set UserData and Flags afterwards.

// prepRW is io_uring_prep_rw with the reset in it.
func (e *SQE) prepRW(op uint8, fd int, addr uintptr, length uint32, offset uint64) {
	*e = SQE{}
	e.OpCode = op
	e.Fd = int32(fd)
	e.Off = offset
	e.Addr = uint64(addr)
	e.Len = length
}

// setTargetFixedFile encodes a slot of the registered files: 0 means none, so
// slots count from 1, and FileIndexAlloc stays all ones.
func (e *SQE) setTargetFixedFile(index uint32) {
	if index == FileIndexAlloc {
		index--
	}
	e.SpliceFdIn = int32(index + 1)
}

// SetData64 sets what the completion gives back in UserData.
func (e *SQE) SetData64(data uint64) { e.UserData = data }

// SetFlags replaces the SQE… flags.
func (e *SQE) SetFlags(flags uint8) { e.Flags = flags }

// SetBufferGroup lets the kernel pick the buffer from a provided group.
func (e *SQE) SetBufferGroup(group uint16) {
	e.Flags |= SQEBufferSelect
	e.BufIG = group
}

// PrepareNop prepares a request that does nothing.
func (e *SQE) PrepareNop() { e.prepRW(OpNop, -1, 0, 0, 0) }

// PrepareCancel cancels the request with this user data, as PrepareCancel64.
func (e *SQE) PrepareCancel(userData uintptr, flags int) {
	e.PrepareCancel64(uint64(userData), flags)
}

// PrepareCancel64 cancels the request with this user data. Its result is 0, or
// with AsyncCancelAll the number cancelled; -ENOENT when there is none and
// -EALREADY when it runs already.
func (e *SQE) PrepareCancel64(userData uint64, flags int) {
	e.prepRW(OpAsyncCancel, -1, 0, 0, 0)
	e.Addr = userData
	e.OpcodeFlags = uint32(flags)
}

// PrepareCancelFd cancels a request on the descriptor; with AsyncCancelAll all.
func (e *SQE) PrepareCancelFd(fd int, flags uint32) {
	e.prepRW(OpAsyncCancel, fd, 0, 0, 0)
	e.OpcodeFlags = flags | AsyncCancelFd
}

// PrepareClose closes a descriptor.
func (e *SQE) PrepareClose(fd int) { e.prepRW(OpClose, fd, 0, 0, 0) }

// PrepareCloseDirect empties a slot of the registered files.
func (e *SQE) PrepareCloseDirect(fileIndex uint32) {
	e.PrepareClose(0)
	e.setTargetFixedFile(fileIndex)
}

// PrepareFilesUpdate replaces nr registered files from offset on; fds is the
// address of an int32 array.
func (e *SQE) PrepareFilesUpdate(fds *int32, nr uint32, offset int) {
	e.prepRW(OpFilesUpdate, -1, addrOf(fds), nr, uint64(offset))
}

// PrepareFixedFdInstall makes an ordinary descriptor for a registered file.
func (e *SQE) PrepareFixedFdInstall(fileIndex int, flags uint32) {
	e.prepRW(OpFixedFdInstall, fileIndex, 0, 0, 0)
	e.Flags = SQEFixedFile
	e.OpcodeFlags = flags
}

// PrepareProvideBuffers hands the kernel nr buffers of length bytes each, which
// lie one after another at addr, as ids bid, bid+1, … of group bgid. A BufRing
// does the same without a request per hand-over.
func (e *SQE) PrepareProvideBuffers(addr uintptr, length, nr, bgid, bid int) {
	e.prepRW(OpProvideBuffers, nr, addr, uint32(length), uint64(bid))
	e.BufIG = uint16(bgid)
}

// PrepareRemoveBuffers takes up to nr provided buffers back.
func (e *SQE) PrepareRemoveBuffers(nr, bgid int) {
	e.prepRW(OpRemoveBuffers, nr, 0, 0, 0)
	e.BufIG = uint16(bgid)
}

// PrepareMsgRing posts a completion with result length and user data data in
// the ring whose descriptor is fd.
func (e *SQE) PrepareMsgRing(fd int, length uint32, data uint64, flags uint32) {
	e.prepRW(OpMsgRing, fd, 0, length, data)
	e.OpcodeFlags = flags
}

// PrepareMsgRingCqeFlags is PrepareMsgRing with the completion's flags.
func (e *SQE) PrepareMsgRingCqeFlags(fd int, length uint32, data uint64, flags, cqeFlags uint32) {
	e.prepRW(OpMsgRing, fd, 0, length, data)
	e.OpcodeFlags = MsgRingFlagsPass | flags
	e.SpliceFdIn = int32(cqeFlags)
}

// PrepareMsgRingFd passes the registered file sourceFd to slot targetFd of the
// ring whose descriptor is fd.
func (e *SQE) PrepareMsgRingFd(fd, sourceFd, targetFd int, data uint64, flags uint32) {
	e.prepRW(OpMsgRing, fd, uintptr(MsgSendFd), 0, data)
	e.Addr3 = uint64(sourceFd)
	e.setTargetFixedFile(uint32(targetFd))
	e.OpcodeFlags = flags
}

// PrepareMsgRingFdAlloc is PrepareMsgRingFd to a slot that the kernel picks.
func (e *SQE) PrepareMsgRingFdAlloc(fd, sourceFd int, data uint64, flags uint32) {
	e.prepRW(OpMsgRing, fd, uintptr(MsgSendFd), 0, data)
	e.Addr3 = uint64(sourceFd)
	e.setTargetFixedFile(FileIndexAlloc)
	e.OpcodeFlags = flags
}

// PrepareUringCmd prepares a command of the file's own.
func (e *SQE) PrepareUringCmd(cmdOp uint32, fd int) {
	e.prepRW(OpUringCmd, fd, 0, 0, 0)
	e.setCmdOp(cmdOp)
}
