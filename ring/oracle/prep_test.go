//go:build linux

package oracle

import (
	"math/rand/v2"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pawelgaczynski/giouring"

	"github.com/ringwire/ringwire/ring"
)

// args are one call's arguments; each comparison takes those that it needs.
type args struct {
	i      [5]int    // descriptors, flags: within int32
	n      [5]uint32 // lengths, counts, flags
	u      [2]uint64 // offsets, user data
	addr   uintptr
	ptr    unsafe.Pointer
	path   []byte // NUL-terminated
	path2  []byte
	msg    *syscall.Msghdr
	ts     *syscall.Timespec
	kts    *ring.KernelTimespec
	how    *unix.OpenHow
	statx  *unix.Statx_t
	sa     *syscall.Sockaddr
	fds    []int
	fds32  []int32
	alen32 uint32
}

func newArgs(rnd *rand.Rand) *args {
	a := &args{addr: uintptr(rnd.Uint32()), path: make([]byte, 9), path2: make([]byte, 11), msg: new(syscall.Msghdr),
		ts: new(syscall.Timespec), kts: new(ring.KernelTimespec), how: new(unix.OpenHow), statx: new(unix.Statx_t),
		sa: new(syscall.Sockaddr), fds: make([]int, 3), fds32: make([]int32, 3), alen32: rnd.Uint32N(1 << 16)}
	a.ptr = unsafe.Pointer(a.sa)
	for i := range a.i {
		a.i[i] = int(int32(rnd.Uint32()))
		a.n[i] = rnd.Uint32()
	}
	for i := range a.u {
		a.u[i] = rnd.Uint64()
	}
	if rnd.IntN(4) == 0 {
		a.n[3] = ring.FileIndexAlloc // the one slot that means something else
	}
	return a
}

type (
	theirSQE = giouring.SubmissionQueueEntry
	ourSQE   = ring.SQE
)

