//go:build linux

package ring

// Operations of io_uring_register, IORING_REGISTER_….
const (
	RegisterBuffers        uint32 = iota // 5.1
	UnregisterBuffers                    // 5.1
	RegisterFiles                        // 5.1
	UnregisterFiles                      // 5.1
	RegisterEventFD                      // 5.2
	UnregisterEventFD                    // 5.2
	RegisterFilesUpdate                  // 5.5
	RegisterEventFDAsync                 // 5.6
	RegisterProbe                        // 5.6
	RegisterPersonality                  // 5.6
	UnregisterPersonality                // 5.6
	RegisterRestrictions                 // 5.10
	RegisterEnableRings                  // 5.10
	RegisterFiles2                       // 5.13
	RegisterFilesUpdate2                 // 5.13
	RegisterBuffers2                     // 5.13
	RegisterBuffersUpdate                // 5.13
	RegisterIOWQAff                      // 5.14
	UnregisterIOWQAff                    // 5.14
	RegisterIOWQMaxWorkers               // 5.15
	RegisterRingFDs                      // 5.18
	UnregisterRingFDs                    // 5.18
	RegisterPbufRing                     // 5.19
	UnregisterPbufRing                   // 5.19
	RegisterSyncCancel                   // 6.0
	RegisterFileAllocRange               // 6.0
	RegisterPbufStatus                   // 6.8
	RegisterNapi                         // 6.9
	UnregisterNapi                       // 6.9
	RegisterClock                        // 6.12
	RegisterCloneBuffers                 // 6.12
	RegisterSendMsgRing                  // 6.13
	RegisterZcrxIfq                      // 6.15
	RegisterResizeRings                  // 6.13
	RegisterMemRegion                    // 6.13
	RegisterQuery                        // 6.18

	RegisterLast // one past the newest known here

	// RegisterUseRegisteredRing is added to an operation when the descriptor
	// is a registered index (6.3).
	RegisterUseRegisteredRing uint32 = 1 << 31
)

// Categories of worker threads.
const (
	IOWQBound   uint32 = iota // bounded work: files, block devices
	IOWQUnbound               // unbounded work: sockets, pipes
)

// RsrcRegisterSparse registers empty slots.
const RsrcRegisterSparse uint32 = 1 << 0

// RegisterFilesSkip as a descriptor leaves a slot as it is in an update.
const RegisterFilesSkip int32 = -2

// OpSupported is ProbeOp.Flags' bit.
const OpSupported uint16 = 1 << 0

// Flags of a buffer ring, IOU_PBUF_RING_….
const (
	PbufRingMMap uint16 = 1 << 0 // the kernel allocates the ring (6.4)
	PbufRingInc  uint16 = 1 << 1 // buffers are consumed piece by piece (6.12)
)

// Flags of RegisterCloneBuffers.
const (
	RegisterSrcRegistered uint32 = 1 << 0 // the source is a registered ring
	RegisterDstReplace    uint32 = 1 << 1 // replace what is registered (6.13)
)

// Kinds of a Restriction.
const (
	RestrictionRegisterOp       uint16 = iota // allow a register operation
	RestrictionSQEOp                          // allow an SQE operation
	RestrictionSQEFlagsAllowed                // allow SQE flags
	RestrictionSQEFlagsRequired               // require SQE flags

	RestrictionLast
)

// MemRegionTypeUser and MemRegionRegWaitArg are flags of a registered region.
const (
	MemRegionTypeUser   uint32 = 1 // RegionDesc.Flags: the user's memory
	MemRegionRegWaitArg uint64 = 1 // MemRegionReg.Flags: it holds wait arguments
)

// RegWaitTs in RegWait.Flags says that Ts is valid.
const RegWaitTs uint32 = 1 << 0

// FilesUpdate is struct io_uring_files_update.
type FilesUpdate struct {
	Offset uint32
	Resv   uint32
	Fds    uint64
}

// RsrcRegister is struct io_uring_rsrc_register.
type RsrcRegister struct {
	Nr    uint32
	Flags uint32
	Resv2 uint64
	Data  uint64
	Tags  uint64
}

