//go:build linux

package ring

// Operations, IORING_OP_…, with the kernel that brought each one.
const (
	OpNop            uint8 = iota // 5.1
	OpReadv                       // 5.1
	OpWritev                      // 5.1
	OpFsync                       // 5.1
	OpReadFixed                   // 5.1
	OpWriteFixed                  // 5.1
	OpPollAdd                     // 5.1
	OpPollRemove                  // 5.1
	OpSyncFileRange               // 5.2
	OpSendmsg                     // 5.3
	OpRecvmsg                     // 5.3
	OpTimeout                     // 5.4
	OpTimeoutRemove               // 5.5
	OpAccept                      // 5.5
	OpAsyncCancel                 // 5.5
	OpLinkTimeout                 // 5.5
	OpConnect                     // 5.5
	OpFallocate                   // 5.6
	OpOpenat                      // 5.6
	OpClose                       // 5.6
	OpFilesUpdate                 // 5.6
	OpStatx                       // 5.6
	OpRead                        // 5.6
	OpWrite                       // 5.6
	OpFadvise                     // 5.6
	OpMadvise                     // 5.6
	OpSend                        // 5.6
	OpRecv                        // 5.6
	OpOpenat2                     // 5.6
	OpEpollCtl                    // 5.6
	OpSplice                      // 5.7
	OpProvideBuffers              // 5.7
	OpRemoveBuffers               // 5.7
	OpTee                         // 5.8
	OpShutdown                    // 5.11
	OpRenameat                    // 5.11
	OpUnlinkat                    // 5.11
	OpMkdirat                     // 5.15
	OpSymlinkat                   // 5.15
	OpLinkat                      // 5.15
	OpMsgRing                     // 5.18
	OpFsetxattr                   // 5.19
	OpSetxattr                    // 5.19
	OpFgetxattr                   // 5.19
	OpGetxattr                    // 5.19
	OpSocket                      // 5.19
	OpUringCmd                    // 5.19
	OpSendZC                      // 6.0
	OpSendMsgZC                   // 6.1
	OpReadMultishot               // 6.7
	OpWaitid                      // 6.7
	OpFutexWait                   // 6.7
	OpFutexWake                   // 6.7
	OpFutexWaitv                  // 6.7
	OpFixedFdInstall              // 6.8
	OpFtruncate                   // 6.9
	OpBind                        // 6.11
	OpListen                      // 6.11
	OpRecvZC                      // 6.15
	OpEpollWait                   // 6.15
	OpReadvFixed                  // 6.15
	OpWritevFixed                 // 6.15
	OpPipe                        // 6.16

	OpLast // one past the newest operation known here
)

// Flags of OpUringCmd (sqe.OpcodeFlags).
const (
	UringCmdFixed     uint32 = 1 << 0 // use the registered buffer BufIG
	UringCmdMultishot uint32 = 1 << 1 // 6.18, with SQEBufferSelect
	UringCmdMask             = UringCmdFixed | UringCmdMultishot
)

// FsyncDatasync makes OpFsync an fdatasync.
const FsyncDatasync uint32 = 1 << 0

// Flags of OpTimeout, OpTimeoutRemove and OpLinkTimeout.
const (
	TimeoutAbs          uint32 = 1 << iota // the time is absolute
	TimeoutUpdate                          // OpTimeoutRemove changes the time
	TimeoutBoottime                        // 5.15
	TimeoutRealtime                        // 5.15
	LinkTimeoutUpdate                      // 5.15
	TimeoutETimeSuccess                    // -ETIME does not break a link (5.16)
	TimeoutMultishot                       // 6.4
	TimeoutClockMask    = TimeoutBoottime | TimeoutRealtime
	TimeoutUpdateMask   = TimeoutUpdate | LinkTimeoutUpdate
)

// SpliceFFdInFixed extends splice(2)'s flags: the input is a registered file.
const SpliceFFdInFixed uint32 = 1 << 31

// Flags of OpPollAdd and OpPollRemove (sqe.Len).
const (
	PollAddMulti       uint32 = 1 << iota // multishot (5.13)
	PollUpdateEvents                      // change the mask (5.13)
	PollUpdateUserData                    // change the user data (5.13)
	PollAddLevel                          // level triggered (6.0)
)

// Flags of OpAsyncCancel and of a synchronous cancel.
const (
	AsyncCancelAll      uint32 = 1 << iota // every match, not the first (5.19)
	AsyncCancelFd                          // match the descriptor (5.19)
	AsyncCancelAny                         // match everything (5.19)
	AsyncCancelFdFixed                     // the descriptor is a registered file (6.0)
	AsyncCancelUserData                    // match the user data (6.6)
	AsyncCancelOp                          // match the operation (6.6)
)

// Flags of the send and receive operations (sqe.IoPrio).
const (
	RecvsendPollFirst uint16 = 1 << iota // wait for readiness before trying (5.19)
	RecvMultishot                        // 6.0
	RecvsendFixedBuf                     // a registered buffer (6.0)
	SendZCReportUsage                    // the notification says whether it copied (6.2)
	RecvsendBundle                       // several buffers at once (6.10)
	SendVectorized                       // the address is an iovec array (6.17)
)

// NotifUsageZCCopied in the result of a zero-copy notification says that the
// kernel copied after all.
const NotifUsageZCCopied uint32 = 1 << 31

// Flags of OpAccept (sqe.IoPrio).
const (
	AcceptMultishot uint16 = 1 << iota // 5.19
	AcceptDontWait                     // 6.10
	AcceptPollFirst                    // 6.10
)

// Commands of OpMsgRing (sqe.Addr).
const (
	MsgData   uint32 = iota // len is the result and off the user data (5.18)
	MsgSendFd               // pass a registered file (6.0)
)

// Flags of OpMsgRing.
const (
	MsgRingCQESkip   uint32 = 1 << iota // no CQE in the target (6.0)
	MsgRingFlagsPass                    // SpliceFdIn becomes the CQE's flags (6.3)
)

// FixedFdNoCloexec: OpFixedFdInstall does not mark the descriptor close-on-exec.
const FixedFdNoCloexec uint32 = 1 << 0

// Flags of OpNop.
const (
	NopInjectResult uint32 = 1 << 0 // Len is the result (6.10)
	NopFile         uint32 = 1 << 1 // look the file up (6.13)
	NopFixedFile    uint32 = 1 << 2 // 6.13
	NopFixedBuffer  uint32 = 1 << 3 // 6.13
	NopTW           uint32 = 1 << 4 // complete by task work (6.16)
	NopCQE32        uint32 = 1 << 5 // 6.18
)

// Commands of OpUringCmd on a socket.
const (
	SocketUringOpSiocinq     uint32 = iota // bytes to read (6.7)
	SocketUringOpSiocoutq                  // bytes not sent (6.7)
	SocketUringOpGetsockopt                // 6.7
	SocketUringOpSetsockopt                // 6.7
	SocketUringOpTxTimestamp               // 6.17
	SocketUringOpGetsockname               // 6.19
)

// RWAttrFlagPI is sqe.Pad2's attr_type_mask bit: protection information.
const RWAttrFlagPI uint64 = 1 << 0