// pairs calls the same method of both, with the same meaning.
var pairs = map[string]func(g *theirSQE, e *ourSQE, a *args){
	"Accept": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareAccept(a.i[0], a.addr, a.u[0], a.n[0])
		e.PrepareAccept(a.i[0], a.addr, a.u[0], a.n[0])
	},
	"AcceptDirect": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareAcceptDirect(a.i[0], a.addr, a.u[0], a.n[0], a.n[3])
		e.PrepareAcceptDirect(a.i[0], a.addr, a.u[0], a.n[0], a.n[3])
	},
	"Cancel": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareCancel(a.addr, a.i[0])
		e.PrepareCancel(a.addr, a.i[0])
	},
	"Cancel64": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareCancel64(a.u[0], a.i[0])
		e.PrepareCancel64(a.u[0], a.i[0])
	},
	"CancelFd": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareCancelFd(a.i[0], a.n[0])
		e.PrepareCancelFd(a.i[0], a.n[0])
	},
	"Close": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareClose(a.i[0])
		e.PrepareClose(a.i[0])
	},
	"CloseDirect": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareCloseDirect(a.n[0] & 0xffff)
		e.PrepareCloseDirect(a.n[0] & 0xffff)
	},
	"CmdSock": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareCmdSock(int(ring.SocketUringOpSiocoutq), a.i[0], 0, 0, nil, 0)
		e.PrepareCmdSock(ring.SocketUringOpSiocoutq, a.i[0], 0, 0, nil, 0)
	},
	"Connect": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareConnect(a.i[0], a.sa, a.u[0])
		e.PrepareConnect(a.i[0], a.ptr, a.u[0])
	},
	"Fadvise": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareFadvise(a.i[0], a.u[0], a.i[1], a.n[0])
		e.PrepareFadvise(a.i[0], a.u[0], a.i[1], a.n[0])
	},
	"Fallocate": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareFallocate(a.i[0], a.i[1], a.u[0], a.u[1])
		e.PrepareFallocate(a.i[0], a.i[1], a.u[0], a.u[1])
	},
	"Fgetxattr": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareFgetxattr(a.i[0], a.path, a.path2)
		e.PrepareFgetxattr(a.i[0], &a.path[0], unsafe.Pointer(&a.path2[0]), uint32(len(a.path2)))
	},
	"FilesUpdate": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareFilesUpdate(a.fds, a.i[0])
		e.PrepareFilesUpdate(&a.fds32[0], uint32(len(a.fds32)), a.i[0])
	},
	"Fsetxattr": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareFsetxattr(a.i[0], a.path, a.path2, a.i[1])
		e.PrepareFsetxattr(a.i[0], &a.path[0], unsafe.Pointer(&a.path2[0]), a.i[1], uint32(len(a.path2)))
	},
	"Fsync": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareFsync(a.i[0], a.n[0])
		e.PrepareFsync(a.i[0], a.n[0])
	},
	"Getxattr": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareGetxattr(a.path, a.path2, a.path)
		e.PrepareGetxattr(&a.path[0], unsafe.Pointer(&a.path2[0]), &a.path[0], uint32(len(a.path2)))
	},
	"Link": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareLink(a.path, a.path2, a.i[0])
		e.PrepareLink(&a.path[0], &a.path2[0], a.i[0])
	},
	"LinkTimeout": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareLinkTimeout(time.Duration(a.n[1]), a.n[0])
		e.PrepareLinkTimeout(a.kts, a.n[0])
	},
	"Linkat": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareLinkat(a.i[0], a.path, a.i[1], a.path2, a.i[2])
		e.PrepareLinkat(a.i[0], &a.path[0], a.i[1], &a.path2[0], a.i[2])
	},
	"Madvise": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareMadvise(a.addr, uint(a.n[0]), a.i[0])
		e.PrepareMadvise(a.addr, uint(a.n[0]), a.i[0])
	},
	"Mkdir": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareMkdir(a.path, a.n[0])
		e.PrepareMkdir(&a.path[0], a.n[0])
	},
	"Mkdirat": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareMkdirat(a.i[0], a.path, a.n[0])
		e.PrepareMkdirat(a.i[0], &a.path[0], a.n[0])
	},
	"MsgRing": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareMsgRing(a.i[0], a.n[0], a.u[0], a.n[1])
		e.PrepareMsgRing(a.i[0], a.n[0], a.u[0], a.n[1])
	},
	"MsgRingCqeFlags": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareMsgRingCqeFlags(a.i[0], a.n[0], a.u[0], a.n[1], a.n[2])
		e.PrepareMsgRingCqeFlags(a.i[0], a.n[0], a.u[0], a.n[1], a.n[2])
	},
	"MsgRingFd": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareMsgRingFd(a.i[0], int(a.n[0]), int(a.n[1]&0xffff), a.u[0], a.n[2])
		e.PrepareMsgRingFd(a.i[0], int(a.n[0]), int(a.n[1]&0xffff), a.u[0], a.n[2])
	},
	"MsgRingFdAlloc": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareMsgRingFdAlloc(a.i[0], int(a.n[0]), a.u[0], a.n[2])
		e.PrepareMsgRingFdAlloc(a.i[0], int(a.n[0]), a.u[0], a.n[2])
	},
	"MultishotAccept": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareMultishotAccept(a.i[0], a.addr, a.u[0], a.i[1])
		e.PrepareMultishotAccept(a.i[0], a.addr, a.u[0], a.i[1])
	},
	"MultishotAcceptDirect": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareMultishotAcceptDirect(a.i[0], a.addr, a.u[0], a.i[1])
		e.PrepareMultishotAcceptDirect(a.i[0], a.addr, a.u[0], a.i[1])
	},
	"Nop": func(g *theirSQE, e *ourSQE, _ *args) {
		g.PrepareNop()
		e.PrepareNop()
	},
	"Openat": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareOpenat(a.i[0], a.path, a.i[1], a.n[0])
		e.PrepareOpenat(a.i[0], &a.path[0], a.i[1], a.n[0])
	},
	"Openat2": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareOpenat2(a.i[0], a.path, a.how)
		e.PrepareOpenat2(a.i[0], &a.path[0], a.how)
	},
	"Openat2Direct": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareOpenat2Direct(a.i[0], a.path, a.how, a.n[3])
		e.PrepareOpenat2Direct(a.i[0], &a.path[0], a.how, a.n[3])
	},
	"OpenatDirect": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareOpenatDirect(a.i[0], a.path, a.i[1], a.n[0], a.n[3])
		e.PrepareOpenatDirect(a.i[0], &a.path[0], a.i[1], a.n[0], a.n[3])
	},
	"PollAdd": func(g *theirSQE, e *ourSQE, a *args) {
		g.PreparePollAdd(a.i[0], a.n[0])
		e.PreparePollAdd(a.i[0], a.n[0])
	},
	"PollMultishot": func(g *theirSQE, e *ourSQE, a *args) {
		g.PreparePollMultishot(a.i[0], a.n[0])
		e.PreparePollMultishot(a.i[0], a.n[0])
	},
	"PollRemove": func(g *theirSQE, e *ourSQE, a *args) {
		g.PreparePollRemove(a.u[0])
		e.PreparePollRemove(a.u[0])
	},
	"PollUpdate": func(g *theirSQE, e *ourSQE, a *args) {
		g.PreparePollUpdate(a.u[0], a.u[1], a.n[0], a.n[1])
		e.PreparePollUpdate(a.u[0], a.u[1], a.n[0], a.n[1])
	},
	"ProvideBuffers": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareProvideBuffers(a.addr, a.i[0], a.i[1], a.i[2], a.i[3])
		e.PrepareProvideBuffers(a.addr, a.i[0], a.i[1], a.i[2], a.i[3])
	},
	"Read": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareRead(a.i[0], a.addr, a.n[0], a.u[0])
		e.PrepareRead(a.i[0], a.addr, a.n[0], a.u[0])
	},
	"ReadFixed": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareReadFixed(a.i[0], a.addr, a.n[0], a.u[0], a.i[1])
		e.PrepareReadFixed(a.i[0], a.addr, a.n[0], a.u[0], a.i[1])
	},
	"Readv": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareReadv(a.i[0], a.addr, a.n[0], a.u[0])
		e.PrepareReadv(a.i[0], a.addr, a.n[0], a.u[0])
	},
	"Readv2": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareReadv2(a.i[0], a.addr, a.n[0], a.u[0], a.i[1])
		e.PrepareReadv2(a.i[0], a.addr, a.n[0], a.u[0], a.i[1])
	},
	"Recv": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareRecv(a.i[0], a.addr, a.n[0], a.i[1])
		e.PrepareRecv(a.i[0], a.addr, a.n[0], a.i[1])
	},
	"RecvMsg": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareRecvMsg(a.i[0], a.msg, a.n[0])
		e.PrepareRecvMsg(a.i[0], a.msg, a.n[0])
	},
	"RecvMsgMultishot": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareRecvMsgMultishot(a.i[0], a.msg, a.n[0])
		e.PrepareRecvMsgMultishot(a.i[0], a.msg, a.n[0])
	},
	"RecvMultishot": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareRecvMultishot(a.i[0], a.addr, a.n[0], a.i[1])
		e.PrepareRecvMultishot(a.i[0], a.addr, a.n[0], a.i[1])
	},
	"RemoveBuffers": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareRemoveBuffers(a.i[0], a.i[1])
		e.PrepareRemoveBuffers(a.i[0], a.i[1])
	},
	"Rename": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareRename(a.path, a.path2)
		e.PrepareRename(&a.path[0], &a.path2[0])
	},
	"Renameat": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareRenameat(a.i[0], a.path, a.i[1], a.path2, a.n[0])
		e.PrepareRenameat(a.i[0], &a.path[0], a.i[1], &a.path2[0], a.n[0])
	},
	"Send": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSend(a.i[0], a.addr, a.n[0], a.i[1])
		e.PrepareSend(a.i[0], a.addr, a.n[0], a.i[1])
	},
	"SendMsg": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSendMsg(a.i[0], a.msg, a.n[0])
		e.PrepareSendMsg(a.i[0], a.msg, a.n[0])
	},
	"SendSetAddr": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSend(a.i[0], a.addr, a.n[0], a.i[1])
		e.PrepareSend(a.i[0], a.addr, a.n[0], a.i[1])
		g.PrepareSendSetAddr(a.sa, uint16(a.alen32))
		e.PrepareSendSetAddr(a.ptr, uint16(a.alen32))
	},
	"SendZC": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSendZC(a.i[0], a.path, a.i[1], a.n[0])
		e.PrepareSendZC(a.i[0], addrOf(a.path), uint32(len(a.path)), a.i[1], a.n[0])
	},
	"SendZCFixed": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSendZCFixed(a.i[0], a.path, a.i[1], a.n[0], a.n[1])
		e.PrepareSendZCFixed(a.i[0], addrOf(a.path), uint32(len(a.path)), a.i[1], a.n[0], a.n[1])
	},
	"SendmsgZC": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSendmsgZC(a.i[0], a.msg, a.n[0])
		e.PrepareSendMsgZC(a.i[0], a.msg, a.n[0])
	},
	"Sendto": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSendto(a.i[0], a.path, a.i[1], a.sa, a.alen32)
		e.PrepareSendto(a.i[0], addrOf(a.path), uint32(len(a.path)), a.i[1], a.ptr, a.alen32)
	},
	"Setxattr": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSetxattr(a.path, a.path2, a.path, a.i[0], a.n[0])
		e.PrepareSetxattr(&a.path[0], unsafe.Pointer(&a.path2[0]), &a.path[0], a.i[0], a.n[0])
	},
	"Shutdown": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareShutdown(a.i[0], a.i[1])
		e.PrepareShutdown(a.i[0], a.i[1])
	},
	"Socket": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSocket(a.i[0], a.i[1], a.i[2], a.n[0])
		e.PrepareSocket(a.i[0], a.i[1], a.i[2], a.n[0])
	},
	"SocketDirect": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSocketDirect(a.i[0], a.i[1], a.i[2], a.n[3], a.n[0])
		e.PrepareSocketDirect(a.i[0], a.i[1], a.i[2], a.n[3], a.n[0])
	},
	"SocketDirectAlloc": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSocketDirectAlloc(a.i[0], a.i[1], a.i[2], a.n[0])
		e.PrepareSocketDirectAlloc(a.i[0], a.i[1], a.i[2], a.n[0])
	},
	"Splice": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSplice(a.i[0], int64(a.u[0]), a.i[1], int64(a.u[1]), a.n[0], a.n[1])
		e.PrepareSplice(a.i[0], int64(a.u[0]), a.i[1], int64(a.u[1]), a.n[0], a.n[1])
	},
	"Statx": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareStatx(a.i[0], a.path, a.i[1], a.n[0], a.statx)
		e.PrepareStatx(a.i[0], &a.path[0], a.i[1], a.n[0], a.statx)
	},
	"Symlink": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSymlink(a.path, a.path2)
		e.PrepareSymlink(&a.path[0], &a.path2[0])
	},
	"Symlinkat": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSymlinkat(a.path, a.i[0], a.path2)
		e.PrepareSymlinkat(&a.path[0], a.i[0], &a.path2[0])
	},
	"SyncFileRange": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareSyncFileRange(a.i[0], a.n[0], a.u[0], a.i[1])
		e.PrepareSyncFileRange(a.i[0], a.n[0], a.u[0], a.i[1])
	},
	"Tee": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareTee(a.i[0], a.i[1], a.n[0], a.n[1])
		e.PrepareTee(a.i[0], a.i[1], a.n[0], a.n[1])
	},
	"Timeout": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareTimeout(a.ts, a.n[0], a.n[1])
		e.PrepareTimeout(a.kts, a.n[0], a.n[1])
	},
	"TimeoutRemove": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareTimeoutRemove(time.Duration(a.n[0]), a.u[0], a.n[1])
		e.PrepareTimeoutRemove(a.u[0], a.n[1])
	},
	"TimeoutUpdate": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareTimeoutUpdate(time.Duration(a.n[0]), a.u[0], a.n[1])
		e.PrepareTimeoutUpdate(a.kts, a.u[0], a.n[1])
	},
	"Unlink": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareUnlink(addrOf(a.path), a.i[0])
		e.PrepareUnlink(&a.path[0], a.i[0])
	},
	"Unlinkat": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareUnlinkat(a.i[0], addrOf(a.path), a.i[1])
		e.PrepareUnlinkat(a.i[0], &a.path[0], a.i[1])
	},
	"Write": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareWrite(a.i[0], a.addr, a.n[0], a.u[0])
		e.PrepareWrite(a.i[0], a.addr, a.n[0], a.u[0])
	},
	"WriteFixed": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareWriteFixed(a.i[0], a.addr, a.n[0], a.u[0], a.i[1])
		e.PrepareWriteFixed(a.i[0], a.addr, a.n[0], a.u[0], a.i[1])
	},
	"Writev": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareWritev(a.i[0], a.addr, a.n[0], a.u[0])
		e.PrepareWritev(a.i[0], a.addr, a.n[0], a.u[0])
	},
	"Writev2": func(g *theirSQE, e *ourSQE, a *args) {
		g.PrepareWritev2(a.i[0], a.addr, a.n[0], a.u[0], a.i[1])
		e.PrepareWritev2(a.i[0], a.addr, a.n[0], a.u[0], a.i[1])
	},
}