// RsrcUpdate is struct io_uring_rsrc_update.
type RsrcUpdate struct {
	Offset uint32
	Resv   uint32
	Data   uint64
}

// RsrcUpdate2 is struct io_uring_rsrc_update2.
type RsrcUpdate2 struct {
	Offset uint32
	Resv   uint32
	Data   uint64
	Tags   uint64
	Nr     uint32
	Resv2  uint32
}

// ProbeOp is struct io_uring_probe_op.
type ProbeOp struct {
	Op    uint8
	Res   uint8
	Flags uint16
	Res2  uint32
}

// ProbeOps is how many operations a ProbeTable has room for.
const ProbeOps = 256

// ProbeTable is struct io_uring_probe with room for every possible operation.
type ProbeTable struct {
	LastOp uint8
	OpsLen uint8
	Res    uint16
	Res2   [3]uint32
	Ops    [ProbeOps]ProbeOp
}

// Restriction is struct io_uring_restriction. OpFlags holds the register
// operation, the SQE operation or the SQE flags, by OpCode.
type Restriction struct {
	OpCode  uint16
	OpFlags uint8
	Resv    uint8
	Resv2   [3]uint32
}

// ClockRegister is struct io_uring_clock_register.
type ClockRegister struct {
	ClockID uint32
	Resv    [3]uint32
}

// CloneBuffersReg is struct io_uring_clone_buffers.
type CloneBuffersReg struct {
	SrcFd  uint32
	Flags  uint32
	SrcOff uint32
	DstOff uint32
	Nr     uint32
	Pad    [3]uint32
}

// BufAndRing is struct io_uring_buf, an entry of a buffer ring. In the first
// entry, Tail is the ring's tail; elsewhere it is reserved.
type BufAndRing struct {
	Addr uint64
	Len  uint32
	Bid  uint16
	Tail uint16
}

// BufReg is struct io_uring_buf_reg.
type BufReg struct {
	RingAddr    uint64
	RingEntries uint32
	Bgid        uint16
	Flags       uint16
	Resv        [3]uint64
}

// BufStatus is struct io_uring_buf_status.
type BufStatus struct {
	BufGroup uint32
	Head     uint32
	Resv     [8]uint32
}

// Napi is struct io_uring_napi.
type Napi struct {
	BusyPollTo     uint32 // microseconds
	PreferBusyPoll uint8
	Opcode         uint8 // 6.13
	Pad            [2]uint8
	OpParam        uint32 // 6.13
	Resv           uint32
}

// RegWait is struct io_uring_reg_wait.
type RegWait struct {
	Ts          KernelTimespec
	MinWaitUsec uint32
	Flags       uint32
	SigMask     uint64
	SigMaskSz   uint32
	Pad         [3]uint32
	Pad2        [2]uint64
}

// RegionDesc is struct io_uring_region_desc.
type RegionDesc struct {
	UserAddr   uint64
	Size       uint64
	Flags      uint32
	ID         uint32
	MmapOffset uint64
	Resv       [4]uint64
}

// MemRegionReg is struct io_uring_mem_region_reg.
type MemRegionReg struct {
	RegionUptr uint64
	Flags      uint64
	Resv       [2]uint64
}

// SyncCancelReg is struct io_uring_sync_cancel_reg. A Timeout of -1, -1 waits
// for ever.
type SyncCancelReg struct {
	Addr    uint64
	Fd      int32
	Flags   uint32
	Timeout KernelTimespec
	OpCode  uint8 // 6.6
	Pad     [7]uint8
	Pad2    [3]uint64
}

// FileIndexRange is struct io_uring_file_index_range.
type FileIndexRange struct {
	Off  uint32
	Len  uint32
	Resv uint64
}

// RecvmsgOut is struct io_uring_recvmsg_out, which starts every buffer that a
// multishot recvmsg fills.
type RecvmsgOut struct {
	Namelen    uint32
	ControlLen uint32
	PayloadLen uint32
	Flags      uint32
}

// AttrPI is struct io_uring_attr_pi.
type AttrPI struct {
	Flags  uint16
	AppTag uint16
	Len    uint32
	Addr   uint64
	Seed   uint64
	Rsvd   uint64
}
