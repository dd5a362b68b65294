//go:build linux

package ring

import (
	"fmt"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringwire/ringwire/internal/flight"
)

// Record is one of the last entries that went through a ring, see Config.Records. Addresses and the
// bytes behind them are not among what is remembered.
type Record struct {
	Seq        uint64        // counts the ring's records, from 1; a gap is what was overwritten while it was read
	Age        time.Duration // since the enter before it; on a Loop's ring, since the beginning of its turn
	Completion bool          // a completion, else a submission

	UserData uint64

	// Of a submission.

	OpCode uint8 // Op…
	Flags  uint8 // SQE…
	IoPrio uint16
	Fd     int32
	Len    uint32

	// Of a completion.

	Res      int32
	CQEFlags uint32 // CQEF…
}

// Code of an entry that is a completion; below are the operations of submissions.
const codeCompletion = 0xff

// Records returns the last submissions and completions, oldest first, and how many there have
// been in all. Any goroutine may call it at any time, also while the ring's own one is in use or
// hangs.
func (r *Ring) Records() (list []Record, total uint64) {
	if !r.log.Keeps() {
		return nil, 0
	}
	entries, total := r.log.Entries()
	now := r.log.Clock()
	list = make([]Record, len(entries))
	for i := range entries {
		list[i] = recordOf(&entries[i], now)
	}
	return list, total
}

func recordOf(e *flight.Entry, now int64) Record {
	r := Record{Seq: e.Seq, Age: time.Duration(now - e.At), UserData: e.User}
	if e.Code == codeCompletion {
		r.Completion, r.Res, r.CQEFlags = true, int32(e.A), e.B
		return r
	}
	r.OpCode, r.Flags, r.IoPrio, r.Fd, r.Len = e.Code, e.Flags, e.Aux, int32(e.A), e.B
	return r
}

// String is the record on one line, with the names of operations, flags and errors.
func (r Record) String() string {
	if !r.Completion {
		return fmt.Sprintf("%d sqe %s fd=%d len=%d user_data=%#x%s", r.Seq, OpName(r.OpCode), r.Fd, r.Len, r.UserData, prefixed(r.flagNames()))
	}
	res := fmt.Sprint(r.Res)
	if r.Res < 0 {
		res = r.errName()
	}
	return fmt.Sprintf("%d cqe user_data=%#x res=%s%s", r.Seq, r.UserData, res, prefixed(r.flagNames()))
}

func prefixed(flags string) string {
	if flags == "" {
		return ""
	}
	return " " + flags
}

// errName is a failed completion's errno, "" if it did not fail.
func (r *Record) errName() string {
	if r.Res >= 0 {
		return ""
	}
	if name := unix.ErrnoName(unix.Errno(-r.Res)); name != "" {
		return name
	}
	return fmt.Sprintf("errno %d", -r.Res)
}

// flagNames are the names of what is set, joined by "|".
func (r *Record) flagNames() string {
	var names []string
	if r.Completion {
		names = appendNames(names, cqeFlagNames[:], uint64(r.CQEFlags))
		if r.CQEFlags&CQEFBuffer != 0 {
			names[0] = fmt.Sprintf("BUFFER(%d)", r.CQEFlags>>CQEBufferShift)
		}
		return strings.Join(names, "|")
	}
	names = appendNames(names, sqeFlagNames[:], uint64(r.Flags))
	switch r.OpCode {
	case OpAccept:
		names = appendNames(names, acceptFlagNames[:], uint64(r.IoPrio))
	case OpSend, OpSendmsg, OpSendZC, OpSendMsgZC, OpRecv, OpRecvmsg:
		names = appendNames(names, recvsendFlagNames[:], uint64(r.IoPrio))
	}
	return strings.Join(names, "|")
}

// noteSQEs remembers what goes to the kernel next.
func (r *Ring) noteSQEs() {
	log := r.log
	for i := r.sqNoted; i != r.sqTailLocal; i++ {
		e := (*SQE)(unsafe.Add(r.sqes, uintptr(i&r.sqMask)*unsafe.Sizeof(SQE{})))
		log.Put(flight.Head(e.OpCode, e.Flags, e.IoPrio), e.UserData, flight.Size(uint32(e.Fd), e.Len))
	}
	r.sqNoted = r.sqTailLocal
	log.Done()
}

// noteCQEs remembers the n oldest completions, unless that has been done.
func (r *Ring) noteCQEs(n uint32) {
	end := r.cqHeadLocal + n
	if fresh := end - r.cqNoted; fresh == 0 || fresh > n {
		return
	}
	log := r.log
	for i := r.cqNoted; i != end; i++ {
		c := (*CQE)(unsafe.Add(r.cqes, uintptr(i&r.cqMask)*unsafe.Sizeof(CQE{})))
		log.Put(codeCompletion, c.UserData, flight.Size(uint32(c.Res), c.Flags))
	}
	r.cqNoted = end
	log.Done()
}