func addrOf(b []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(b))) }

// The reasons that several methods share.
const (
	header  = "the address of the slice's header, a local, instead of its bytes"
	headers = "the addresses of the slices' headers, locals, instead of their bytes"
)

// wrong are the methods with which giouring does not say what the kernel's
// header asks for: the fields that differ, and why.
var wrong = map[string]struct {
	fields string
	why    string
}{
	"CmdSock":        {"Off", "cmd_op is the low half of off; giouring shifts it into the high one, and ignores all but it"},
	"Fgetxattr":      {"Off Addr", headers},
	"FilesUpdate":    {"Addr", header + "; and those would be 64-bit ints, where the kernel reads __s32"},
	"Fsetxattr":      {"Off Addr", headers},
	"Getxattr":       {"Off Addr Addr3", headers},
	"Link":           {"Off Addr", headers},
	"LinkTimeout":    {"Addr", "the address of a local timespec that is gone when the entry is submitted"},
	"Linkat":         {"Off Addr", headers},
	"Mkdir":          {"Addr", header},
	"Mkdirat":        {"Addr", header},
	"MsgRingFd":      {"Addr", "addr is the command, IORING_MSG_SEND_FD; giouring passes a variable's address"},
	"MsgRingFdAlloc": {"Addr", "as MsgRingFd"},
	"Openat":         {"Addr", header},
	"Openat2":        {"OpCode Addr", "IORING_OP_OPENAT instead of OPENAT2; and " + header},
	"Openat2Direct":  {"OpCode Addr", "as Openat2"},
	"OpenatDirect":   {"Addr", header},
	"Rename":         {"Off Addr", headers},
	"Renameat":       {"Off Addr", headers},
	"SendZC":         {"Addr", header},
	"SendZCFixed":    {"Addr", header},
	"Sendto":         {"Addr", header},
	"Setxattr":       {"Off Addr Addr3", headers},
	"Statx":          {"Addr", header},
	"Symlink":        {"Off Addr", headers},
	"Symlinkat":      {"Off Addr", headers},
	"Timeout":        {"Addr", "the address of the pointer to the timespec, a local"},
	"TimeoutRemove":  {"Off Addr Len", "addr is the user data to look for; giouring passes a local timespec, the data as off, and a length"},
	"TimeoutUpdate":  {"Off Addr Len", "off is the timespec and addr the user data; giouring has them swapped, a local timespec, and a length"},
}

