//go:build linux

package ring

import (
	"syscall"
	"unsafe"
)

// PrepareSocket creates a socket; the result is its descriptor.
func (e *SQE) PrepareSocket(domain, socketType, protocol int, flags uint32) {
	e.prepRW(OpSocket, domain, 0, uint32(protocol), uint64(socketType))
	e.OpcodeFlags = flags
}

// PrepareSocketDirect creates a socket in a slot of the registered files.
func (e *SQE) PrepareSocketDirect(domain, socketType, protocol int, fileIndex, flags uint32) {
	e.PrepareSocket(domain, socketType, protocol, flags)
	e.setTargetFixedFile(fileIndex)
}

// PrepareSocketDirectAlloc is PrepareSocketDirect in a slot the kernel picks,
// which is the result.
func (e *SQE) PrepareSocketDirectAlloc(domain, socketType, protocol int, flags uint32) {
	e.PrepareSocketDirect(domain, socketType, protocol, FileIndexAlloc, flags)
}

// PrepareBind binds a socket to a struct sockaddr of addrLen bytes.
func (e *SQE) PrepareBind(fd int, addr unsafe.Pointer, addrLen uint64) {
	e.prepRW(OpBind, fd, heapAddr(addr), 0, addrLen)
}

// PrepareListen makes a socket listen.
func (e *SQE) PrepareListen(fd int, backlog uint32) { e.prepRW(OpListen, fd, 0, backlog, 0) }

// PrepareConnect connects a socket to a struct sockaddr of addrLen bytes.
func (e *SQE) PrepareConnect(fd int, addr unsafe.Pointer, addrLen uint64) {
	e.prepRW(OpConnect, fd, heapAddr(addr), 0, addrLen)
}

// PrepareAccept accepts one connection; the result is its descriptor. addr is
// the address of a struct sockaddr to fill or 0, addrLen the ADDRESS of its
// uint32 length or 0; flags are accept4's.
func (e *SQE) PrepareAccept(fd int, addr uintptr, addrLen uint64, flags uint32) {
	e.prepRW(OpAccept, fd, addr, 0, addrLen)
	e.OpcodeFlags = flags
}

// PrepareAcceptDirect accepts into a slot of the registered files.
func (e *SQE) PrepareAcceptDirect(fd int, addr uintptr, addrLen uint64, flags, fileIndex uint32) {
	e.PrepareAccept(fd, addr, addrLen, flags)
	e.setTargetFixedFile(fileIndex)
}

// PrepareMultishotAccept accepts until it is cancelled or fails: one completion
// per connection, CQEFMore as long as it goes on. One addr serves all of them,
// so it is overwritten by the next connection: leave it 0.
func (e *SQE) PrepareMultishotAccept(fd int, addr uintptr, addrLen uint64, flags int) {
	e.PrepareAccept(fd, addr, addrLen, uint32(flags))
	e.IoPrio = AcceptMultishot
}

// PrepareMultishotAcceptDirect is PrepareMultishotAccept into slots of the
// registered files that the kernel picks.
func (e *SQE) PrepareMultishotAcceptDirect(fd int, addr uintptr, addrLen uint64, flags int) {
	e.PrepareMultishotAccept(fd, addr, addrLen, flags)
	e.setTargetFixedFile(FileIndexAlloc)
}

// PrepareRecv receives up to length bytes.
func (e *SQE) PrepareRecv(fd int, buf uintptr, length uint32, flags int) {
	e.prepRW(OpRecv, fd, buf, length, 0)
	e.OpcodeFlags = uint32(flags)
}

// PrepareRecvMultishot receives again and again into provided buffers (see
// SetBufferGroup) until it is cancelled, the peer ends, or the group is empty
// (-ENOBUFS). addr is 0; length 0 means as much as a buffer holds.
func (e *SQE) PrepareRecvMultishot(fd int, addr uintptr, length uint32, flags int) {
	e.PrepareRecv(fd, addr, length, flags)
	e.IoPrio = RecvMultishot
}

// PrepareRecvMsg receives a message, as recvmsg(2).
func (e *SQE) PrepareRecvMsg(fd int, msg *syscall.Msghdr, flags uint32) {
	e.prepRW(OpRecvmsg, fd, addrOf(msg), 1, 0)
	e.OpcodeFlags = flags
}

// PrepareRecvMsgMultishot receives messages into provided buffers; each starts
// with a RecvmsgOut. Of msg only Namelen and Controllen are used.
func (e *SQE) PrepareRecvMsgMultishot(fd int, msg *syscall.Msghdr, flags uint32) {
	e.PrepareRecvMsg(fd, msg, flags)
	e.IoPrio = RecvMultishot
}

