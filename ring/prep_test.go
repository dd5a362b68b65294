//go:build linux

package ring

import (
	"bufio"
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fake is an address that nobody maps, as in testdata/prep.c.
func fake(off uintptr) unsafe.Pointer {
	addr := 0x11220000 + off
	return *(*unsafe.Pointer)(unsafe.Pointer(&addr)) // spelled so, vet knows that it is meant
}

func fakeOf[T any](off uintptr) *T { return (*T)(fake(off)) }

// prepared is every line of testdata/prep.txt, in Go.
var prepared = map[string]func(*SQE){
	"Nop":               (*SQE).PrepareNop,
	"Cancel":            func(e *SQE) { e.PrepareCancel(uintptr(fake(1)), 3) },
	"Cancel64":          func(e *SQE) { e.PrepareCancel64(0x1234567890abcdef, 1) },
	"CancelFd":          func(e *SQE) { e.PrepareCancelFd(7, AsyncCancelAll) },
	"Close":             func(e *SQE) { e.PrepareClose(9) },
	"CloseDirect":       func(e *SQE) { e.PrepareCloseDirect(9) },
	"FilesUpdate":       func(e *SQE) { e.PrepareFilesUpdate(fakeOf[int32](0x10), 3, 5) },
	"FixedFdInstall":    func(e *SQE) { e.PrepareFixedFdInstall(4, FixedFdNoCloexec) },
	"ProvideBuffers":    func(e *SQE) { e.PrepareProvideBuffers(uintptr(fake(0x20)), 4096, 8, 3, 100) },
	"RemoveBuffers":     func(e *SQE) { e.PrepareRemoveBuffers(8, 3) },
	"MsgRing":           func(e *SQE) { e.PrepareMsgRing(11, 12, 0xfedcba9876543210, 1) },
	"MsgRingCqeFlags":   func(e *SQE) { e.PrepareMsgRingCqeFlags(11, 12, 13, 1, 0x80000001) },
	"MsgRingFd":         func(e *SQE) { e.PrepareMsgRingFd(11, 12, 13, 14, 1) },
	"MsgRingFdAlloc":    func(e *SQE) { e.PrepareMsgRingFdAlloc(11, 12, 14, 1) },
	"UringCmd":          func(e *SQE) { e.PrepareUringCmd(0x55667788, 5) },
	"Socket":            func(e *SQE) { e.PrepareSocket(2, 1, 6, 3) },
	"SocketDirect":      func(e *SQE) { e.PrepareSocketDirect(2, 1, 6, 8, 3) },
	"SocketDirectAlloc": func(e *SQE) { e.PrepareSocketDirectAlloc(2, 1, 6, 3) },
	"Bind":              func(e *SQE) { e.PrepareBind(5, fake(0x30), 28) },
	"Listen":            func(e *SQE) { e.PrepareListen(5, 128) },
	"Connect":           func(e *SQE) { e.PrepareConnect(5, fake(0x30), 28) },
	"Accept":            func(e *SQE) { e.PrepareAccept(5, uintptr(fake(0x30)), uint64(uintptr(fake(0x40))), 0x80800) },
	"AcceptDirect":      func(e *SQE) { e.PrepareAcceptDirect(5, uintptr(fake(0x30)), uint64(uintptr(fake(0x40))), 0x80800, 6) },
	"AcceptDirectAlloc": func(e *SQE) {
		e.PrepareAcceptDirect(5, uintptr(fake(0x30)), uint64(uintptr(fake(0x40))), 0x80800, FileIndexAlloc)
	},
	"MultishotAccept": func(e *SQE) { e.PrepareMultishotAccept(5, uintptr(fake(0x30)), uint64(uintptr(fake(0x40))), 0x80800) },
	"MultishotAcceptDirect": func(e *SQE) {
		e.PrepareMultishotAcceptDirect(5, uintptr(fake(0x30)), uint64(uintptr(fake(0x40))), 0x80800)
	},
	"Recv":             func(e *SQE) { e.PrepareRecv(5, uintptr(fake(0x50)), 4096, 0x40) },
	"RecvMultishot":    func(e *SQE) { e.PrepareRecvMultishot(5, 0, 0, 0x40) },
	"RecvMsg":          func(e *SQE) { e.PrepareRecvMsg(5, fakeOf[syscall.Msghdr](0x60), 0x40) },
	"RecvMsgMultishot": func(e *SQE) { e.PrepareRecvMsgMultishot(5, fakeOf[syscall.Msghdr](0x60), 0x40) },
	"Send":             func(e *SQE) { e.PrepareSend(5, uintptr(fake(0x50)), 4096, 0x4100) },
	"SendBundle":       func(e *SQE) { e.PrepareSendBundle(5, 4096, 0x4100) },
	"Sendto":           func(e *SQE) { e.PrepareSendto(5, uintptr(fake(0x50)), 4096, 0x4100, fake(0x30), 28) },
	"SendZC":           func(e *SQE) { e.PrepareSendZC(5, uintptr(fake(0x50)), 4096, 0x4100, 8) },
	"SendZCFixed":      func(e *SQE) { e.PrepareSendZCFixed(5, uintptr(fake(0x50)), 4096, 0x4100, 8, 2) },
	"SendMsg":          func(e *SQE) { e.PrepareSendMsg(5, fakeOf[syscall.Msghdr](0x60), 0x4100) },
	"SendMsgZC":        func(e *SQE) { e.PrepareSendMsgZC(5, fakeOf[syscall.Msghdr](0x60), 0x4100) },
	"SendMsgZCFixed":   func(e *SQE) { e.PrepareSendMsgZCFixed(5, fakeOf[syscall.Msghdr](0x60), 0x4100, 2) },
	"Shutdown":         func(e *SQE) { e.PrepareShutdown(5, 2) },
	"CmdSock":          func(e *SQE) { e.PrepareCmdSock(SocketUringOpSetsockopt, 5, 1, 2, fake(0x70), 4) },
	"CmdGetsockname":   func(e *SQE) { e.PrepareCmdGetsockname(5, fake(0x30), fakeOf[uint32](0x40), 1) },
	"PollAdd":          func(e *SQE) { e.PreparePollAdd(5, 0x10002001) },
	"PollMultishot":    func(e *SQE) { e.PreparePollMultishot(5, 0x2001) },
	"PollRemove":       func(e *SQE) { e.PreparePollRemove(0x1234567890abcdef) },
	"PollUpdate":       func(e *SQE) { e.PreparePollUpdate(1, 2, 0x2001, PollUpdateEvents) },
	"EpollCtl":         func(e *SQE) { e.PrepareEpollCtl(5, 6, 1, fake(0x80)) },
	"EpollWait":        func(e *SQE) { e.PrepareEpollWait(5, fake(0x80), 16, 0) },
	"Timeout":          func(e *SQE) { e.PrepareTimeout(fakeOf[KernelTimespec](0x90), 3, TimeoutAbs) },
	"TimeoutRemove":    func(e *SQE) { e.PrepareTimeoutRemove(77, 0) },
	"TimeoutUpdate":    func(e *SQE) { e.PrepareTimeoutUpdate(fakeOf[KernelTimespec](0x90), 77, TimeoutAbs) },
	"LinkTimeout":      func(e *SQE) { e.PrepareLinkTimeout(fakeOf[KernelTimespec](0x90), TimeoutBoottime) },
	"FutexWait":        func(e *SQE) { e.PrepareFutexWait(fakeOf[uint32](0xa0), 1, 0xffffffff, 0x82, 0) },
	"FutexWake":        func(e *SQE) { e.PrepareFutexWake(fakeOf[uint32](0xa0), 1, 0xffffffff, 0x82, 0) },
	"FutexWaitv":       func(e *SQE) { e.PrepareFutexWaitv(fake(0xa0), 2, 0) },
	"Waitid":           func(e *SQE) { e.PrepareWaitid(1, 4242, fake(0xb0), 4, 0) },
	"Read":             func(e *SQE) { e.PrepareRead(5, uintptr(fake(0x50)), 4096, 1<<40) },
	"ReadMultishot":    func(e *SQE) { e.PrepareReadMultishot(5, 100, ^uint64(0), 3) },
	"ReadFixed":        func(e *SQE) { e.PrepareReadFixed(5, uintptr(fake(0x50)), 4096, 512, 2) },
	"Readv":            func(e *SQE) { e.PrepareReadv(5, uintptr(fake(0xc0)), 3, 512) },
	"Readv2":           func(e *SQE) { e.PrepareReadv2(5, uintptr(fake(0xc0)), 3, 512, 8) },
	"ReadvFixed":       func(e *SQE) { e.PrepareReadvFixed(5, uintptr(fake(0xc0)), 3, 512, 8, 2) },
	"Write":            func(e *SQE) { e.PrepareWrite(5, uintptr(fake(0x50)), 4096, 1<<40) },
	"WriteFixed":       func(e *SQE) { e.PrepareWriteFixed(5, uintptr(fake(0x50)), 4096, 512, 2) },
	"Writev":           func(e *SQE) { e.PrepareWritev(5, uintptr(fake(0xc0)), 3, 512) },
	"Writev2":          func(e *SQE) { e.PrepareWritev2(5, uintptr(fake(0xc0)), 3, 512, 8) },
	"WritevFixed":      func(e *SQE) { e.PrepareWritevFixed(5, uintptr(fake(0xc0)), 3, 512, 8, 2) },
	"Fsync":            func(e *SQE) { e.PrepareFsync(5, FsyncDatasync) },
	"SyncFileRange":    func(e *SQE) { e.PrepareSyncFileRange(5, 4096, 512, 7) },
	"Fallocate":        func(e *SQE) { e.PrepareFallocate(5, 1, 512, 1<<33) },
	"Ftruncate":        func(e *SQE) { e.PrepareFtruncate(5, 1<<33) },
	"Fadvise":          func(e *SQE) { e.PrepareFadvise(5, 512, 4096, 3) },
	"Madvise":          func(e *SQE) { e.PrepareMadvise(uintptr(fake(0x1000)), 4096, 4) },
	"Fadvise64":        func(e *SQE) { e.PrepareFadvise64(5, 512, 1<<33, 3) },
	"Madvise64":        func(e *SQE) { e.PrepareMadvise64(uintptr(fake(0x1000)), 1<<33, 4) },
	"Splice":           func(e *SQE) { e.PrepareSplice(5, -1, 6, 512, 4096, SpliceFFdInFixed) },
	"Tee":              func(e *SQE) { e.PrepareTee(5, 6, 4096, 1) },
	"Pipe":             func(e *SQE) { e.PreparePipe(fakeOf[[2]int32](0xd0), 0x80800) },
	"PipeDirect":       func(e *SQE) { e.PreparePipeDirect(fakeOf[[2]int32](0xd0), 0, 4) },
	"Statx": func(e *SQE) {
		e.PrepareStatx(unix.AT_FDCWD, fakeOf[byte](0xe0), 0x1000, 0x7ff, fakeOf[unix.Statx_t](0xf0))
	},
	"Open":          func(e *SQE) { e.PrepareOpen(fakeOf[byte](0xe0), 0x80002, 0o644) },
	"OpenDirect":    func(e *SQE) { e.PrepareOpenDirect(fakeOf[byte](0xe0), 2, 0o644, 4) },
	"Openat":        func(e *SQE) { e.PrepareOpenat(5, fakeOf[byte](0xe0), 0x80002, 0o644) },
	"OpenatDirect":  func(e *SQE) { e.PrepareOpenatDirect(5, fakeOf[byte](0xe0), 2, 0o644, FileIndexAlloc) },
	"Openat2":       func(e *SQE) { e.PrepareOpenat2(5, fakeOf[byte](0xe0), fakeOf[unix.OpenHow](0xf0)) },
	"Openat2Direct": func(e *SQE) { e.PrepareOpenat2Direct(5, fakeOf[byte](0xe0), fakeOf[unix.OpenHow](0xf0), 4) },
	"Mkdir":         func(e *SQE) { e.PrepareMkdir(fakeOf[byte](0xe0), 0o755) },
	"Mkdirat":       func(e *SQE) { e.PrepareMkdirat(5, fakeOf[byte](0xe0), 0o755) },
	"Unlink":        func(e *SQE) { e.PrepareUnlink(fakeOf[byte](0xe0), 0x200) },
	"Unlinkat":      func(e *SQE) { e.PrepareUnlinkat(5, fakeOf[byte](0xe0), 0x200) },
	"Rename":        func(e *SQE) { e.PrepareRename(fakeOf[byte](0xe0), fakeOf[byte](0xe8)) },
	"Renameat":      func(e *SQE) { e.PrepareRenameat(5, fakeOf[byte](0xe0), 6, fakeOf[byte](0xe8), 1) },
	"Link":          func(e *SQE) { e.PrepareLink(fakeOf[byte](0xe0), fakeOf[byte](0xe8), 0x400) },
	"Linkat":        func(e *SQE) { e.PrepareLinkat(5, fakeOf[byte](0xe0), 6, fakeOf[byte](0xe8), 0x400) },
	"Symlink":       func(e *SQE) { e.PrepareSymlink(fakeOf[byte](0xe0), fakeOf[byte](0xe8)) },
	"Symlinkat":     func(e *SQE) { e.PrepareSymlinkat(fakeOf[byte](0xe0), 6, fakeOf[byte](0xe8)) },
	"Getxattr":      func(e *SQE) { e.PrepareGetxattr(fakeOf[byte](0xe0), fake(0x50), fakeOf[byte](0xe8), 64) },
	"Setxattr":      func(e *SQE) { e.PrepareSetxattr(fakeOf[byte](0xe0), fake(0x50), fakeOf[byte](0xe8), 1, 64) },
	"Fgetxattr":     func(e *SQE) { e.PrepareFgetxattr(5, fakeOf[byte](0xe0), fake(0x50), 64) },
	"Fsetxattr":     func(e *SQE) { e.PrepareFsetxattr(5, fakeOf[byte](0xe0), fake(0x50), 1, 64) },
}

// Every Prepare method writes what liburing's helper of that name writes.
func TestPrepareLikeLiburing(t *testing.T) {
	if bigEndian {
		t.Skip("prep.txt was written on a little-endian machine")
	}
	f, err := os.Open("testdata/prep.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := 0
	for sc := bufio.NewScanner(f); sc.Scan(); lines++ {
		name, want, _ := strings.Cut(sc.Text(), " ")
		prepare := prepared[name]
		if prepare == nil {
			t.Errorf("%s is not tested", name)
			continue
		}
		var e SQE
		prepare(&e)
		got := fmt.Sprintf("%x %x %x %x %x %x %x %x %x %x %x %x %x", e.OpCode, e.Flags, e.IoPrio, uint32(e.Fd), e.Off, e.Addr, e.Len,
			e.OpcodeFlags, e.BufIG, e.Personality, uint32(e.SpliceFdIn), e.Addr3, e.Pad2)
		if got != want {
			t.Errorf("Prepare%s\n got %s\nwant %s", name, got, want)
		}
	}
	if lines != len(prepared) {
		t.Errorf("%d lines for %d methods", lines, len(prepared))
	}
}

// prepareMethods are all methods that prepare a whole entry.
func prepareMethods() []reflect.Method {
	var ms []reflect.Method
	typ := reflect.TypeFor[*SQE]()
	for i := range typ.NumMethod() {
		if m := typ.Method(i); strings.HasPrefix(m.Name, "Prepare") && m.Name != "PrepareSendSetAddr" {
			ms = append(ms, m)
		}
	}
	return ms
}

// No Prepare method may be forgotten by the comparison above.
func TestPrepareAllTested(t *testing.T) {
	for _, m := range prepareMethods() {
		if prepared[strings.TrimPrefix(m.Name, "Prepare")] == nil {
			t.Errorf("%s has no line in testdata/prep.txt", m.Name)
		}
	}
}

// fill makes an argument of every sort that Prepare methods take.
func fill(t testing.TB, typ reflect.Type, word uint64) reflect.Value {
	v := reflect.New(typ).Elem()
	switch {
	case v.CanInt():
		v.SetInt(int64(word))
	case v.CanUint():
		v.SetUint(word)
	case typ.Kind() == reflect.Pointer:
		v.Set(reflect.New(typ.Elem()))
	case typ.Kind() == reflect.UnsafePointer:
		v.SetPointer(unsafe.Pointer(new(uint64)))
	default:
		t.Fatalf("no argument for %v", typ)
	}
	return v
}

// checkReset prepares a clean and a dirty entry by every method with the same
// arguments: no old byte may show through.
func checkReset(t testing.TB, dirt byte, word uint64) {
	for _, m := range prepareMethods() {
		var clean, dirty SQE
		raw := unsafe.Slice((*byte)(unsafe.Pointer(&dirty)), unsafe.Sizeof(dirty))
		copy(raw, bytes.Repeat([]byte{dirt}, len(raw)))
		var args []reflect.Value
		for i := 1; i < m.Type.NumIn(); i++ {
			args = append(args, fill(t, m.Type.In(i), word>>i))
		}
		m.Func.Call(append([]reflect.Value{reflect.ValueOf(&clean)}, args...))
		m.Func.Call(append([]reflect.Value{reflect.ValueOf(&dirty)}, args...))
		if clean != dirty {
			t.Errorf("%s leaves old bytes:\nclean %+v\ndirty %+v", m.Name, clean, dirty)
		}
	}
}

func TestPrepareResets(t *testing.T) {
	checkReset(t, 0xff, 0)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		checkReset(t, byte(rnd.Uint32())|1, rnd.Uint64())
	}
}

func FuzzPrepareResets(f *testing.F) {
	f.Add(byte(0xff), ^uint64(0))
	f.Fuzz(func(t *testing.T, dirt byte, word uint64) { checkReset(t, dirt, word) })
}

func TestSetters(t *testing.T) {
	var e SQE
	e.PrepareRecvMultishot(3, 0, 0, 0)
	e.SetData64(1 << 63)
	e.SetFlags(SQEIOLink)
	e.SetBufferGroup(513)
	want := SQE{OpCode: OpRecv, Flags: SQEIOLink | SQEBufferSelect, IoPrio: RecvMultishot, Fd: 3, UserData: 1 << 63, BufIG: 513}
	if e != want {
		t.Errorf("got %+v\nwant %+v", e, want)
	}
}

// A slot counts from 1 in the ABI, but for the two values that mean themselves.
func TestTargetFixedFile(t *testing.T) {
	for in, want := range map[uint32]uint32{0: 1, 5: 6, FileIndexAlloc: FileIndexAlloc, FileIndexAlloc - 1: FileIndexAlloc} {
		var e SQE
		e.setTargetFixedFile(in)
		if got := uint32(e.SpliceFdIn); got != want {
			t.Errorf("slot %#x is %#x, want %#x", in, got, want)
		}
	}
}

func TestPollMask32(t *testing.T) {
	want := uint32(0x12345678)
	if bigEndian {
		want = 0x56781234
	}
	if got := pollMask32(0x12345678); got != want {
		t.Errorf("got %#x, want %#x", got, want)
	}
}