// difference names the fields in which two entries differ.
func difference(a, b ourSQE) string {
	var names []string
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		if x.Field(i).Interface() != y.Field(i).Interface() {
			names = append(names, x.Type().Field(i).Name)
		}
	}
	return strings.Join(names, " ")
}

// compare prepares both entries and returns the fields that differ.
func compare(prepare func(*theirSQE, *ourSQE, *args), a *args) string {
	g, e := new(theirSQE), new(ourSQE)
	prepare(g, e, a)
	return difference(*(*ourSQE)(unsafe.Pointer(g)), *e)
}

func TestPrepare(t *testing.T) {
	for name, prepare := range pairs {
		rnd := rand.New(rand.NewPCG(1, uint64(len(name))))
		for round := range 500 {
			got := compare(prepare, newArgs(rnd))
			if want := wrong[name].fields; got != want {
				t.Errorf("Prepare%s, round %d: fields %q differ, expected %q", name, round, got, want)
				break
			}
		}
	}
}

// Arguments at the edges: zeros, ones, the largest.
func TestPrepareEdges(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, word := range []uint64{0, 1, 1<<31 - 1, 1<<64 - 1} {
		a := newArgs(rnd)
		a.addr, a.alen32 = uintptr(word&0x7fffffff), uint32(word)
		for i := range a.i {
			a.i[i], a.n[i] = int(int32(word)), uint32(word)
		}
		a.u = [2]uint64{word, word}
		for name, prepare := range pairs {
			if _, known := wrong[name]; known {
				continue // which fields differ depends on the values
			}
			if got := compare(prepare, a); got != "" {
				t.Errorf("Prepare%s of %#x: fields %q differ", name, word, got)
			}
		}
	}
}