// PrepareSend sends up to length bytes; with MSG_WAITALL all of them.
func (e *SQE) PrepareSend(fd int, addr uintptr, length uint32, flags int) {
	e.prepRW(OpSend, fd, addr, length, 0)
	e.OpcodeFlags = uint32(flags)
}

// PrepareSendBundle sends provided buffers, as many as are there (6.10).
func (e *SQE) PrepareSendBundle(fd int, length uint32, flags int) {
	e.PrepareSend(fd, 0, length, flags)
	e.IoPrio = RecvsendBundle
}

// PrepareSendSetAddr adds a destination to a prepared send.
func (e *SQE) PrepareSendSetAddr(addr unsafe.Pointer, addrLen uint16) {
	e.Off = uint64(heapAddr(addr))
	e.setAddrLen(addrLen)
}

// PrepareSendto sends a datagram to a struct sockaddr of addrLen bytes.
func (e *SQE) PrepareSendto(fd int, buf uintptr, length uint32, flags int, addr unsafe.Pointer, addrLen uint32) {
	e.PrepareSend(fd, buf, length, flags)
	e.PrepareSendSetAddr(addr, uint16(addrLen))
}

// PrepareSendZC sends without copying. Two completions: the result, with
// CQEFMore, and later, with CQEFNotif, the buffer's release. zcFlags are
// Recvsend… and SendZCReportUsage.
func (e *SQE) PrepareSendZC(fd int, buf uintptr, length uint32, flags int, zcFlags uint32) {
	e.prepRW(OpSendZC, fd, buf, length, 0)
	e.OpcodeFlags = uint32(flags)
	e.IoPrio = uint16(zcFlags)
}

// PrepareSendZCFixed is PrepareSendZC from a registered buffer.
func (e *SQE) PrepareSendZCFixed(fd int, buf uintptr, length uint32, flags int, zcFlags, bufIndex uint32) {
	e.PrepareSendZC(fd, buf, length, flags, zcFlags)
	e.IoPrio |= RecvsendFixedBuf
	e.BufIG = uint16(bufIndex)
}

// PrepareSendMsg sends a message, as sendmsg(2). From 5.5 on (FeatSubmitStable)
// msg and its iovecs may be reused once the entry was submitted, the bytes not
// before it completed.
func (e *SQE) PrepareSendMsg(fd int, msg *syscall.Msghdr, flags uint32) {
	e.prepRW(OpSendmsg, fd, addrOf(msg), 1, 0)
	e.OpcodeFlags = flags
}

// PrepareSendMsgZC is PrepareSendMsg without copying; completions as
// PrepareSendZC.
func (e *SQE) PrepareSendMsgZC(fd int, msg *syscall.Msghdr, flags uint32) {
	e.PrepareSendMsg(fd, msg, flags)
	e.OpCode = OpSendMsgZC
}

// PrepareSendMsgZCFixed is PrepareSendMsgZC from a registered buffer (6.15).
func (e *SQE) PrepareSendMsgZCFixed(fd int, msg *syscall.Msghdr, flags, bufIndex uint32) {
	e.PrepareSendMsgZC(fd, msg, flags)
	e.IoPrio = RecvsendFixedBuf
	e.BufIG = uint16(bufIndex)
}

// PrepareShutdown shuts a connection down, as shutdown(2).
func (e *SQE) PrepareShutdown(fd, how int) { e.prepRW(OpShutdown, fd, 0, uint32(how), 0) }

// PrepareCmdSock prepares a socket command, SocketUringOp…: for the two
// sockopt commands level, option name and the value's address and size.
func (e *SQE) PrepareCmdSock(cmdOp uint32, fd, level, optName int, optVal unsafe.Pointer, optLen int) {
	e.PrepareUringCmd(cmdOp, fd)
	e.setLevelOptname(uint32(level), uint32(optName))
	e.SpliceFdIn = int32(optLen)
	e.Addr3 = uint64(heapAddr(optVal))
}

// PrepareCmdGetsockname reads the socket's own address, or the peer's with
// peer 1, into a struct sockaddr; addrLen holds its room and then its size.
func (e *SQE) PrepareCmdGetsockname(fd int, addr unsafe.Pointer, addrLen *uint32, peer int) {
	e.PrepareUringCmd(SocketUringOpGetsockname, fd)
	e.Addr = uint64(heapAddr(addr))
	e.Addr3 = ptr64(addrLen)
	e.SpliceFdIn = int32(peer)
}
