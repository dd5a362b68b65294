//go:build linux

package ring

import (
	"syscall"
	"unsafe"
)

// Recvmsg is a message as a multishot recvmsg puts it into a provided buffer:
// its parts are slices of that buffer, valid until it is recycled. Name holds a
// struct sockaddr, Control control messages.
type Recvmsg struct {
	Name, Control, Payload []byte
	Flags                  uint32 // MSG_TRUNC, MSG_CTRUNC …

	// What the peer sent, which the parts above are cut to.
	FullName, FullControl, FullPayload int
}

// ParseRecvmsg reads what [BufRing.Take] returned for a request prepared with
// PrepareRecvMsgMultishot; msg is the request's. The buffer is laid out by the
// room that msg asked for, whatever came: a RecvmsgOut, Namelen bytes,
// Controllen bytes, the payload. false means that p is too short for that.
func ParseRecvmsg(p []byte, msg *syscall.Msghdr) (m Recvmsg, ok bool) {
	const head = int(unsafe.Sizeof(RecvmsgOut{}))
	name, control := uint64(msg.Namelen), uint64(msg.Controllen)
	if len(p) < head || name > uint64(len(p)-head) || control > uint64(len(p)-head)-name {
		return Recvmsg{}, false
	}
	var out RecvmsgOut
	copy(unsafe.Slice((*byte)(unsafe.Pointer(&out)), head), p) // p need not be aligned
	p = p[head:]
	return Recvmsg{
		Name:        p[:min(uint64(out.Namelen), name)],
		Control:     p[name : name+min(uint64(out.ControlLen), control)],
		Payload:     p[name+control:],
		Flags:       out.Flags,
		FullName:    int(out.Namelen),
		FullControl: int(out.ControlLen),
		FullPayload: int(out.PayloadLen),
	}, true
}