// Every Prepare method of giouring is compared.
func TestPrepareAll(t *testing.T) {
	typ := reflect.TypeFor[*theirSQE]()
	n := 0
	for i := range typ.NumMethod() {
		name, ok := strings.CutPrefix(typ.Method(i).Name, "Prepare")
		if !ok {
			continue
		}
		if pairs[name] == nil {
			t.Errorf("Prepare%s is not compared", name)
		}
		n++
	}
	if n != len(pairs) {
		t.Errorf("%d methods, %d comparisons", n, len(pairs))
	}
	for name, w := range wrong {
		if pairs[name] == nil || w.why == "" {
			t.Errorf("%s: no such method, or no reason", name)
		}
	}
}

// giouring leaves the operation's flags and the last words of a used entry as
// they were: a nop with a former send's flags is invalid to newer kernels. ring
// clears all of it.
func TestStaleFields(t *testing.T) {
	dirty := ourSQE{OpcodeFlags: 0xdead, Addr3: 0xbeef, Pad2: 0xf00d}
	g, e := *(*theirSQE)(unsafe.Pointer(&dirty)), dirty
	g.PrepareNop()
	e.PrepareNop()
	if got := difference(*(*ourSQE)(unsafe.Pointer(&g)), e); got != "OpcodeFlags Addr3 Pad2" {
		t.Errorf("fields %q differ", got)
	}
	if e.OpcodeFlags != 0 || e.Addr3 != 0 || e.Pad2 != 0 {
		t.Errorf("ring leaves old bytes: %+v", e)
	}
}
