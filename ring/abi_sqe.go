//go:build linux

package ring

// SQE is a submission queue entry, struct io_uring_sqe: 64 bytes. The kernel's
// unions are spelled as their widest member; the comments name the others.
// The fields have giouring's names.
type SQE struct {
	OpCode      uint8  // Op…
	Flags       uint8  // SQE…
	IoPrio      uint16 // also the flags of accept, send and receive
	Fd          int32  // descriptor, or index with SQEFixedFile
	Off         uint64 // file offset; also addr2, cmd_op (low half)
	Addr        uint64 // buffer or iovecs; also splice_off_in, level and optname
	Len         uint32 // buffer size or number of iovecs
	OpcodeFlags uint32 // rw_flags, msg_flags, poll32_events, timeout_flags, …
	UserData    uint64 // comes back in the CQE
	BufIG       uint16 // buf_index of a fixed buffer, or buf_group
	Personality uint16
	SpliceFdIn  int32  // also file_index, addr_len, optlen
	Addr3       uint64 // also attr_ptr, optval
	Pad2        uint64 // also attr_type_mask
}

// CQE is a completion queue entry, struct io_uring_cqe: 16 bytes.
type CQE struct {
	UserData uint64
	Res      int32 // what the system call would have returned; negative: -errno
	Flags    uint32
}

// BufferID is the id of the provided buffer that the kernel picked. It means
// something only if CQEFBuffer is set in Flags.
func (c *CQE) BufferID() uint16 { return uint16(c.Flags >> CQEBufferShift) }

// HasBuffer reports whether the kernel picked a provided buffer.
func (c *CQE) HasBuffer() bool { return c.Flags&CQEFBuffer != 0 }

// More reports whether the request stays armed and further completions follow.
func (c *CQE) More() bool { return c.Flags&CQEFMore != 0 }

// BufMore reports whether the kernel goes on filling the same buffer
// (incremental buffer rings only), so that it must not be given back yet.
func (c *CQE) BufMore() bool { return c.Flags&CQEFBufMore != 0 }

// Flags of an SQE, liburing's IOSQE_….
const (
	SQEFixedFile      uint8 = 1 << iota // Fd is an index of the registered files
	SQEIODrain                          // start only when all earlier ones completed
	SQEIOLink                           // the next SQE starts when this one succeeded
	SQEIOHardlink                       // … whatever the result
	SQEAsync                            // punt to a worker thread at once
	SQEBufferSelect                     // the kernel picks a buffer of group BufIG
	SQECQESkipSuccess                   // no CQE when it succeeds (5.17)
)

// Flags of a CQE, liburing's IORING_CQE_F_….
const (
	CQEFBuffer       uint32 = 1 << 0  // the upper 16 bits are the buffer id
	CQEFMore         uint32 = 1 << 1  // more completions of the same SQE follow
	CQEFSockNonempty uint32 = 1 << 2  // the socket has more to read (5.19)
	CQEFNotif        uint32 = 1 << 3  // zero-copy send: the kernel let go of the buffer
	CQEFBufMore      uint32 = 1 << 4  // the kernel keeps on filling this buffer (6.12)
	CQEFSkip         uint32 = 1 << 5  // a gap filler to be ignored (6.18)
	CQEF32           uint32 = 1 << 15 // a 32-byte CQE in a mixed ring (6.18)
	CQEFTstampHW     uint32 = 1 << 16 // a hardware transmit timestamp (6.17)
)

// CQEBufferShift is where the buffer id starts in a CQE's Flags.
const CQEBufferShift = 16

// FileIndexAlloc as a file index lets the kernel pick a free slot (5.15).
const FileIndexAlloc uint32 = 1<<32 - 1

// KernelTimespec is struct __kernel_timespec: 64-bit on every architecture,
// unlike unix.Timespec, which io_uring misreads on 386 and arm.
type KernelTimespec struct {
	Sec  int64
	Nsec int64
}
