//go:build linux

package ring

import "fmt"

// OpName is the name of an operation as the kernel's header has it, without IORING_OP_.
func OpName(op uint8) string {
	if int(op) < len(opNames) {
		return opNames[op]
	}
	return fmt.Sprintf("op %d", op)
}

var opNames = [OpLast]string{
	OpNop: "NOP", OpReadv: "READV", OpWritev: "WRITEV", OpFsync: "FSYNC", OpReadFixed: "READ_FIXED",
	OpWriteFixed: "WRITE_FIXED", OpPollAdd: "POLL_ADD", OpPollRemove: "POLL_REMOVE", OpSyncFileRange: "SYNC_FILE_RANGE",
	OpSendmsg: "SENDMSG", OpRecvmsg: "RECVMSG", OpTimeout: "TIMEOUT", OpTimeoutRemove: "TIMEOUT_REMOVE",
	OpAccept: "ACCEPT", OpAsyncCancel: "ASYNC_CANCEL", OpLinkTimeout: "LINK_TIMEOUT", OpConnect: "CONNECT",
	OpFallocate: "FALLOCATE", OpOpenat: "OPENAT", OpClose: "CLOSE", OpFilesUpdate: "FILES_UPDATE", OpStatx: "STATX",
	OpRead: "READ", OpWrite: "WRITE", OpFadvise: "FADVISE", OpMadvise: "MADVISE", OpSend: "SEND", OpRecv: "RECV",
	OpOpenat2: "OPENAT2", OpEpollCtl: "EPOLL_CTL", OpSplice: "SPLICE", OpProvideBuffers: "PROVIDE_BUFFERS",
	OpRemoveBuffers: "REMOVE_BUFFERS", OpTee: "TEE", OpShutdown: "SHUTDOWN", OpRenameat: "RENAMEAT", OpUnlinkat: "UNLINKAT",
	OpMkdirat: "MKDIRAT", OpSymlinkat: "SYMLINKAT", OpLinkat: "LINKAT", OpMsgRing: "MSG_RING", OpFsetxattr: "FSETXATTR",
	OpSetxattr: "SETXATTR", OpFgetxattr: "FGETXATTR", OpGetxattr: "GETXATTR", OpSocket: "SOCKET", OpUringCmd: "URING_CMD",
	OpSendZC: "SEND_ZC", OpSendMsgZC: "SENDMSG_ZC", OpReadMultishot: "READ_MULTISHOT", OpWaitid: "WAITID",
	OpFutexWait: "FUTEX_WAIT", OpFutexWake: "FUTEX_WAKE", OpFutexWaitv: "FUTEX_WAITV", OpFixedFdInstall: "FIXED_FD_INSTALL",
	OpFtruncate: "FTRUNCATE", OpBind: "BIND", OpListen: "LISTEN", OpRecvZC: "RECV_ZC", OpEpollWait: "EPOLL_WAIT",
	OpReadvFixed: "READV_FIXED", OpWritevFixed: "WRITEV_FIXED", OpPipe: "PIPE",
}

// bitName is a flag of one bit.
type bitName struct {
	bit  uint64
	name string
}

var sqeFlagNames = [...]bitName{
	{uint64(SQEFixedFile), "FIXED_FILE"}, {uint64(SQEIODrain), "IO_DRAIN"}, {uint64(SQEIOLink), "IO_LINK"},
	{uint64(SQEIOHardlink), "IO_HARDLINK"}, {uint64(SQEAsync), "ASYNC"}, {uint64(SQEBufferSelect), "BUFFER_SELECT"},
	{uint64(SQECQESkipSuccess), "CQE_SKIP_SUCCESS"},
}

var cqeFlagNames = [...]bitName{
	{uint64(CQEFBuffer), "BUFFER"}, {uint64(CQEFMore), "MORE"}, {uint64(CQEFSockNonempty), "SOCK_NONEMPTY"},
	{uint64(CQEFNotif), "NOTIF"}, {uint64(CQEFBufMore), "BUF_MORE"}, {uint64(CQEFSkip), "SKIP"},
}

var acceptFlagNames = [...]bitName{
	{uint64(AcceptMultishot), "MULTISHOT"}, {uint64(AcceptDontWait), "DONTWAIT"}, {uint64(AcceptPollFirst), "POLL_FIRST"},
}

var recvsendFlagNames = [...]bitName{
	{uint64(RecvsendPollFirst), "POLL_FIRST"}, {uint64(RecvMultishot), "MULTISHOT"}, {uint64(RecvsendFixedBuf), "FIXED_BUF"},
	{uint64(SendZCReportUsage), "REPORT_USAGE"}, {uint64(RecvsendBundle), "BUNDLE"}, {uint64(SendVectorized), "VECTORIZED"},
}

// appendNames appends the names of the bits that are set.
func appendNames(names []string, of []bitName, bits uint64) []string {
	for _, f := range of {
		if bits&f.bit != 0 {
			names = append(names, f.name)
		}
	}
	return names
}
