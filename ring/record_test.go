//go:build linux

package ring

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// recording makes a ring that remembers n records, on this goroutine's thread.
func recording(t *testing.T, n int) *Ring {
	t.Helper()
	runtime.LockOSThread()
	t.Cleanup(runtime.UnlockOSThread)
	r, err := New(Config{Entries: 8, Records: n})
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// What was submitted and completed can be read, field by field, before and after the completion
// is taken, once.
func TestRecords(t *testing.T) {
	if err := Available(); err != nil {
		t.Skip(err) // RecvsendPollFirst is of 5.19
	}
	r := recording(t, 16)
	a, b := pair(t)
	buf := make([]byte, 5)
	sqe := r.GetSQE()
	sqe.PrepareSend(a, uintptr(addrOf(&buf[0])), 5, unix.MSG_WAITALL)
	sqe.IoPrio, sqe.UserData = RecvsendPollFirst, 0x1234
	if list, total := r.Records(); len(list) != 0 || total != 0 {
		t.Errorf("%v, %d: it is not yet the kernel's", list, total)
	}
	before := time.Now()
	complete(t, r)
	sqe = r.GetSQE()
	sqe.PrepareRecv(b, uintptr(addrOf(&buf[0])), 5, unix.MSG_DONTWAIT)
	sqe.Flags, sqe.UserData = SQEAsync, 7
	complete(t, r)
	sqe = r.GetSQE()
	sqe.PrepareRecv(-1, uintptr(addrOf(&buf[0])), 5, 0)
	complete(t, r)
	runtime.KeepAlive(buf)

	list, total := r.Records()
	want := []string{
		"1 sqe SEND fd=" + strconv.Itoa(a) + " len=5 user_data=0x1234 POLL_FIRST",
		"2 cqe user_data=0x1234 res=5",
		"3 sqe RECV fd=" + strconv.Itoa(b) + " len=5 user_data=0x7 ASYNC",
		"4 cqe user_data=0x7 res=5",
		"5 sqe RECV fd=-1 len=5 user_data=0x0",
		"6 cqe user_data=0x0 res=EBADF",
	}
	if len(list) != len(want) || total != uint64(len(want)) {
		t.Fatalf("%d of %d records, want %d: %v", len(list), total, len(want), list)
	}
	for i, rec := range list {
		// A socket that had more to read would say so.
		if got := strings.TrimSuffix(rec.String(), " SOCK_NONEMPTY"); got != want[i] {
			t.Errorf("got  %s\nwant %s", got, want[i])
		}
		if rec.Age < 0 || i > 0 && rec.Age > time.Since(before)+time.Millisecond {
			t.Errorf("%s: %v ago, it began %v ago", rec, rec.Age, time.Since(before))
		}
	}
}

// The last ones are kept, however often both queues and the records have wrapped.
func TestRecordsWrap(t *testing.T) {
	r := recording(t, 10) // 16
	const n = 1000
	for i := range uint64(n) {
		sqe := r.GetSQE()
		sqe.PrepareNop()
		sqe.UserData = i
		complete(t, r)
	}
	list, total := r.Records()
	if len(list) != 16 || total != 2*n {
		t.Fatalf("%d of %d records, want 16 of %d", len(list), total, 2*n)
	}
	for i, rec := range list {
		if want := uint64(n - 8 + i/2); rec.UserData != want || rec.Completion != (i%2 == 1) || rec.Seq != uint64(2*n-15+i) {
			t.Errorf("%d: %+v, want user data %d", i, rec, want)
		}
	}
}

// By default a ring remembers nothing, and has no memory for it.
func TestRecordsOff(t *testing.T) {
	r := recording(t, 0)
	r.GetSQE().PrepareNop()
	complete(t, r)
	if list, total := r.Records(); list != nil || total != 0 || r.log != nil {
		t.Errorf("%v, %d", list, total)
	}
}

// After Close what was remembered is still there, and a late caller finds a ring that is empty.
func TestRecordsAfterClose(t *testing.T) {
	r := recording(t, 16)
	r.GetSQE().PrepareNop()
	complete(t, r)
	_ = r.Close()
	if sqe := r.GetSQE(); sqe != nil || r.Ready() != 0 {
		t.Errorf("%v, %d", sqe, r.Ready())
	}
	_, _ = r.Submit()
	if list, _ := r.Records(); len(list) != 2 {
		t.Errorf("%v", list)
	}
}

// Anybody may read while the ring is in use. With -race.
func TestRecordsConcurrently(t *testing.T) {
	r := recording(t, 32)
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				list, _ := r.Records()
				for _, rec := range list {
					if !rec.Completion && rec.OpCode != OpNop || rec.Completion && rec.Res != 0 || rec.UserData>>8 != 0xabc {
						t.Errorf("%+v", rec)
						return
					}
				}
			}
		})
	}
	for i := range 5000 {
		sqe := r.GetSQE()
		sqe.PrepareNop()
		sqe.UserData = 0xabc00 | uint64(i&0xff)
		complete(t, r)
	}
	close(done)
	readers.Wait()
}

func TestRecordsAllocs(t *testing.T) {
	r := recording(t, 64)
	if n := testing.AllocsPerRun(500, func() {
		r.GetSQE().PrepareNop()
		_, _ = r.SubmitAndWait(1)
		r.Advance(1)
	}); n != 0 {
		t.Errorf("%v allocations for a request that is remembered", n)
	}
}

// Every operation has the name that the kernel's header gives it.
func TestOpNames(t *testing.T) {
	text, err := os.ReadFile("testdata/abi.txt")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		name, ok := strings.CutPrefix(name, "IORING_OP_")
		if n, err := strconv.Atoi(value); ok && err == nil && n < int(OpLast) {
			found++
			if got := strings.ReplaceAll(OpName(uint8(n)), "_", ""); got != strings.ReplaceAll(name, "_", "") {
				t.Errorf("operation %d is %q, want %q", n, OpName(uint8(n)), name)
			}
		}
	}
	if found != int(OpLast) {
		t.Errorf("%d names were found to compare with, want %d", found, OpLast)
	}
	if got := OpName(200); got != "op 200" {
		t.Errorf("an operation of the future is %q", got)
	}
}

func TestFlagNames(t *testing.T) {
	for _, tc := range []struct {
		rec  Record
		want string
	}{
		{Record{}, ""},
		{Record{Flags: SQEFixedFile | SQECQESkipSuccess}, "FIXED_FILE|CQE_SKIP_SUCCESS"},
		{Record{OpCode: OpAccept, IoPrio: AcceptMultishot}, "MULTISHOT"},
		{Record{OpCode: OpRecv, IoPrio: RecvMultishot | RecvsendBundle, Flags: SQEBufferSelect}, "BUFFER_SELECT|MULTISHOT|BUNDLE"},
		{Record{OpCode: OpRead, IoPrio: 0xffff}, ""}, // a priority there
		{Record{Completion: true, CQEFlags: 5<<CQEBufferShift | CQEFBuffer | CQEFMore}, "BUFFER(5)|MORE"},
		{Record{Completion: true, CQEFlags: CQEFSockNonempty | CQEFNotif | CQEFBufMore | CQEFSkip}, "SOCK_NONEMPTY|NOTIF|BUF_MORE|SKIP"},
	} {
		if got := tc.rec.flagNames(); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.rec, got, tc.want)
		}
	}
	if got := (&Record{Completion: true, Res: -1000}).errName(); got != "errno 1000" {
		t.Errorf("an error without a name is %q", got)
	}
}
